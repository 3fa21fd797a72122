// One step of a rule that looks ahead, one stage a click, each with its sentence and its numbers.

import { number } from "./figure.js";
import { STAGES } from "./stage.js";

const WORDS = ["uphill", "measure", "down"];

export class Microscope {
  /** @param {import("./controls.js").Controls} controls */
  constructor(controls) {
    this.controls = controls;
    this.opener = document.createElement("button");
    Object.assign(this.opener, { type: "button", className: "player-opener", textContent: "One step under the microscope" });
    this.opener.setAttribute("aria-expanded", "false");
    controls.bar.append(this.opener);
    this.panel = document.createElement("div");
    this.panel.className = "player-microscope";
    this.panel.hidden = true;
    this.panel.innerHTML = '<p role="status"></p><button type="button">Next</button>';
    [this.sentence, this.next] = this.panel.children;
    controls.bar.after(this.panel);
    this.opener.addEventListener("click", () => this.open(this.panel.hidden));
    this.next.addEventListener("click", () => this.advance());
  }

  /** How much of the step is drawn: all of it while nothing is under the microscope. */
  get stage() {
    return this.panel.hidden || this.controls.playing ? STAGES.all : STAGES[WORDS[this.at]];
  }

  /** @param {import("./stage.js").Track[]} tracks @param {any} playback */
  load(tracks, playback) {
    this.chosen = tracks.findIndex(({ xPlus, step, count }) => xPlus && step && count);
    this.track = tracks[this.chosen];
    this.templates = playback.templates;
    this.dim = playback.dim;
    const useless = !this.track || !WORDS.every((word) => word in this.templates);
    this.opener.hidden = useless;
    this.opener.disabled = false; // a run of one point has a step to look at
    if (useless) this.open(false);
  }

  /** @param {boolean} open */
  open(open) {
    this.panel.hidden = !open;
    this.opener.setAttribute("aria-expanded", String(open));
    this.at = 0;
    if (open) this.controls.pause();
    this.controls.paint();
  }

  /** Go on to the next stage, and from the last one to the next step's first. */
  advance() {
    this.at = (this.at + 1) % WORDS.length;
    if (this.at === 0 && !this.controls.atEnd) this.controls.go(Math.floor(this.controls.now) + 1);
    else this.controls.go(this.controls.now);
  }

  /** Write the sentence of the stage. */
  tell() {
    if (this.panel.hidden || this.controls.playing) return;
    const i = this.controls.position(this.chosen);
    const { track, dim } = this;
    if (i < 0) return;
    const point = (x, y) => (dim === 1 ? `x = ${number(x)}` : `(${number(x)}, ${number(y)})`);
    const [x, y] = [track.x[2 * i], track.x[2 * i + 1]];
    const measured = (axis) => track.step[dim * i + axis];
    const values = {
      name: track.name,
      k: track.k[i].toLocaleString("en-US"),
      rho: number(track.rho),
      eta: number(track.eta),
      x: point(x, y),
      x_plus: point(track.xPlus[2 * i], track.xPlus[2 * i + 1]),
      g: number(dim === 1 ? track.slope[i] : track.gradient[i]),
      s: number(dim === 1 ? measured(0) : track.shifted[i]),
      move: number(track.eta * track.shifted[i]),
      next: point(x - track.eta * measured(0), dim === 1 ? 0 : y - track.eta * measured(1)),
    };
    const text = this.templates[WORDS[this.at]].replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);
    if (this.sentence.textContent !== text) this.sentence.textContent = text;
    const last = this.at === WORDS.length - 1;
    const label = last && this.controls.atEnd ? "Again" : last ? "Next step" : "Next";
    if (this.next.textContent !== label) this.next.textContent = label;
  }
}
