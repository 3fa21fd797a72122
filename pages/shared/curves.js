// Loss and gradients over the steps, with a cursor that is where the playback is; a click goes to its step.

import { clicked, filledIn, themed } from "./figure.js";
import { element } from "./stage.js";

const POINTS = 200; // of a curve while it moves

export class Curves {
  /** @param {HTMLElement} root the player @param {import("./controls.js").Controls} controls */
  constructor(root, controls) {
    this.controls = controls;
    this.box = document.createElement("details");
    this.box.className = "player-curves";
    this.box.innerHTML =
      '<summary>Curves over the steps</summary><div class="player-curves-room"><div class="player-curves-figure"></div></div>';
    const room = this.box.lastElementChild;
    this.figure = room.firstElementChild;
    this.svg = element("svg", { class: "player-cursors", "aria-hidden": "true" }, room);
    this.box.addEventListener("toggle", () => this.later?.());
    root.append(this.box);
  }

  /** Draw anew, once the landscape is on the screen. @param {any} picture @param {{width: number, narrow: boolean, ink: any, inks: string}} how */
  draw(picture, how) {
    this.box.hidden = !picture.curves;
    if (!picture.curves) return;
    const wanted = [picture.playback, picture.view, how.width, how.narrow, how.inks];
    if (this.wanted?.every((part, i) => part === wanted[i])) return;
    this.wanted = wanted;
    const folded = how.narrow || picture.curves.layout.meta.folded; // on a phone the controls come before them
    if (folded !== this.folded) this.box.open = !folded;
    this.folded = folded;
    this.box.toggleAttribute("data-folded", Boolean(folded)); // who can open them sees that they can
    this.later = () => {
      if (!this.box.open) return;
      this.later = undefined;
      this.react(picture, how);
    };
    cancelAnimationFrame(this.frame);
    const next = (then) => (this.frame = requestAnimationFrame(then));
    next(() => next(() => next(() => this.later?.()))); // the landscape's frame is not held up
  }

  react({ curves, view, playback }, { plotly, width, narrow, ink }) {
    this.plotly = plotly;
    const { data, layout } = filledIn(curves, ink);
    this.names = playback.tracks.map(({ name }) => name);
    for (const trace of data) {
      const [index, curve] = trace.meta;
      const { k = [], [curve]: values = [] } = this.track(this.controls.tracks, index) ?? {};
      Object.assign(trace, { x: k, y: values });
    }
    if (narrow) {
      for (const [part, change] of Object.entries(layout.meta.narrow)) {
        layout[part] = typeof change === "object" ? { ...layout[part], ...change } : change;
      }
    }
    this.figure.style.height = `${layout.height}px`;
    Object.assign(layout, { width, template: themed(layout.template, ink), uirevision: `view ${view}` });
    Object.assign(layout, { clickanywhere: true, dragmode: false });
    const config = { displayModeBar: false, doubleClick: false, showTips: false };
    const react = async () => plotly.react(this.figure, data, layout, config);
    react().catch(() => (this.box.hidden = true));
    if (!this.listening) this.listen();
  }

  /** @param {import("./stage.js").Track[]} tracks some of the picture's @param {number} index among all of these */
  track(tracks, index) {
    return tracks.find(({ name }) => name === this.names[index]);
  }

  listen() {
    this.listening = true;
    this.figure.on("plotly_click", ({ event }) => {
      if (event.type.startsWith("touch")) return; // a tap comes again as a mouse event
      for (const axes of Object.values(this.figure._fullLayout._plots)) {
        const at = clicked(this.figure, axes, event);
        if (at) this.controls.seek(at.x);
      }
    });
    this.figure.on("plotly_afterplot", () => {
      for (const svg of this.figure.querySelectorAll(".main-svg")) svg.setAttribute("aria-hidden", "true");
      const plots = Object.values(this.figure._fullLayout._plots);
      this.settle();
      this.svg.replaceChildren();
      this.cursors = plots.map(({ xaxis, yaxis }) => {
        const [top, bottom] = [yaxis._offset, yaxis._offset + yaxis._length];
        return { xaxis, line: element("path", { d: `M0 ${top}V${bottom}` }, this.svg) };
      });
      this.mark();
    });
  }

  /** Draw tracks that move over the axes as they are; Plotly's own come when they rest. @param {import("./stage.js").Track[]} tracks */
  preview(tracks) {
    if (!this.box.open || !this.cursors) return;
    this.moving ??= element("g", { fill: "none" }, this.svg);
    this.figure.toggleAttribute("data-behind", true);
    const layout = this.figure._fullLayout;
    const lines = this.figure._fullData.map(({ meta: [index, curve], line, xaxis, yaxis }) => {
      const { k, [curve]: values, count } = this.track(tracks, index) ?? {}; // of some rules only the server has tracks
      const [across, up] = [layout[xaxis.replace("x", "xaxis")], layout[yaxis.replace("y", "yaxis")]];
      const stride = Math.max(1, Math.floor(count / POINTS));
      const at = (i) => {
        const [x, y] = [across.d2p(k[i]), up.d2p(values[i])];
        if (!Number.isFinite(x + y)) return "";
        const inside = Math.max(0, Math.min(up._length, y));
        return `${(across._offset + Math.min(across._length, x)).toFixed(1)} ${(up._offset + inside).toFixed(1)}`;
      };
      const points = values ? Array.from({ length: Math.ceil(count / stride) }, (_, i) => at(i * stride)) : [];
      return { points: points.filter(Boolean), color: line.color, dashed: line.dash === "dot" };
    });
    while (this.moving.childElementCount < lines.length) element("path", {}, this.moving);
    lines.forEach(({ points, color, dashed }, i) => {
      const path = this.moving.children[i];
      path.setAttribute("d", points.length ? `M${points.join("L")}` : "");
      path.style.stroke = color;
      path.style.strokeDasharray = dashed ? "2 4" : "none";
    });
  }

  /** Plotly's are those that are asked for again. */
  settle() {
    this.moving?.remove();
    this.moving = undefined;
    this.figure.removeAttribute("data-behind");
  }

  /** Move the cursors to the current step. */
  mark() {
    if (!this.cursors) return;
    const k = this.controls.timeline[Math.floor(this.controls.now)] ?? 0;
    for (const { xaxis, line } of this.cursors) {
      line.setAttribute("transform", `translate(${xaxis._offset + xaxis.l2p(k)} 0)`);
    }
  }

  /** @param {boolean} hidden */
  hide(hidden) {
    this.box.style.display = hidden ? "none" : "";
  }

  remove() {
    cancelAnimationFrame(this.frame);
    this.plotly?.purge(this.figure);
  }
}
