// Runs that the browser computes itself, by the programs that the server wrote, and what moves with a control.

import { filled } from "./figure.js";
import { Points } from "./points.js";

/**
 * @typedef {{value: (...numbers: number[]) => number[], rules: Record<string, Run>}} Program
 * @typedef {(state: Float64Array, given: number[], rows: Float64Array, from: number, to: number) => void} Run
 * @typedef {{program: any, given: number[], start: number[], steps: number, moves: [string, number[]][], name: string,
 *            branches?: any}} Question
 */

/** Where the numbers given to a program stand: eta, rho, and from here on the parameters. */
export const PARAMETERS = 2;
const [ETA, RHO] = [0, 1];
const CLOSE = 1e-6; // of the window: runs that end farther apart are not the same
const BUDGET = 6; // milliseconds of a frame for the steps of all runs
const MOVERS = { start: "start", [ETA]: "step", [RHO]: "radius" }; // for what moves
const LATE = 4000; // milliseconds after which it is said that an answer is waited for
const PATIENT = 1500; // milliseconds after which another answer than the one asked for is taken
const MEMORY = 16; // numbers that a rule may remember

/** @type {Map<string, Program | null>} by their text; null: the browser cannot run it */
const programs = new Map();

/** @param {string} text @returns {Program | null | undefined} undefined while it is not loaded */
export const programOf = (text) => programs.get(text);

/** Load a program as a module from a blob, which the security policy allows where it forbids eval. @param {string} text */
export async function loadProgram(text) {
  const url = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  try {
    programs.set(text, await import(url));
  } catch {
    programs.set(text, null);
  } finally {
    URL.revokeObjectURL(url);
  }
}

/**
 * Run the rules from a start.
 * @param {any} playback its tracks that have no numbers are computed @param {Program} program
 * @param {{given: number[], start: number[], steps: number, every: number}} how
 * @returns {import("./stage.js").Track[]}
 */
export function computed(playback, program, { given, start, steps, every }) {
  return playback.tracks
    .filter(({ checks }) => checks)
    .map((track) => {
      const rows = rowsOf(program.rules[track.name], playback.dim, given, start, steps, every);
      return trackOf(track, rows, playback.dim, given);
    });
}

/** Take every so many steps and the last one. @returns {{k: Int32Array, rows: Float64Array}} */
function rowsOf(run, dim, given, start, steps, every) {
  const width = 4 * dim + 2;
  const count = Math.ceil(steps / every) + 1;
  const k = Int32Array.from({ length: count }, (_, i) => Math.min(i * every, steps));
  const state = new Float64Array(dim + MEMORY);
  state.set(start);
  const rows = new Float64Array(count * width);
  if (every === 1) run(state, given, rows, 0, count);
  else {
    const between = new Float64Array(every * width);
    for (let i = 0; i < count; i++) {
      run(state, given, between, 0, i < count - 1 ? k[i + 1] - k[i] : 1);
      rows.set(between.subarray(0, width), i * width);
    }
  }
  return { k, rows };
}

/** Put a run up to its last finite point into the picture's coordinates. */
function trackOf(track, { k, rows }, dim, given) {
  const width = 4 * dim + 2;
  const f = (i) => rows[i * width + 2 * dim];
  let count = 0;
  while (count < k.length && Number.isFinite(rows[count * width] + rows[count * width + dim - 1] + f(count))) count++;
  const ahead = track.name !== "GD" && given[RHO] > 0;
  const collected = (length, value) => {
    const array = new Float64Array(length * count);
    for (let i = 0; i < count; i++) for (let j = 0; j < length; j++) array[i * length + j] = value(i * width, j);
    return array;
  };
  const point = (from, height) => collected(2, (at, j) => rows[at + (dim === 1 && j ? height : from + j)]);
  const norm = (from) => collected(1, (at) => (dim === 1 ? Math.abs(rows[at + from]) : Math.hypot(rows[at + from], rows[at + from + 1])));
  const [xPlus, value, g, s] = [dim, 2 * dim, 2 * dim + 2, 3 * dim + 2];
  return {
    ...track,
    count,
    k: k.subarray(0, count),
    x: point(0, value),
    xPlus: ahead ? point(xPlus, value + 1) : null,
    step: ahead ? collected(dim, (at, j) => rows[at + s + j]) : null,
    slope: dim === 1 ? collected(1, (at) => rows[at + g]) : null,
    f: collected(1, (at) => rows[at + value]),
    gradient: norm(g),
    shifted: ahead ? norm(s) : null,
  };
}

/** Whether a computed track is not where the server's is. @param {import("./stage.js").Track} track @param {any} playback */
export function isApart(track, { window, dim, every }) {
  const last = track.count ? track.k[track.count - 1] : -1;
  if (Math.abs(last - track.last) > every) return true;
  return track.checks.some(([k, ...at]) => {
    const i = k === last ? track.count - 1 : k / every;
    if (!Number.isInteger(i) || track.k[i] !== k) return false;
    return window.some(([low, high], axis) => !(Math.abs(track.x[2 * i + axis] - at[axis]) <= CLOSE * (high - low)));
  });
}

/**
 * What moves while a control does: the question with other numbers, until the server has answered it.
 *
 * A control says `landscapes-move` with its key, its value and whether it is still held. Where it is not, the server
 * has been asked.
 */
export class Preview {
  /** @param {any} player */
  constructor(player) {
    this.player = player;
    /** @type {Map<number | "start", {value: any, held: boolean}>} by what is moved: a given number, or the start */
    this.changes = new Map();
    this.rate = 20_000 / BUDGET; // steps a millisecond; measured from the first frame on
    this.heard = ({ detail: { key, value, held } }) => {
      const found = this.question?.moves.find(([name]) => name === key);
      for (const place of found?.[1] ?? []) this.move(place, value, held);
    };
    document.addEventListener("landscapes-move", this.heard);
  }

  /** @returns {Question | undefined} the question that is shown, where the browser can run it */
  get question() {
    const { picture, program } = this.player;
    return program ? picture?.playback?.live : undefined;
  }

  get active() {
    return this.changes.size > 0;
  }

  /** @param {number | "start"} place @param {any} value @param {boolean} held */
  move(place, value, held) {
    if (!this.question) return;
    this.changes.set(place, { value, held });
    if (!held && this.isAnswered(place)) this.changes.delete(place); // it is back where it was
    clearTimeout(this.giveUp);
    clearTimeout(this.late);
    if (!held) this.late = setTimeout(() => this.active && this.player.wait(true), LATE);
    const moved = [...this.changes.keys()].map((place) => MOVERS[place] ?? "f");
    document.documentElement.setAttribute("data-moving", moved.join(" ")); // what is said is said of others
    this.frame ??= requestAnimationFrame(() => {
      this.frame = undefined;
      this.show();
    });
  }

  /** @param {number | "start"} place */
  isAnswered(place) {
    const { given, start } = this.question;
    return String(place === "start" ? start : given[place]) === String(this.changes.get(place).value);
  }

  /** The server has answered. What it says otherwise than asked is its last word, a moment later. */
  answered() {
    this.player.wait(false);
    for (const place of [...this.changes.keys()]) {
      const { held } = this.changes.get(place);
      if (!this.question || (!held && this.isAnswered(place))) this.changes.delete(place);
    }
    clearTimeout(this.giveUp);
    if (!this.active) {
      this.player.curves.settle();
      return this.end();
    }
    this.giveUp = setTimeout(() => this.drop(), PATIENT);
    this.show();
  }

  /** Give up what no control holds. */
  drop() {
    for (const [place, { held }] of [...this.changes]) if (!held) this.changes.delete(place);
    if (this.active) return;
    this.end();
    this.player.load();
    this.player.refresh();
  }

  end() {
    cancelAnimationFrame(this.frame);
    this.frame = undefined;
    clearTimeout(this.late);
    document.documentElement.removeAttribute("data-moving");
    this.player.ground?.settle();
    this.band(undefined);
  }

  /** The question as it is being moved. */
  get now() {
    const { given, start, steps } = this.question;
    const moved = given.map((value, place) => this.changes.get(place)?.value ?? value);
    return { given: moved, start: this.changes.get("start")?.value ?? start, steps };
  }

  show() {
    const { question, player } = this;
    if (!question) return;
    if (!this.active) return this.drop();
    const { playback } = player.picture;
    const { given, start, steps } = this.now;
    const most = Math.max(200, Math.floor(this.rate * BUDGET));
    const taken = Math.min(steps, most);
    const every = Math.max(1, Math.ceil(taken / 2000));
    const begin = performance.now();
    const tracks = computed(playback, player.program, { given, start, steps: taken, every });
    const passed = performance.now() - begin;
    if (passed > 0.5) this.rate += 0.3 * (taken / passed - this.rate);
    for (const track of tracks) {
      const { name, count, k } = track; // its last finite points
      const left = !count || k[count - 1] < taken;
      const since = (count ? k[count - 1] + every : 0).toLocaleString("en-US");
      track.left = left ? (count ? `It diverged at ${every > 1 ? "about " : ""}step ${since}.` : "It cannot start there.") : "";
      track.end = track.left;
      track.notes = [];
      track.eta = given[ETA];
      track.rho = name === "SAM" ? given[RHO] : 0;
    }
    const short = taken < steps ? `While it moves, the first ${taken.toLocaleString("en-US")} of ${steps.toLocaleString("en-US")} steps are shown.` : "";
    this.follow(given);
    player.preview(tracks, { ...playback, thinned: short });
  }

  /** Let what belongs to f and to its points follow, or dim it. @param {number[]} given */
  follow(given) {
    const { player } = this;
    const { branches } = this.question;
    const moved = [...this.changes.keys()];
    const other = moved.some((place) => place >= PARAMETERS); // another f
    if (other) player.ground.draw(given.slice(PARAMETERS));
    if (this.branches !== branches) this.points = branches && new Points(filled(branches));
    this.branches = branches;
    const turns = moved.includes(RHO) || moved.includes(ETA);
    const known = this.points && !other;
    player.ground.dim(other ? "all" : turns ? (known ? "points away" : "points") : "nothing", moved.includes(RHO));
    if (known && turns) player.ground.mark(this.points.at(given[RHO]), given[ETA]);
    else player.ground.mark([], 0);
    if (moved.includes(ETA) || other) this.band(known ? this.points.dangerous(given[ETA]) : []);
  }

  /** Say to the radius's slider where there is danger. @param {[number, number][] | undefined} intervals undefined: as it was */
  band(intervals) {
    const [key] = this.question?.moves.find(([, places]) => places.includes(RHO)) ?? [];
    document.dispatchEvent(new CustomEvent("landscapes-band", { detail: { key, intervals } }));
  }

  remove() {
    this.end();
    clearTimeout(this.giveUp);
    document.removeEventListener("landscapes-move", this.heard);
  }
}
