// Hallucinated points at every radius, from samples of the branches on which they move.

import { decode } from "./figure.js";

export class Points {
  /** @param {{samples: any, offsets: any, dim: number}} branches rows of rho, x (dim) and the step limit */
  constructor({ samples, offsets, dim }) {
    this.samples = decode(samples);
    this.offsets = decode(offsets);
    this.dim = dim;
  }

  /**
   * The chords between neighbouring samples.
   * @param {(at: number, next: number, width: number, last: boolean) => void} visit where in the samples their rows
   * begin, and whether the branch ends with it
   */
  chords(visit) {
    const width = this.dim + 2;
    for (let branch = 0; branch + 1 < this.offsets.length; branch++) {
      const end = this.offsets[branch + 1];
      for (let i = this.offsets[branch]; i + 1 < end; i++) visit(i * width, (i + 1) * width, width, i + 2 === end);
    }
  }

  /** @param {number} rho @returns {{x: number[], limit: number}[]} the points and the step sizes up to which they attract */
  at(rho) {
    const { samples, dim } = this;
    const found = [];
    this.chords((at, next, width, last) => {
      const [low, high] = [samples[at], samples[next]];
      if (!(low <= rho && (rho < high || (last && rho === high)))) return;
      const t = (rho - low) / (high - low);
      const mixed = (i) => samples[at + i] + t * (samples[next + i] - samples[at + i]);
      found.push({ x: Array.from({ length: dim }, (_, i) => mixed(1 + i)), limit: mixed(width - 1) });
    });
    return found;
  }

  /** @param {number} eta @returns {[number, number][]} the radii at which some point attracts at this step size */
  dangerous(eta) {
    const { samples } = this;
    const parts = [];
    this.chords((at, next, width) => {
      const [a, b] = [samples[at + width - 1] - eta, samples[next + width - 1] - eta];
      const [low, high] = [samples[at], samples[next]];
      if (!(a > 0 || b > 0)) return;
      const turn = low + (high - low) * (a / (a - b));
      parts.push([a > 0 || Number.isNaN(a) ? low : turn, b > 0 || Number.isNaN(b) ? high : turn]);
    });
    parts.sort(([a], [b]) => a - b);
    const union = [];
    for (const [low, high] of parts) {
      const last = union.at(-1);
      if (last && low <= last[1]) last[1] = Math.max(last[1], high);
      else union.push([low, high]);
    }
    return union;
  }
}
