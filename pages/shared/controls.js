// The clock and what sets it: play, step, scrub, speed, loop, keys; and what is read out.

import { number } from "./figure.js";
import { SAVE } from "./photo.js";

const RATE = 50; // steps a second at speed 1
const WHOLE = 10; // seconds that "fit" takes for all
const EVEN = 0.2; // share of them that goes by steps; the rest goes by distance, so that little of it passes at rest
const READOUT = 100; // milliseconds between readouts while playing
const ICONS = {
  play: "M4 2 14 8 4 14Z",
  pause: "M3 2H7V14H3ZM9 2H13V14H9Z",
  back: "M13 2 6 8 13 14ZM3 2H5V14H3Z",
  forth: "M3 2 10 8 3 14ZM11 2H13V14H11Z",
};
const icon = (name) => `<svg viewBox="0 0 16 16" aria-hidden="true"><path d="${ICONS[name]}"/></svg>`;

export class Controls {
  /** @param {HTMLElement} root the player @param {() => void} paint called at each new position */
  constructor(root, paint) {
    this.root = root;
    this.paint = paint;
    this.now = 0; // index into the timeline; while playing with a fraction
    this.bar = document.createElement("div");
    this.bar.className = "player-bar";
    this.bar.setAttribute("role", "group");
    this.bar.setAttribute("aria-label", "Playback");
    this.bar.innerHTML =
      `<button type="button" class="player-play" title="Space"></button>` +
      `<button type="button" class="player-back" aria-label="One step back" title="Arrow left">${icon("back")}</button>` +
      `<button type="button" class="player-forth" aria-label="One step on" title="Arrow right">${icon("forth")}</button>` +
      `<input type="range" class="player-scrub" min="0" step="1" aria-label="Step">` +
      `<output class="player-step"></output>` +
      `<label class="player-speed">Speed <select>` +
      [0.25, 0.5, 1, 2, 4].map((speed) => `<option value="${speed}">${speed} ×</option>`).join("") +
      `<option value="fit" selected>fit to ${WHOLE} s</option></select></label>` +
      `<button type="button" class="player-loop" aria-pressed="false">Loop</button>` +
      `<button type="button" class="player-ring" aria-pressed="false">Circle of radius ρ</button>` +
      `<button type="button" class="player-save">${SAVE}</button>`;
    this.readout = document.createElement("p");
    this.readout.className = "player-readout";
    this.live = document.createElement("p");
    this.live.className = "player-live";
    this.live.setAttribute("role", "status");
    root.append(this.bar, this.readout, this.live);
    const [play, back, forth, scrub, step, speed, loop, ring, save] = this.bar.children;
    Object.assign(this, { play, scrub, step, loop, ring, save, speed: speed.firstElementChild });
    play.addEventListener("click", () => (this.playing ? this.pause() : this.start()));
    back.addEventListener("click", () => this.go(Math.ceil(this.now) - 1));
    forth.addEventListener("click", () => this.go(Math.floor(this.now) + 1));
    scrub.addEventListener("input", () => this.go(Number(scrub.value)));
    loop.addEventListener("click", () => toggle(loop));
    ring.addEventListener("click", () => {
      toggle(ring);
      this.paint();
    });
    root.addEventListener("keydown", (event) => this.pressed(event));
    this.hidden = () => document.hidden && this.pause();
    this.tick = (time) => this.advance(time);
    this.button();
  }

  /**
   * Take new paths; who stood at the end stands at the new end.
   * @param {import("./stage.js").Track[]} tracks @param {any} playback @param {boolean} moving nobody is told yet
   */
  load(tracks, playback, moving = false) {
    const wasAtEnd = !this.timeline || this.atEnd;
    this.tracks = tracks;
    this.timeline = tracks.reduce((longest, { k }) => (last(k) > last(longest) ? k : longest), []);
    this.places = tracks.map(({ k }) => places(k, this.timeline));
    this.playback = playback;
    this.paced = undefined;
    const end = Math.max(0, this.timeline.length - 1);
    this.now = wasAtEnd && !this.playing ? end : Math.min(this.now, end);
    this.scrub.max = String(end);
    this.thinned = playback.thinned;
    this.ring.hidden = playback.dim !== 2 || !tracks.some(({ xPlus }) => xPlus);
    this.lines = tracks.map((track) => {
      const line = document.createElement("span");
      const dot = Object.assign(document.createElement("i"), { textContent: "● " });
      dot.style.color = track.color;
      const text = document.createTextNode("");
      line.append(dot, text);
      return { line, text };
    });
    const note = Object.assign(document.createElement("span"), { textContent: playback.thinned });
    this.readout.replaceChildren(...this.lines.map(({ line }) => line), ...(playback.thinned ? [note] : []));
    for (const control of this.bar.querySelectorAll("button, input, select")) control.disabled = end === 0;
    this.save.disabled = false;
    if (!moving) this.tellEnd();
    this.tell();
  }

  /** @param {number} track @returns {number} index of the point that the track is at; -1: it has none */
  position = (track) => this.places[track]?.[Math.floor(this.now)] ?? -1;

  /** When each entry of the timeline is reached. */
  get pace() {
    return (this.paced ??= pace(this.tracks, this.places, this.timeline.length, this.playback));
  }

  get atEnd() {
    return this.now >= this.timeline.length - 1;
  }

  get circle() {
    return this.ring.getAttribute("aria-pressed") === "true";
  }

  /** Go to an index of the timeline. @param {number} index */
  go(index) {
    this.pause();
    this.now = Math.max(0, Math.min(this.timeline.length - 1, index));
    this.show();
    clearTimeout(this.quiet);
    this.quiet = setTimeout(() => this.tellEnd(), 400); // a screen reader hears where one has come to rest
  }

  /** Go to the last shown step that is not after step k. @param {number} k */
  seek(k) {
    this.go(places(this.timeline, [Math.round(k)])[0]);
  }

  start() {
    if (this.timeline.length < 2 || this.playing) return;
    if (this.atEnd) this.now = 0;
    this.clock = undefined;
    this.playing = true;
    this.before = undefined;
    this.live.textContent = "";
    document.addEventListener("visibilitychange", this.hidden);
    this.frame = requestAnimationFrame(this.tick);
    this.button();
  }

  pause() {
    if (!this.playing) return;
    this.playing = false;
    cancelAnimationFrame(this.frame);
    document.removeEventListener("visibilitychange", this.hidden);
    this.now = Math.floor(this.now);
    this.button();
    this.tell();
    this.tellEnd();
  }

  /** @param {number} time of the frame, in milliseconds */
  advance(time) {
    if (!this.root.isConnected) return this.pause();
    const end = this.timeline.length - 1;
    const steps = last(this.timeline);
    const from = this.now;
    const passed = (time - (this.before ?? time)) / 1000;
    this.before = time;
    if (this.speed.value === "fit") {
      this.clock = (this.clock ?? this.pace[Math.floor(from)]) + passed / WHOLE;
      while (this.now < end && this.pace[Math.floor(this.now) + 1] <= this.clock) this.now = Math.floor(this.now) + 1;
    } else {
      this.clock = undefined;
      this.now += (passed * RATE * Number(this.speed.value) * end) / steps;
    }
    if (this.now >= end) {
      this.now = end;
      const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
      if (this.loop.getAttribute("aria-pressed") !== "true" || still) {
        this.show();
        return this.pause();
      }
      if (from >= end) {
        this.now = 0;
        this.clock = undefined;
      }
    }
    if (Math.floor(this.now) !== Math.floor(from) || from === 0) this.show(time);
    this.frame = requestAnimationFrame(this.tick);
  }

  /** @param {number} [time] while playing, of the frame */
  show(time) {
    this.paint();
    if (time !== undefined && time - (this.read ?? 0) < READOUT && this.read <= time) return;
    this.read = time;
    this.tell();
  }

  /** Write the step and its numbers. */
  tell() {
    const index = Math.floor(this.now);
    const k = this.timeline[index] ?? 0;
    const all = `${k.toLocaleString("en-US")} of ${last(this.timeline).toLocaleString("en-US")}`;
    this.scrub.value = String(index);
    this.scrub.setAttribute("aria-valuetext", `step ${all}`);
    this.step.textContent = `step ${all}`;
    this.tracks.forEach((track, i) => {
      const at = this.position(i);
      const { name, f, gradient, shifted } = track;
      this.lines[i].text.data =
        at < 0
          ? `${name}: ${track.end}`
          : `${name}: f = ${single(f[at])}, |∇f(x)| = ${single(gradient[at])}` +
            (shifted ? `, |∇f(x⁺)| = ${single(shifted[at])}` : "") +
            (at < track.count - 1 ? "" : track.left ? `. ${track.left}` : k > last(track.k) ? ". It ended before." : "");
    });
  }

  /** Tell a screen reader what happened, or where the playback stands. */
  tellEnd() {
    if (this.playing) return;
    const says = this.atEnd ? this.tracks.map(({ end }) => end).reverse() : [this.readout.textContent];
    if (!this.atEnd) says.unshift(`${this.step.textContent}.`);
    if (this.timeline.length < 2) says.push("There is nothing to play: the run has one point at most.");
    if (this.atEnd && this.thinned) says.push(this.thinned);
    const text = says.join(" ");
    if (this.live.textContent !== text) this.live.textContent = text;
    this.live.toggleAttribute("data-shown", this.timeline.length < 2);
  }

  /** @param {KeyboardEvent} event */
  pressed(event) {
    const on = event.target.closest("select, input, .player-handle");
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.target.closest("select")) return;
    const space = event.key === " " && !event.target.closest("button, a");
    const end = this.timeline.length - 1;
    const moves = { ArrowLeft: Math.ceil(this.now) - 1, ArrowRight: Math.floor(this.now) + 1, Home: 0, End: end };
    if (space) this.playing ? this.pause() : this.start();
    else if (!on && event.key in moves) this.go(moves[event.key]);
    else return;
    event.preventDefault();
  }

  button() {
    this.play.innerHTML = icon(this.playing ? "pause" : "play");
    this.play.setAttribute("aria-label", this.playing ? "Pause" : "Play");
  }

  /** @param {boolean} hidden */
  hide(hidden) {
    this.bar.hidden = this.readout.hidden = hidden;
  }
}

/** @param {HTMLElement} button */
function toggle(button) {
  button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
}

/**
 * Write a number that came in single precision; the largest ones are cut there.
 * @param {number} value @returns {string}
 */
function single(value) {
  return Math.abs(value) < 3.4e38 ? number(value) : `${value < 0 ? "below −" : "above "}3·10³⁸`;
}

/**
 * When each entry of the timeline is reached, from 0 to 1: partly by its number, partly by how far the paths have come
 * there, within the window and as a share of their way.
 * @param {import("./stage.js").Track[]} tracks @param {Int32Array[]} places @param {number} count
 * @param {{dim: number, window: number[][]}} playback
 */
function pace(tracks, places, count, { dim, window }) {
  const ways = tracks.map(({ x }, t) => {
    const at = (i, axis) => {
      const [low, high] = window[axis] ?? [-1, 1];
      return (Math.max(low, Math.min(high, x[2 * i + axis])) - low) / (high - low);
    };
    const way = new Float64Array(count);
    for (let i = 1; i < count; i++) {
      const [a, b] = [places[t][i - 1], places[t][i]];
      way[i] = way[i - 1] + (a < 0 || a === b ? 0 : Math.hypot(...Array.from({ length: dim }, (_, d) => at(b, d) - at(a, d))));
    }
    return way;
  });
  const moving = ways.filter((way) => way[count - 1] > 0);
  return Float64Array.from({ length: count }, (_, i) => {
    const even = i / Math.max(1, count - 1);
    const gone = moving.reduce((sum, way) => sum + way[i] / way[count - 1], 0) / moving.length;
    return moving.length ? EVEN * even + (1 - EVEN) * gone : even;
  });
}

/** @param {ArrayLike<number>} k */
function last(k) {
  return k.length ? k[k.length - 1] : -1;
}

/**
 * For each step the index of the last entry of k at or before it; -1 before the first.
 * @param {ArrayLike<number>} k @param {ArrayLike<number>} steps both ascending
 */
function places(k, steps) {
  const found = new Int32Array(steps.length);
  let at = -1;
  for (let i = 0; i < steps.length; i++) {
    while (at + 1 < k.length && k[at + 1] <= steps[i]) at++;
    found[i] = at;
  }
  return found;
}
