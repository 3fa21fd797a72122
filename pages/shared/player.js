// A Plotly picture that is updated in place, with paths over it that are played. The same module takes in the grids
// that pictures refer to: they come as elements of their own, which Streamlit sends once and from then on only names.

import { carried, clicked, filled, findText, filledIn, loadPlotly, themed } from "./figure.js";
import { SAVE, savePicture } from "./photo.js";
import { Stage, tracksOf } from "./stage.js";
import { Controls } from "./controls.js";
import { Microscope } from "./microscope.js";
import { Handle } from "./handle.js";
import { Curves } from "./curves.js";
import { Dial } from "./dial.js";
import { Ground } from "./ground.js";
import { PARAMETERS, Preview, computed, isApart, loadProgram, programOf } from "./live.js";

/**
 * @typedef {{figure: import("./figure.js").Figure, digest: string, height: number, alt: string, view: string,
 *            clickAxes: string | null, plotlyUrl: string, playback?: any, curves?: import("./figure.js").Figure,
 *            startable?: boolean}} Picture
 * @typedef {(name: string, value: unknown) => void} Trigger
 */

const NARROW = 600; // pixels; below, a finger on the picture scrolls the page
const TALL = 1000; // pixels, of a window with room for a larger picture
export const CONFIG = {
  displaylogo: false,
  showSendToCloud: false,
  showTips: false,
  modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d", "resetCameraLastSave3d", "toImage"],
};
const INKS = ["text-color", "background-color", "secondary-background-color", "border-color", "gray-color", "font"];

/** @type {WeakMap<HTMLElement, Player>} One picture an element: Streamlit calls again, without a cleanup, to update. */
const players = new WeakMap();
/** @type {WeakMap<HTMLElement, Dial>} */
const dials = new WeakMap();
/** @type {Set<Player>} Pictures that wait for a grid. */
const waiting = new Set();

/**
 * Called by Streamlit at mounting, at each change of the data and of the theme; it must stay synchronous.
 * @param {{data: any, parentElement: HTMLElement, setTriggerValue: Trigger}} component
 * @returns {() => void} called when the element is gone, but also late, for a call that a newer one has overtaken
 */
export default function ({ data, parentElement, setTriggerValue }) {
  if (data.grid) {
    carried.set(parentElement, data);
    for (const player of [...waiting]) player.draw();
    return () => void (parentElement.isConnected || carried.delete(parentElement));
  }
  if (data.dial) {
    if (!dials.has(parentElement)) dials.set(parentElement, new Dial(parentElement));
    dials.get(parentElement).update(data, setTriggerValue);
    return () => {};
  }
  let player = players.get(parentElement);
  if (!player) {
    player = new Player(parentElement);
    players.set(parentElement, player);
  }
  player.update(data, setTriggerValue);
  return () => void (parentElement.isConnected || players.get(parentElement).remove());
}

const isNarrow = () => window.innerWidth < NARROW;

const isTall = () => window.innerHeight >= TALL && window.innerWidth >= TALL;

/** @param {Picture} picture @returns {number} in pixels; a figure may name other heights for a phone and a large screen */
const heightOf = ({ figure: { layout }, height }) =>
  (isNarrow() && layout.meta?.narrow?.height) || (isTall() && layout.meta?.tall?.height) || height;

class Player {
  /** @param {HTMLElement} parentElement */
  constructor(parentElement) {
    const root = document.createElement("div");
    root.className = "player";
    root.innerHTML =
      '<div class="player-stage"><div class="player-alt" role="img"></div><div class="player-figure"></div></div>' +
      '<p class="player-message" role="status" hidden></p>';
    this.root = root;
    [this.scene, this.message] = root.children;
    [this.alt, this.figure] = this.scene.children;
    parentElement.append(root);
    this.plots = 0;
    this.moving = new Preview(this);
    this.ground = new Ground(this);
    this.resizes = new ResizeObserver(() => {
      cancelAnimationFrame(this.frame);
      this.frame = requestAnimationFrame(() => root.clientWidth === this.width || this.draw());
    });
    this.resizes.observe(root);
  }

  /** @param {Picture} picture @param {Trigger} trigger */
  update(picture, trigger) {
    const again = picture === this.picture; // only the theme is another
    this.picture = picture;
    this.trigger = trigger;
    this.alt.setAttribute("aria-label", picture.alt);
    this.figure.style.height = `${heightOf(picture)}px`;
    if (picture.playback && !again) this.incoming = picture; // until the axes are there that the paths belong to
    loadPlotly(picture.plotlyUrl).then(
      (plotly) => {
        this.plotly = plotly;
        this.draw();
      },
      () => this.say("plotly.js did not load. Reload the page to try again."),
    );
  }

  /** @returns {boolean} whether the program is there by which the browser runs the rules, or none is needed */
  ready() {
    const { live } = this.picture.playback;
    const text = live?.program;
    const known = text?.digest ? findText(text.digest) : text;
    this.program = known === undefined ? undefined : programOf(known);
    const complete = !live?.branches || Object.values(filled(live.branches)).every((part) => part !== undefined);
    if (complete && (text === undefined || this.program !== undefined)) return true;
    if (known === undefined || !complete) waiting.add(this);
    if (known !== undefined && this.program === undefined) loadProgram(known).then(() => this.refresh());
    return false;
  }

  /** Take the paths of the picture. */
  load() {
    const { picture } = this;
    const { playback } = picture;
    const { live } = playback;
    const sent = playback.tracks.filter(({ checks }) => !checks);
    const run = this.program ? computed(playback, this.program, { ...live, every: playback.every }) : [];
    const decoded = tracksOf({ ...playback, tracks: sent });
    const tracks = playback.tracks.flatMap((track) => [...run, ...decoded].find(({ name }) => name === track.name) ?? []);
    if (playback.tracks.length > sent.length && (!this.program || run.some((track) => isApart(track, playback)))) {
      const asked = this.program ? live.name : "*"; // where the browser cannot, or gets elsewhere, the server's are shown
      if (this.asked !== asked) this.trigger("apart", asked);
      this.asked = asked;
    }
    if (!this.stage) {
      this.stage = new Stage(this.scene);
      this.controls = new Controls(this.root, () => this.paint());
      this.microscope = new Microscope(this.controls);
      this.curves = new Curves(this.root, this.controls);
      const height = (x) => this.height(x);
      this.handle = new Handle(this.scene, height, (start, held) => {
        this.moving.move("start", start, held);
        if (!held) this.trigger("start", { x: start[0], y: start[1] ?? 0 });
      });
      this.controls.save.addEventListener("click", () => this.save());
    }
    this.show(tracks, playback);
    this.moving.answered();
    this.handle.load(playback, Boolean(picture.startable), this.handle.held || this.moving.changes.has("start"));
  }

  /** @param {import("./stage.js").Track[]} tracks @param {any} playback @param {boolean} [moving] they are on the move */
  show(tracks, playback, moving = false) {
    this.stage.load(tracks, playback.dim);
    this.controls.load(tracks, playback, moving);
    this.microscope.load(tracks, playback);
  }

  /** Show runs while a control moves. @param {import("./stage.js").Track[]} tracks @param {any} playback */
  preview(tracks, playback) {
    this.show(tracks, playback, true);
    this.measure();
    this.handle.place();
    this.curves.preview(tracks);
    this.paint();
  }

  /** Say that the server's word is waited for, or no longer. @param {boolean} waits */
  wait(waits) {
    this.waits ??= Object.assign(document.createElement("p"), { className: "player-waits", role: "status" });
    this.waits.textContent = waits ? "The verdict waits for the server." : "";
    if (!this.waits.isConnected) this.root.append(this.waits);
  }

  draw() {
    this.width = this.root.clientWidth; // 0 while the picture is in a closed tab; the observer calls when it opens
    waiting.delete(this);
    if (this.removed || !this.plotly || !this.width) return;
    const style = getComputedStyle(this.root);
    const ink = (name) => style.getPropertyValue(`--st-${name}`).trim();
    const { figure, view, clickAxes, startable } = this.picture;
    if (!figure.data.length) return this.say("there is nothing to draw.");
    const narrow = isNarrow();
    const height = heightOf(this.picture);
    const clickable = Boolean(clickAxes || startable);
    const inks = INKS.map(ink).join();
    this.how = { plotly: this.plotly, width: this.width, narrow, ink, inks };
    const wanted = [this.picture.digest, this.width, height, view, narrow, clickable, inks].join("|");
    if (wanted === this.drawn) return this.refresh(); // what Plotly draws is there already

    const ready = filledIn(figure, ink);
    if (!ready) return void waiting.add(this);
    this.drawn = wanted;
    const { data, layout } = ready;
    this.root.toggleAttribute("data-narrow", narrow);
    Object.assign(layout, { width: this.width, height, template: themed(layout.template, ink) });
    layout.uirevision = `view ${view}`; // an empty text would keep nothing
    if (narrow) {
      layout.dragmode = false; // and the scale's place goes to the picture
      for (const trace of data) if (trace.colorbar) trace.showscale = false;
    }
    if (clickable) layout.clickanywhere = true;
    // A double click resets the view only where its first click means nothing else.
    const config = { ...CONFIG, doubleClick: clickable ? false : "reset" };
    this.offerSaving(config, narrow);
    this.say("");
    const plots = this.plots;
    const react = async () => this.plotly.react(this.figure, data, layout, config);
    react().then(
      () => plots === this.plots && this.refresh(), // Plotly does not always say that it has drawn
      (error) => {
        this.drawn = "";
        this.say(`Plotly cannot draw it (${error}).`);
      },
    );
    if (!this.listening) this.listen();
  }

  /** Offer a PNG where no bar of controls does: beside Plotly's buttons, or, where a phone hides these, below. */
  offerSaving(config, narrow) {
    const below = narrow && !this.picture.playback;
    if (below && !this.saving) {
      this.saving = Object.assign(document.createElement("div"), { className: "player-bar" });
      const button = Object.assign(document.createElement("button"), { type: "button", textContent: SAVE });
      button.addEventListener("click", () => this.save());
      this.saving.append(button);
      this.root.append(this.saving);
    }
    if (this.saving) this.saving.hidden = !below;
    if (this.picture.playback) return;
    // Plotly's own would have no background, and in the dark theme white letters. It is the same object each time and
    // at every width: where its buttons are others, Plotly draws all anew, and zoom and camera are lost.
    this.saver ??= { name: SAVE, icon: this.plotly.Icons.camera, click: () => this.save() };
    config.modeBarButtonsToAdd = [this.saver];
  }

  listen() {
    this.listening = true;
    this.figure.on("plotly_click", ({ event }) => {
      // Without a drag mode Plotly takes every touch for a click, scrolling too; a tap comes again as a mouse event.
      if (event.type.startsWith("touch") && this.figure.layout.dragmode === false) return;
      const { clickAxes, startable } = this.picture;
      const axes = this.figure._fullLayout._plots?.[clickAxes ?? "xy"];
      const at = axes && clicked(this.figure, axes, event);
      if (!at) return;
      if (clickAxes) this.trigger("point", at);
      if (startable) this.handle.jump(at.x, at.y);
    });
    this.figure.on("plotly_afterplot", () => {
      this.plots++;
      // The text alternative stands for the drawing; the buttons over it stay within reach of a screen reader.
      for (const svg of this.figure.querySelectorAll(".main-svg")) svg.setAttribute("aria-hidden", "true");
      this.refresh();
    });
    this.figure.on("plotly_relayouting", () => this.refresh());
  }

  /** Put the paths to where the axes are now. */
  refresh() {
    const layout = this.figure._fullLayout;
    if (this.removed || !layout?.xaxis?._length) return;
    if (this.incoming && this.ready()) {
      this.incoming = undefined;
      this.load();
    }
    if (!this.stage) return;
    this.curves.draw(this.picture, this.how);
    this.measure();
    this.handle.measure(layout.xaxis, layout.yaxis, this.figure);
    this.paint();
  }

  /** Put the paths over the axes. */
  measure() {
    const { xaxis, yaxis } = this.figure._fullLayout;
    const f = () => this.figure._fullData.find(({ name }) => name === "f");
    this.stage.measure(xaxis, yaxis, this.picture.playback?.dim === 1 ? this.ground.curve ?? f() : undefined);
  }

  /** In one variable f as it is shown. @param {number} x @returns {number} */
  height(x) {
    if (this.program) return this.program.value(x, ...this.moving.now.given.slice(PARAMETERS))[0];
    const { x: xs, y: ys } = this.figure.data[0];
    let i = 1;
    while (i < xs.length - 1 && xs[i] < x) i++;
    return ys[i - 1] + ((ys[i] - ys[i - 1]) * (x - xs[i - 1])) / (xs[i] - xs[i - 1]);
  }

  /** Draw the current step. */
  paint() {
    if (!this.stage) return;
    const stage = this.microscope.stage;
    this.stage.paint(this.controls.position, stage, this.controls.circle, this.controls.atEnd);
    this.curves.mark();
    this.microscope.tell();
  }

  /** Let the visitor save the picture as it is seen, the start's ring included. */
  async save() {
    const background = getComputedStyle(this.root).getPropertyValue("--st-background-color");
    if (!this.stage) return savePicture(this.plotly, this.figure, [], [], background);
    const ring = this.handle.ring(this.scene);
    const { still, moving, notes } = this.stage;
    try {
      const overlays = [still, moving, ...(ring ? [ring] : [])];
      await savePicture(this.plotly, this.figure, overlays, [...notes.children], background);
    } finally {
      ring?.remove();
    }
  }

  /** @param {string} problem what to say in place of the picture; empty: show the picture */
  say(problem) {
    this.message.textContent = problem && `The picture cannot be shown: ${problem} It says: ${this.picture.alt}`;
    this.message.hidden = !problem;
    this.scene.hidden = Boolean(problem);
    if (this.saving && problem) this.saving.hidden = true;
    this.controls?.hide(Boolean(problem));
    this.curves?.hide(Boolean(problem));
  }

  remove() {
    this.removed = true;
    this.resizes.disconnect();
    waiting.delete(this);
    this.controls?.pause();
    this.handle?.remove();
    this.moving.remove();
    this.curves?.remove();
    this.plotly?.purge(this.figure);
  }
}
