// The start of the paths: a button over the picture that is dragged, or moved by the arrow keys.

import { element } from "./stage.js";

const INTERVAL = 120; // milliseconds between requests while dragging
const REST = 250; // milliseconds without a new start, after which the last one is settled
const PATIENCE = 3000; // milliseconds after which a request without an answer is given up
const SHARE = 0.01; // of the window, by which an arrow key moves; with Shift a tenth

export class Handle {
  /** @param {HTMLElement} parent @param {(start: {x: number, y: number, number: number, settled: boolean}) => void} send */
  constructor(parent, send) {
    this.send = send;
    this.asked = 0;
    this.button = document.createElement("button");
    Object.assign(this.button, { type: "button", className: "player-handle" });
    parent.append(this.button);
    this.button.addEventListener("pointerdown", (event) => this.grab(event));
    this.button.addEventListener("pointermove", (event) => this.dragging && this.drag(event));
    for (const end of ["pointerup", "pointercancel"]) this.button.addEventListener(end, () => this.drop());
    this.button.addEventListener("keydown", (event) => this.pressed(event));
  }

  /**
   * @param {{start: number[] | null, window: number[][], quantum: number[], dim: number}} playback
   * @param {{startable?: boolean, settles?: boolean, heard?: number}} picture heard: the request that this answers
   */
  load(playback, { startable, settles, heard }) {
    Object.assign(this, { playback, startable, settles });
    if (heard === this.asked) {
      clearTimeout(this.waiting);
      this.waiting = undefined;
    }
    if (!this.waiting && !this.dragging && !this.wanted) this.at = playback.start && [...playback.start];
    this.flush();
    this.button.hidden = !this.at;
    this.button.disabled = !startable;
    this.name();
  }

  name() {
    if (!this.at) return;
    const axes = ["x", "y"].slice(0, this.playback.dim);
    const where = axes.map((axis, i) => `${axis} = ${Number(this.at[i].toPrecision(6))}`).join(", ").replace(/-/g, "−");
    const how = this.startable ? " Drag it, or use the arrow keys." : "";
    this.button.setAttribute("aria-label", `Start of the paths: ${where}.${how}`);
    this.button.title = where;
  }

  /** @param {any} xaxis @param {any} yaxis @param {any} figure */
  measure(xaxis, yaxis, figure) {
    Object.assign(this, { xaxis, yaxis, figure });
    this.place();
  }

  place() {
    if (!this.at || !this.xaxis) return;
    const [x, y] = [this.xaxis.l2p(this.at[0]), this.yaxis.l2p(this.at[1])];
    const inside = x >= 0 && x <= this.xaxis._length;
    this.button.style.visibility = inside ? "" : "hidden";
    const top = Math.max(0, Math.min(this.yaxis._length, y)); // a start above the picture is held at its edge
    this.spot = [this.xaxis._offset + x, this.yaxis._offset + top];
    this.button.style.transform = `translate(${this.spot[0]}px, ${this.spot[1]}px)`;
  }

  /** @param {PointerEvent} event */
  grab(event) {
    if (event.button) return;
    this.dragging = true;
    const [x, y] = this.inFigure(event);
    this.hold = [x - this.xaxis.l2p(this.at[0]), y - this.yaxis.l2p(this.at[1])]; // where in the handle it was taken
    this.button.setPointerCapture(event.pointerId);
  }

  /** @param {PointerEvent} event */
  drag(event) {
    const [x, y] = this.inFigure(event);
    this.choose(this.xaxis.p2l(x - this.hold[0]), this.yaxis.p2l(y - this.hold[1]));
  }

  /** The figure may move under the pointer, when text above it gets longer. @param {PointerEvent} event */
  inFigure(event) {
    const { left, top } = this.figure.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top];
  }

  drop() {
    this.dragging = false;
    this.flush();
  }

  /** @param {KeyboardEvent} event */
  pressed(event) {
    const [dx, dy] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key] ?? [];
    if (dx === undefined) return;
    event.preventDefault();
    const [x, y] = [dx, dy].map((by, i) => {
      const [low, high] = this.playback.window[i] ?? [0, 0];
      return this.at[i] + by * (high - low) * SHARE * (event.shiftKey ? 0.1 : 1);
    });
    this.choose(x, y);
  }

  /** Ask for the paths from another start: the nearest one that is a round number in the window. @param {number} x @param {number} y */
  choose(x, y) {
    const { window, quantum, dim } = this.playback;
    const [a, b] = [x, y].map((value, i) => {
      if (i >= dim) return value;
      const digits = Math.max(0, -Math.round(Math.log10(quantum[i])));
      const round = Number((Math.round(value / quantum[i]) * quantum[i]).toFixed(Math.min(digits, 100)));
      return Math.max(window[i][0], Math.min(window[i][1], round));
    });
    this.at = [a, dim === 1 ? this.height(a) : b];
    this.wanted = [...this.at];
    this.name();
    this.place();
    this.flush();
  }

  /** In one variable the height of the picture's first trace, which is f. @param {number} x */
  height(x) {
    const { x: xs, y: ys } = this.figure.data[0];
    let i = 1;
    while (i < xs.length - 1 && xs[i] < x) i++;
    const y = ys[i - 1] + ((ys[i] - ys[i - 1]) * (x - xs[i - 1])) / (xs[i] - xs[i - 1]);
    return Number.isFinite(y) ? y : this.at[1];
  }

  /** Send what is wanted, unless a request is under way; then its answer calls again. */
  flush() {
    if (this.waiting) return;
    if (!this.wanted) return this.settle();
    clearTimeout(this.later);
    const rest = INTERVAL - (performance.now() - (this.sent ?? -INTERVAL));
    if (rest > 0) {
      this.later = setTimeout(() => this.flush(), rest);
      return;
    }
    this.unsettled = this.wanted;
    this.wanted = undefined;
    this.ask(this.unsettled, false);
  }

  /** Say that the last start is the one, once it has been at rest for a while. */
  settle() {
    if (!this.unsettled || !this.settles || this.dragging) return;
    clearTimeout(this.later);
    this.later = setTimeout(() => {
      if (this.waiting || this.wanted || this.dragging || !this.unsettled) return;
      const start = this.unsettled;
      this.unsettled = undefined;
      this.ask(start, true);
    }, REST);
  }

  /** @param {number[]} start @param {boolean} settled */
  ask([x, y], settled) {
    this.sent = performance.now();
    this.asked = this.sent; // unique, also after another visit to the page
    this.waiting = setTimeout(() => {
      this.waiting = undefined;
      this.flush();
    }, PATIENCE);
    this.send({ x, y, number: this.asked, settled });
  }

  /** Draw the handle as an SVG over the figure, for a picture. @param {HTMLElement} parent @returns {SVGElement | undefined} */
  ring(parent) {
    if (!this.at || this.button.style.visibility === "hidden") return undefined;
    const svg = element("svg", { class: "player-start", width: "20", height: "20" }, parent);
    const style = getComputedStyle(this.button);
    const [paper, ink] = ["background", "text"].map((name) => style.getPropertyValue(`--st-${name}-color`));
    element("circle", { cx: "10", cy: "10", r: "6", fill: paper, stroke: ink, "stroke-width": "2" }, svg);
    const [left, top] = this.spot.map((v) => `${v - 10}px`);
    Object.assign(svg.style, { left, top });
    return svg;
  }

  remove() {
    clearTimeout(this.later);
    clearTimeout(this.waiting);
  }
}
