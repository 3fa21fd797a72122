// A Plotly picture that is updated in place. The same module takes in the grids that pictures refer to: they come as
// elements of their own, which Streamlit sends once and from then on only names.

/**
 * @typedef {{dtype: keyof typeof NUMBERS, bdata: string, shape?: string}} EncodedArray
 * @typedef {{figure: {data: object[], layout: object}, height: number, alt: string, view: string,
 *            clickAxes: string | null, plotlyUrl: string}} Picture
 * @typedef {(name: string, value: unknown) => void} Trigger
 * @typedef {(name: string) => string} Ink a colour or font of the visitor's theme: ink("text-color")
 */

const NARROW = 600; // pixels; below, a finger on the picture scrolls the page
const CLEAR = "rgba(0,0,0,0)";
const CONFIG = {
  displaylogo: false,
  showSendToCloud: false,
  showTips: false,
  modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d", "resetCameraLastSave3d"],
};
const NUMBERS = {
  i1: Int8Array, u1: Uint8Array, i2: Int16Array, u2: Uint16Array,
  i4: Int32Array, u4: Uint32Array, f4: Float32Array, f8: Float64Array,
};

/** @type {WeakMap<HTMLElement, Player>} One picture an element: Streamlit calls again, without a cleanup, to update. */
const players = new WeakMap();
/** @type {Map<HTMLElement, {digest: string, grid: EncodedArray}>} Grids, for as long as their elements live. */
const carried = new Map();
/** @type {Set<Player>} Pictures that wait for a grid. */
const waiting = new Set();
/** @type {WeakMap<EncodedArray, ArrayLike<any>>} Decoded once: Plotly computes anew whatever is not the same object. */
const decoded = new WeakMap();
/** @type {Promise<void> | undefined} */
let loading;

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
  let player = players.get(parentElement);
  if (!player) {
    player = new Player(parentElement);
    players.set(parentElement, player);
  }
  player.update(data, setTriggerValue);
  return () => void (parentElement.isConnected || players.get(parentElement).remove());
}

class Player {
  /** @param {HTMLElement} parentElement */
  constructor(parentElement) {
    const root = document.createElement("div");
    root.className = "player";
    root.innerHTML =
      '<div class="player-alt" role="img"></div><div class="player-figure"></div>' +
      '<p class="player-message" role="status" hidden></p>';
    this.root = root;
    [this.alt, this.figure, this.message] = root.children;
    parentElement.append(root);
    this.resizes = new ResizeObserver(() => {
      cancelAnimationFrame(this.frame);
      this.frame = requestAnimationFrame(() => root.clientWidth === this.width || this.draw());
    });
    this.resizes.observe(root);
  }

  /** @param {Picture} picture @param {Trigger} trigger */
  update(picture, trigger) {
    this.picture = picture;
    this.trigger = trigger;
    this.alt.setAttribute("aria-label", picture.alt);
    this.figure.style.height = `${picture.height}px`;
    loadPlotly(picture.plotlyUrl).then(
      () => this.draw(),
      () => this.say("plotly.js did not load. Reload the page to try again."),
    );
  }

  draw() {
    this.width = this.root.clientWidth; // 0 while the picture is in a closed tab; the observer calls when it opens
    waiting.delete(this);
    if (this.removed || !window.Plotly || !this.width) return;
    const style = getComputedStyle(this.root);
    const ink = (name) => style.getPropertyValue(`--st-${name}`).trim();
    const { figure, height, view, clickAxes } = this.picture;
    const ready = filledIn(figure, ink);
    if (!ready) return void waiting.add(this);

    const { data, layout } = ready;
    if (!data.length) return this.say("there is nothing to draw.");
    const narrow = window.innerWidth < NARROW;
    this.root.toggleAttribute("data-narrow", narrow);
    Object.assign(layout, { width: this.width, height, template: themed(layout.template, ink) });
    layout.uirevision = `view ${view}`; // an empty text would keep nothing
    if (narrow) {
      layout.dragmode = false; // and the scale's place goes to the picture
      for (const trace of data) if (trace.colorbar) trace.showscale = false;
    }
    if (clickAxes) layout.clickanywhere = true;
    // A double click resets the view only where its first click means nothing else.
    const config = { ...CONFIG, doubleClick: clickAxes ? false : "reset" };
    this.say("");
    const react = async () => window.Plotly.react(this.figure, data, layout, config);
    react().catch((error) => this.say(`Plotly cannot draw it (${error}).`));
    if (!this.listening) this.listen();
  }

  listen() {
    this.listening = true;
    this.figure.on("plotly_click", ({ event }) => {
      // Without a drag mode Plotly takes every touch for a click, scrolling too; a tap comes again as a mouse event.
      if (event.type.startsWith("touch") && this.figure.layout.dragmode === false) return;
      const axes = this.figure._fullLayout._plots?.[this.picture.clickAxes];
      if (axes) this.clicked(axes.xaxis, axes.yaxis, event);
    });
    this.figure.on("plotly_afterplot", () => {
      // The text alternative stands for the drawing; the buttons over it stay within reach of a screen reader.
      for (const svg of this.figure.querySelectorAll(".main-svg")) svg.setAttribute("aria-hidden", "true");
    });
  }

  /**
   * Plotly's own coordinates of a click are those of its last hover, which lags behind a fast mouse.
   * @param {any} xaxis @param {any} yaxis @param {MouseEvent} event
   */
  clicked(xaxis, yaxis, event) {
    const { left, top } = this.figure.getBoundingClientRect();
    const x = event.clientX - left - xaxis._offset;
    const y = event.clientY - top - yaxis._offset;
    const inside = x >= 0 && x <= xaxis._length && y >= 0 && y <= yaxis._length;
    if (inside) this.trigger("point", { x: xaxis.p2d(x), y: yaxis.p2d(y) });
  }

  /** @param {string} problem what to say in place of the picture; empty: show the picture */
  say(problem) {
    this.message.textContent = problem && `The picture cannot be shown: ${problem} It says: ${this.picture.alt}`;
    this.message.hidden = !problem;
    this.figure.hidden = Boolean(problem);
  }

  remove() {
    this.removed = true;
    this.resizes.disconnect();
    waiting.delete(this);
    window.Plotly?.purge(this.figure);
  }
}

/** @param {string} url @returns {Promise<void>} fulfilled when window.Plotly is there */
function loadPlotly(url) {
  loading ??= fetchPlotly(url).catch((error) => {
    loading = undefined; // the next update tries again
    throw error;
  });
  return loading;
}

/** @param {string} url */
async function fetchPlotly(url) {
  if (window.Plotly) return;
  // Streamlit answers an unknown address with 200 and its own page; as a script that is an error in the console.
  const { headers } = await fetch(url, { method: "HEAD" });
  if (!headers.get("content-type")?.includes("javascript")) throw new Error(`no script at ${url}`);
  await new Promise((resolve, reject) => {
    const script = document.createElement("script");
    document.head.append(Object.assign(script, { src: url, onload: resolve, onerror: reject }));
  });
  if (!window.Plotly) throw new Error(`no Plotly in ${url}`);
}

/**
 * A copy of a figure with the theme's colours for `var(--st-...)` and the numbers in place.
 * @param {Picture["figure"]} figure @param {Ink} ink
 * @returns {{data: object[], layout: any} | undefined} undefined while a grid is still on its way
 */
function filledIn(figure, ink) {
  let complete = true;
  const copy = (value) => {
    if (typeof value === "string") return value.startsWith("var(--st-") ? ink(value.slice(9, -1)) : value;
    if (value === null || typeof value !== "object") return value;
    if (Array.isArray(value)) return value.map(copy);
    const encoded = value.digest ? findGrid(value.digest) : value;
    complete &&= Boolean(encoded);
    if (encoded?.bdata) return decode(encoded);
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, copy(item)]));
  };
  const filled = copy(figure);
  return complete ? filled : undefined;
}

/** @param {string} digest @returns {EncodedArray | undefined} */
function findGrid(digest) {
  for (const carrier of carried.values()) if (carrier.digest === digest) return carrier.grid;
}

/** @param {EncodedArray} encoded @returns {ArrayLike<any>} numbers, or rows of numbers */
function decode(encoded) {
  let array = decoded.get(encoded);
  if (!array) {
    const text = atob(encoded.bdata);
    const bytes = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
    const flat = new NUMBERS[encoded.dtype](bytes.buffer);
    const [rows, columns] = (encoded.shape ?? "").split(",").map(Number);
    array = columns
      ? Array.from({ length: rows }, (_, row) => flat.subarray(row * columns, (row + 1) * columns))
      : flat;
    decoded.set(encoded, array);
  }
  return array;
}

/**
 * A figure's template with the visitor's theme over it; what the figure itself says stays above both.
 * @param {object | undefined} template @param {Ink} ink
 */
function themed(template, ink) {
  const text = ink("text-color");
  const faint = ink("border-color");
  const axis = { gridcolor: faint, zerolinecolor: faint, linecolor: faint, tickcolor: faint, backgroundcolor: CLEAR };
  const bar = [{ colorbar: { outlinecolor: faint, tickcolor: faint } }];
  return merged(template ?? {}, {
    data: { contour: bar, heatmap: bar, surface: bar },
    layout: {
      font: { color: text, family: ink("font") },
      paper_bgcolor: CLEAR,
      plot_bgcolor: CLEAR,
      xaxis: axis,
      yaxis: axis,
      scene: { bgcolor: CLEAR, xaxis: axis, yaxis: axis, zaxis: axis },
      legend: { bgcolor: ink("background-color") },
      annotationdefaults: { arrowcolor: text },
      shapedefaults: { line: { color: text } },
      modebar: { bgcolor: CLEAR, color: text, activecolor: ink("primary-color") },
    },
  });
}

/** @param {any} below @param {any} above @returns {any} the deep union; `above` wins */
function merged(below, above) {
  if (!below || typeof above !== "object") return above;
  const union = Array.isArray(above) ? [...below] : { ...below };
  for (const name in above) union[name] = merged(below[name], above[name]);
  return union;
}
