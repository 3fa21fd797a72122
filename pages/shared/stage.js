// The paths over the picture: an SVG over Plotly's axes, of which a frame changes a few attributes.

import { decode } from "./figure.js";

/**
 * @typedef {{name: string, color: string, shape: string, count: number, k: ArrayLike<number>, x: Float64Array,
 *            xPlus: Float64Array | null, step: Float32Array | null, slope: Float32Array | null, f: Float32Array,
 *            gradient: Float32Array, shifted: Float32Array | null, eta: number, rho: number | null, end: string,
 *            notes: {x: number, y: number, text: string, color: string, side: string}[]}} Track
 */

const SVG = "http://www.w3.org/2000/svg";
const FAR = 1e6; // pixels; farther out only the direction counts, and beyond 32-bit floats a path breaks
const STRIDE = 0.5; // pixels; nearer points of a path are one
const BEADS = 4; // pixels between the beads of a path
const SLOPE = 44; // pixels, half of a tangent
const MANY = 3; // runs; of more, only the first that looks ahead shows where it looks
const NEAR = 12; // pixels; a look ahead that is shorter is straight
const ABOVE = 24; // pixels above the hill over which a run looks
const STEEPEST = 60; // pixels of the arrow of the longest gradient
const STAR = [star(10), star(7)]; // pixels from the middle to a tip
/** How much of a step is drawn, from nothing but x on. */
export const STAGES = { uphill: 1, measure: 2, down: 3, all: 4 };

/** @param {any} playback @returns {Track[]} the tracks with their numbers decoded */
export function tracksOf(playback) {
  const most = Math.max(0, ...playback.tracks.map(({ count }) => count));
  const steps = (k) => (k ? decode(k) : Int32Array.from({ length: most }, (_, i) => i));
  return playback.tracks.map((track) => {
    const moved = (array) => array && Float64Array.from(decode(array), (v, i) => v + track.origin[i % 2]);
    const plain = (array) => array && decode(array);
    return {
      ...track,
      k: steps(track.k ?? playback.k).subarray(0, track.count),
      x: moved(track.x),
      xPlus: moved(track.xPlus),
      step: plain(track.step),
      slope: plain(track.slope),
      f: plain(track.f),
      gradient: plain(track.gradient),
      shifted: plain(track.shifted),
    };
  });
}

export class Stage {
  /** @param {HTMLElement} parent */
  constructor(parent) {
    this.under = element("svg", { class: "player-overlay", "aria-hidden": "true" }, parent);
    this.stars = ["filled", "hollow"].map((kind) => element("path", { class: `player-star-${kind}` }, this.under));
    // What stays while it plays, and what moves: layers of their own, so that a frame paints little.
    this.still = element("svg", { class: "player-overlay", "aria-hidden": "true" }, parent);
    this.moving = element("svg", { class: "player-overlay", "aria-hidden": "true" }, parent);
    this.notes = document.createElement("div");
    this.notes.className = "player-notes";
    this.notes.setAttribute("aria-hidden", "true");
    parent.append(this.notes);
    /** @type {Drawing[]} */
    this.drawings = [];
  }

  /** @param {Track[]} tracks @param {number} dim */
  load(tracks, dim) {
    const names = tracks.map((track) => track.name).join("|");
    if (names !== this.names) {
      this.names = names;
      this.still.replaceChildren();
      this.moving.replaceChildren();
      const trails = element("g", {}, this.moving); // all trails lie below all marks
      const marks = element("g", {}, this.moving);
      this.drawings = tracks.map(() => new Drawing(this.still, trails, marks));
    }
    this.notes.replaceChildren();
    const shown = tracks.findIndex(({ xPlus }) => xPlus);
    tracks.forEach((track, i) => this.drawings[i].load(track, dim, this.notes, tracks.length > MANY && i !== shown));
  }

  /**
   * Put everything to where the axes are.
   * @param {any} xaxis @param {any} yaxis
   * @param {{x: ArrayLike<number>, y: ArrayLike<number>}} [ground] the drawn f of one variable, over which a run looks
   */
  measure(xaxis, yaxis, ground) {
    const place = { left: xaxis._offset, top: yaxis._offset, width: xaxis._length, height: yaxis._length };
    for (const box of [this.under, this.still, this.moving, this.notes]) {
      for (const side in place) box.style[side] = `${place[side]}px`;
    }
    const hills = ground ? Array.from(ground.x, (x, i) => [xaxis.l2p(x), yaxis.l2p(ground.y[i])]) : [];
    for (const drawing of this.drawings) drawing.measure(xaxis, yaxis, hills);
    this.place();
  }

  /**
   * Draw stars, filled and hollow ones, while they move; none: they are in the figure again.
   * @param {number[][][]} points in the axes' coordinates @param {string} color @param {any} xaxis @param {any} yaxis
   */
  mark(points, color, xaxis, yaxis) {
    this.stars.forEach((path, i) => {
      const drawn = points[i].map(([x, y]) => `M${xaxis.d2p(x).toFixed(1)} ${yaxis.d2p(y).toFixed(1)}${STAR[i]}`);
      path.setAttribute("d", drawn.join(""));
      path.style.color = color;
    });
  }

  /** Put the notes beside their points: inside the axes, and above a note that is there already. */
  place() {
    if (!this.notes.childElementCount) return; // to ask for sizes makes the browser lay the page out
    const { clientWidth, clientHeight } = this.notes;
    const taken = [];
    for (const { track, labels, across, up, dim } of this.drawings) {
      track.notes.forEach((note, i) => {
        const [label, gap] = [labels[i], 14];
        const [w, h] = [label.offsetWidth, label.offsetHeight];
        let [left, top] = [across(note.x), up(note.y)];
        const seen = left >= 0 && left <= clientWidth && top >= 0 && top <= clientHeight;
        label.style.display = seen ? "" : "none";
        if (!seen) return;
        const level = dim === 1 ? h + 4 : h / 2; // over a curve a note stands above its point
        if (note.side === "left" || note.side === "right") top -= level;
        if (note.side === "left") left -= gap + w;
        if (note.side === "right") left += gap;
        if (note.side === "above" || note.side === "below") left -= w / 2;
        if (note.side === "above") top -= h + gap;
        if (note.side === "below") top += gap;
        left = Math.max(0, Math.min(clientWidth - w, left));
        top = Math.max(0, Math.min(clientHeight - h, top));
        for (const other of taken) {
          const apart = left > other.left + other.w || other.left > left + w || top > other.top + h || other.top > top + h;
          if (!apart) top = other.top - h - 3;
        }
        taken.push({ left, top, w });
        label.style.transform = `translate(${left}px, ${top}px)`;
      });
    }
  }

  /**
   * @param {(track: number) => number} position index of the point that each track is at
   * @param {number} stage how much of a step is drawn
   * @param {boolean} circle draw the circle of radius rho
   * @param {boolean} atEnd show the notes
   */
  paint(position, stage, circle, atEnd) {
    this.drawings.forEach((drawing, i) => drawing.paint(position(i), stage, circle));
    this.still.toggleAttribute("data-ahead", !atEnd); // a part of it is still to come
    this.notes.style.visibility = atEnd && stage === STAGES.all ? "visible" : "hidden";
  }
}

/** One track's marks. */
class Drawing {
  /** @param {SVGElement} paths @param {SVGElement} trails @param {SVGElement} marks */
  constructor(paths, trails, marks) {
    const path = (parent, name) => element("path", { class: `player-${name}`, fill: "none" }, parent);
    this.path = path(paths, "path");
    this.beads = path(paths, "beads");
    this.trail = path(trails, "trail");
    this.circle = element("ellipse", { class: "player-circle", fill: "none" }, marks);
    this.back = path(marks, "back");
    this.measured = path(marks, "measured");
    this.slope = path(marks, "slope");
    this.ahead = path(marks, "ahead");
    this.point = path(marks, "point");
  }

  /**
   * @param {Track} track @param {number} dim @param {HTMLElement} notes where labels go
   * @param {boolean} plain draw no look-ahead: one of many
   */
  load(track, dim, notes, plain) {
    this.track = track;
    this.x = null; // pixels, until it is measured
    this.plain = plain;
    this.dim = dim;
    for (const name of ["path", "beads", "trail", "circle", "back", "measured", "slope", "ahead"]) {
      this[name].setAttribute("stroke", track.color);
    }
    this.point.setAttribute("d", track.shape);
    this.point.setAttribute("fill", track.color);
    this.point.dataset.track = track.name;
    this.ahead.dataset.track = track.name;
    let steepest = 0;
    if (track.step && dim === 2) {
      for (let i = 0; i < track.count; i++) {
        const length = Math.hypot(track.step[2 * i], track.step[2 * i + 1]);
        if (length > steepest) steepest = length;
      }
    }
    this.steepest = steepest;
    this.labels = track.notes.map((note) => {
      const label = document.createElement("span");
      label.textContent = note.text;
      label.style.color = note.color;
      notes.append(label);
      return label;
    });
  }

  /** @param {any} xaxis @param {any} yaxis @param {number[][]} hills the drawn f, in pixels */
  measure(xaxis, yaxis, hills) {
    const { track } = this;
    this.hills = hills;
    this.unit = [xaxis._m, yaxis._m]; // pixels of a unit, with their sign
    const [left, bottom] = [xaxis.l2p(0), yaxis.l2p(0)];
    this.across = (v) => within(left + xaxis._m * v);
    this.up = (v) => within(bottom + yaxis._m * v);
    this.x = new Float64Array(track.x.length);
    for (let i = 0; i < track.x.length; i += 2) {
      this.x[i] = this.across(track.x[i]);
      this.x[i + 1] = this.up(track.x[i + 1]);
    }
    /** @type {Float64Array} length of the drawn path up to each point */
    this.travelled = new Float64Array(track.count);
    const line = [];
    const beads = [];
    let [px, py, bx, by, length] = [NaN, NaN, NaN, NaN, 0];
    for (let i = 0; i < track.count; i++) {
      const [x, y] = [this.x[2 * i], this.x[2 * i + 1]];
      const moved = Math.hypot(x - px, y - py);
      if (!(moved < STRIDE)) {
        if (i) length += moved;
        line.push(`${x.toFixed(1)} ${y.toFixed(1)}`);
        [px, py] = [x, y];
      }
      if (!(Math.hypot(x - bx, y - by) < BEADS)) {
        beads.push(`M${x.toFixed(1)} ${y.toFixed(1)}h0`);
        [bx, by] = [x, y];
      }
      this.travelled[i] = length;
    }
    const d = line.length ? `M${line.join("L")}` : "";
    this.length = length;
    this.path.setAttribute("d", d);
    this.trail.setAttribute("d", d);
    this.beads.setAttribute("d", beads.join(""));
  }

  /** @param {number} i @param {number} stage @param {boolean} circle */
  paint(i, stage, circle) {
    const { track, x } = this;
    const here = x && i >= 0 && i < track.count;
    this.point.style.display = here ? "" : "none";
    if (!here) return void this.clear();
    const [px, py] = [x[2 * i], x[2 * i + 1]];
    this.point.setAttribute("transform", `translate(${px} ${py})`);
    const travelled = this.travelled[i];
    this.trail.setAttribute("stroke-dasharray", `${travelled} ${this.length + 10}`);
    this.trail.style.display = travelled > 0 ? "" : "none";
    this.path.style.display = travelled < this.length ? "" : "none"; // the trail covers it
    if (!track.xPlus || this.plain || !Number.isFinite(track.xPlus[2 * i] + track.xPlus[2 * i + 1])) return void this.clear();
    const [qx, qy] = [this.across(track.xPlus[2 * i]), this.up(track.xPlus[2 * i + 1])];
    const look = () => (this.dim === 1 ? hop(px, py, qx, qy, this.hills) : arrow(px, py, qx, qy));
    this.ahead.setAttribute("d", stage >= STAGES.uphill ? look() : "");
    const round = circle && this.dim === 2;
    this.circle.style.display = round ? "" : "none";
    if (round) {
      const rho = track.rho ?? Math.hypot(...[0, 1].map((axis) => track.xPlus[2 * i + axis] - track.x[2 * i + axis]));
      const [rx, ry] = this.unit.map((unit) => Math.abs(unit) * rho);
      for (const [name, value] of Object.entries({ cx: px, cy: py, rx, ry })) this.circle.setAttribute(name, value);
    }
    const [ux, uy] = this.unit;
    if (this.dim === 1) {
      this.slope.setAttribute("d", tangent(px, py, ux, uy * track.slope[i]));
      this.measured.setAttribute("d", stage >= STAGES.measure ? tangent(qx, qy, ux, uy * track.step[i]) : "");
      this.back.setAttribute("d", stage >= STAGES.down ? tangent(px, py, ux, uy * track.step[i]) : "");
    } else {
      this.slope.setAttribute("d", ""); // the landscape before may have had one variable
      const [sx, sy] = [-track.step[2 * i] * ux, -track.step[2 * i + 1] * uy];
      const share = Math.cbrt(Math.hypot(track.step[2 * i], track.step[2 * i + 1]) / this.steepest);
      const scale = (STEEPEST * share) / Math.hypot(sx, sy) || 0;
      const drawn = (x, y) => (scale * Math.hypot(sx, sy) > 3 ? arrow(x, y, x + scale * sx, y + scale * sy) : "");
      this.measured.setAttribute("d", stage >= STAGES.measure ? drawn(qx, qy) : "");
      this.back.setAttribute("d", stage >= STAGES.down ? drawn(px, py) : "");
    }
  }

  clear() {
    for (const mark of [this.ahead, this.measured, this.back, this.slope]) mark.setAttribute("d", "");
    this.circle.style.display = "none";
  }
}

/** A star around the current point, as relative path data. @param {number} tip */
function star(tip) {
  const corner = (i) => {
    const r = i % 2 ? 0.4 * tip : tip;
    return [r * Math.sin((i * Math.PI) / 5), -r * Math.cos((i * Math.PI) / 5)];
  };
  const sides = Array.from({ length: 10 }, (_, i) => {
    const [[x, y], [toX, toY]] = [corner(i), corner(i + 1)];
    return `l${(toX - x).toFixed(2)} ${(toY - y).toFixed(2)}`;
  });
  return `m0 ${-tip}${sides.join("")}Z`;
}

/** @param {string} name @param {Record<string, string>} attributes @param {Element} parent @returns {SVGElement} */
export function element(name, attributes, parent) {
  const made = document.createElementNS(SVG, name);
  for (const attribute in attributes) made.setAttribute(attribute, attributes[attribute]);
  parent.append(made);
  return made;
}

/** @param {number} pixel */
function within(pixel) {
  return Math.max(-FAR, Math.min(FAR, pixel)) || 0;
}

/** A line with a head, as path data. @param {number} x @param {number} y @param {number} toX @param {number} toY */
function arrow(x, y, toX, toY) {
  const length = Math.hypot(toX - x, toY - y);
  if (!(length > 0)) return "";
  const head = Math.min(9, length / 2) / length;
  const [dx, dy] = [(toX - x) * head, (toY - y) * head];
  const wing = (side) => `${(toX - dx - side * dy * 0.6).toFixed(2)} ${(toY - dy + side * dx * 0.6).toFixed(2)}`;
  return `M${x.toFixed(2)} ${y.toFixed(2)}L${toX.toFixed(2)} ${toY.toFixed(2)}M${wing(1)}L${toX.toFixed(2)} ` +
    `${toY.toFixed(2)}L${wing(-1)}`;
}

/**
 * A bow with a head, as path data: up from one point of a curve, over what lies between, and down to another.
 * @param {number} x @param {number} y @param {number} toX @param {number} toY @param {number[][]} hills
 */
function hop(x, y, toX, toY, hills) {
  const wide = Math.abs(toX - x);
  if (wide < NEAR) return arrow(x, y, toX, toY);
  const clear = Math.min(ABOVE, wide / 3);
  let up = Math.min(y, toY) - clear; // the height of both control points of a cubic curve
  for (const [at, height] of hills) {
    const share = (at - x) / (toX - x);
    if (!(share > 0.02 && share < 0.98) || !Number.isFinite(height)) continue;
    const t = 0.5 - Math.sin(Math.asin(1 - 2 * share) / 3); // where the curve is above that place
    const weight = 3 * t * (1 - t);
    up = Math.min(up, (height - (1 - t) ** 3 * y - t ** 3 * toY) / weight - clear);
  }
  up = Math.max(up, (ABOVE / 2 - (y + toY) / 8) / 0.75); // not out of the picture
  const [from, to, top] = [x.toFixed(2), toX.toFixed(2), up.toFixed(2)];
  const wing = (side) => `${(toX + 5.4 * side).toFixed(2)} ${(toY - 9).toFixed(2)}`;
  const end = `${to} ${toY.toFixed(2)}`;
  return `M${from} ${y.toFixed(2)}C${from} ${top} ${to} ${top} ${end}M${wing(-1)}L${end}L${wing(1)}`;
}

/** A piece of a line through a point, as path data. @param {number} x @param {number} y @param {number} dx @param {number} dy */
function tangent(x, y, dx, dy) {
  const scale = SLOPE / Math.hypot(dx, dy);
  if (!Number.isFinite(scale)) return "";
  const [a, b] = [dx * scale, dy * scale];
  return `M${(x - a).toFixed(2)} ${(y - b).toFixed(2)}L${(x + a).toFixed(2)} ${(y + b).toFixed(2)}`;
}
