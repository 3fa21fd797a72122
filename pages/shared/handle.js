// The start of the paths: a button over the picture that is dragged, or moved by the arrow keys.

import { element } from "./stage.js";

const REST = 250; // milliseconds after the last key, after which it is at rest
const SHARE = 0.01; // of the window, by which an arrow key moves; with Shift a tenth

export class Handle {
  /**
   * @param {HTMLElement} parent
   * @param {(x: number) => number} height in one variable, f
   * @param {(start: number[], held: boolean) => void} move called at each new start; not held, it is at rest there
   */
  constructor(parent, height, move) {
    Object.assign(this, { height, move });
    this.keys = new Set(); // that are down
    this.button = document.createElement("button");
    Object.assign(this.button, { type: "button", className: "player-handle" });
    parent.append(this.button);
    this.button.addEventListener("pointerdown", (event) => this.grab(event));
    this.button.addEventListener("pointermove", (event) => this.dragging && this.drag(event));
    for (const end of ["pointerup", "pointercancel"]) this.button.addEventListener(end, () => this.drop());
    this.button.addEventListener("keydown", (event) => this.pressed(event));
    for (const end of ["keyup", "blur"]) this.button.addEventListener(end, ({ key }) => this.let(key));
  }

  /**
   * @param {{start: number[] | null, window: number[][], quantum: number[], dim: number}} playback
   * @param {boolean} startable @param {boolean} moved it is where the visitor has put it, and the answer is to come
   */
  load(playback, startable, moved) {
    Object.assign(this, { playback, startable });
    if (!moved) this.at = playback.start && [...playback.start];
    this.button.hidden = !this.at;
    this.button.disabled = !startable;
    this.name();
    this.place();
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
    if (this.playback.dim === 1) {
      const height = this.height(this.at[0]);
      if (Number.isFinite(height)) this.at[1] = height;
    }
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
    if (this.dragging && this.held) this.rest();
    this.dragging = false;
  }

  /** Where nothing holds it any longer it is at rest. */
  rest() {
    clearTimeout(this.later);
    this.held = false;
    this.move(this.at.slice(0, this.playback.dim), false);
  }

  /** @param {string | undefined} key that was let go; none: all of them */
  let(key) {
    if (key) this.keys.delete(key);
    else this.keys.clear();
    clearTimeout(this.later);
    if (this.held && !this.dragging && !this.keys.size) this.later = setTimeout(() => this.rest(), REST);
  }

  /** @param {KeyboardEvent} event */
  pressed(event) {
    const [dx, dy] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key] ?? [];
    if (dx === undefined) return;
    event.preventDefault();
    this.keys.add(event.key);
    clearTimeout(this.later);
    const [x, y] = [dx, dy].map((by, i) => {
      const [low, high] = this.playback.window[i] ?? [0, 0];
      return this.at[i] + by * (high - low) * SHARE * (event.shiftKey ? 0.1 : 1);
    });
    this.choose(x, y);
  }

  /** Move to the nearest start that is a round number in the window, and hold it there. @param {number} x @param {number} y */
  choose(x, y) {
    const { window, quantum, dim } = this.playback;
    const [a, b] = [x, y].map((value, i) => {
      if (i >= dim) return value;
      const digits = Math.max(0, -Math.round(Math.log10(quantum[i])));
      const round = Number((Math.round(value / quantum[i]) * quantum[i]).toFixed(Math.min(digits, 100)));
      return Math.max(window[i][0], Math.min(window[i][1], round));
    });
    this.at = [a, b];
    this.held = true;
    this.name();
    this.place();
    this.move(this.at.slice(0, dim), true);
  }

  /** Go where one has pointed. @param {number} x @param {number} y */
  jump(x, y) {
    this.choose(x, y);
    this.rest();
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
  }
}
