// What the paths run on, while it moves: f anew where a parameter moves, the points along their branches, and what
// does not follow dimmed. It is drawn over Plotly's figure, which takes longer; at rest Plotly draws what the server
// has sent.

import { contour } from "./contour.js";
import { element } from "./stage.js";

const HEIGHTS = ".overplot :is(.contourlayer, .heatmaplayer)"; // Plotly's
const FAINT = "0.2"; // opacity of what does not follow

export class Ground {
  /** @param {any} player */
  constructor(player) {
    this.player = player;
  }

  /** Draw f with other parameters. @param {number[]} parameters */
  draw(parameters) {
    const { figure, program } = this.player;
    const trace = figure._fullData.find(({ name }) => name === "f");
    if (!trace) return; // f at the look-ahead point is drawn
    const { xaxis, yaxis } = figure._fullLayout;
    if (trace.z) {
      const layer = figure.querySelector(HEIGHTS);
      this.group ??= element("g", { class: "player-heights" }, layer.parentNode);
      layer.after(this.group); // below the points
      layer.style.opacity = "0";
      contour(this.group, trace, (x, y) => program.value(x, y, ...parameters)[0], xaxis, yaxis);
      return;
    }
    const y = Float64Array.from(trace.x, (x) => program.value(x, ...parameters)[0]);
    this.curve = { x: trace.x, y };
    const path = figure.querySelector(`.trace${trace.uid} path.js-line`);
    if (!path) return;
    if (this.line?.path !== path) this.line = { path, before: path.getAttribute("d") };
    const far = 10 * yaxis._length;
    const at = (v, i) => `${xaxis.d2p(trace.x[i]).toFixed(1)} ${Math.max(-far, Math.min(far, yaxis.d2p(v))).toFixed(1)}`;
    let d = "";
    y.forEach((v, i) => (d += Number.isFinite(v) ? (Number.isFinite(y[i - 1]) ? "L" : "M") + at(v, i) : ""));
    path.setAttribute("d", d);
    this.line.now = d;
  }

  /**
   * @param {"nothing" | "points" | "points away" | "all"} what does not follow @param {boolean} ahead and what is
   * drawn at the look-ahead point does not either
   */
  dim(what, ahead) {
    for (const trace of this.player.figure._fullData) {
      const { name, type } = trace;
      const point = name.startsWith("hallucinated");
      const shifted = name === "f at the look-ahead point" || name === "direction of SAM's step";
      let opacity = "";
      if (what === "all" && type === "scatter" && name !== "f") opacity = FAINT;
      if (point && what === "points") opacity = FAINT;
      if (point && what === "points away") opacity = name.includes("curve") ? FAINT : "0";
      if (shifted && (ahead || what === "all")) opacity = FAINT;
      if (type !== "scatter" && this.group) continue;
      this.fade(trace, opacity);
    }
  }

  /** @param {{uid: string}} trace @param {string} opacity empty: as Plotly has it */
  fade({ uid, type }, opacity) {
    const drawn = this.player.figure.querySelector(type === "scatter" ? `.trace${uid}` : HEIGHTS);
    if (drawn) drawn.style.opacity = opacity;
  }

  /** @param {{x: number[], limit: number}[]} points @param {number} eta */
  mark(points, eta) {
    const { stage, figure, picture } = this.player;
    const { xaxis, yaxis } = figure._fullLayout;
    const at = ({ x }) => (x.length === 1 ? [x[0], this.player.height(x[0])] : x);
    const parts = [points.filter(({ limit }) => limit > eta), points.filter(({ limit }) => !(limit > eta))];
    stage.mark(parts.map((part) => part.map(at)), picture.playback.live.star, xaxis, yaxis);
  }

  /** The server has answered. */
  settle() {
    const { figure, stage } = this.player;
    if (this.line && this.line.path.getAttribute("d") === this.line.now) this.line.path.setAttribute("d", this.line.before);
    this.line = this.curve = undefined;
    this.group?.remove();
    this.group = undefined;
    if (!figure._fullData) return;
    this.dim("nothing", false);
    stage?.mark([[], []], "", figure._fullLayout.xaxis, figure._fullLayout.yaxis);
  }
}
