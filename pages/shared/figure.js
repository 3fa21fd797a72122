// Figures as plotly.js takes them: numbers decoded, grids put in, the visitor's theme over the template.

/**
 * @typedef {{dtype: keyof typeof NUMBERS, bdata: string, shape?: string}} EncodedArray
 * @typedef {{data: any[], layout: any}} Figure
 * @typedef {(name: string) => string} Ink a colour or font of the visitor's theme: ink("text-color")
 */

const NUMBERS = {
  i1: Int8Array, u1: Uint8Array, i2: Int16Array, u2: Uint16Array,
  i4: Int32Array, u4: Uint32Array, f4: Float32Array, f8: Float64Array,
};
const CLEAR = "rgba(0,0,0,0)";
const RAISED = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };

/** @type {Map<HTMLElement, {digest: string, grid: EncodedArray}>} Grids, for as long as their elements live. */
export const carried = new Map();
/** @type {WeakMap<EncodedArray, ArrayLike<any>>} Decoded once: Plotly computes anew whatever is not the same object. */
const decoded = new WeakMap();
/** @type {Map<string, Promise<any>>} Parts of plotly.js, by their addresses. */
const loading = new Map();

/** @param {string} url of the part that draws the figure @returns {Promise<any>} Plotly */
export function loadPlotly(url) {
  if (!loading.has(url)) {
    const part = fetchPlotly(url);
    loading.set(url, part);
    part.catch(() => loading.delete(url)); // the next update tries again
  }
  return loading.get(url);
}

/** @param {string} url @returns {Promise<any>} */
async function fetchPlotly(url) {
  // Streamlit answers an unknown address with 200 and its own page; as a script that is an error in the console.
  const { headers } = await fetch(url, { method: "HEAD" });
  if (!headers.get("content-type")?.includes("javascript")) throw new Error(`no script at ${url}`);
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    // Before another part takes the name.
    const loaded = () => (window.Plotly ? resolve(window.Plotly) : reject(new Error(`no Plotly in ${url}`)));
    document.head.append(Object.assign(script, { src: url, onload: loaded, onerror: reject }));
  });
}

/**
 * A copy of a figure with the theme's colours for `var(--st-...)` and the numbers in place.
 * @param {Figure} figure @param {Ink} ink
 * @returns {{data: object[], layout: any} | undefined} undefined while a grid is still on its way
 */
export function filledIn(figure, ink) {
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

/** @param {string} digest @returns {string | undefined} a text that came as grids do */
export const findText = (digest) => findGrid(digest);

/** @param {Record<string, any>} parts @returns {Record<string, any>} with what came as grids do in its place */
export function filled(parts) {
  return Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, part?.digest ? findGrid(part.digest) : part]));
}

/** @param {EncodedArray} encoded @returns {ArrayLike<any>} numbers, or rows of numbers */
export function decode(encoded) {
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
export function themed(template, ink) {
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
export function merged(below, above) {
  if (!below || typeof above !== "object") return above;
  const union = Array.isArray(above) ? [...below] : { ...below };
  for (const name in above) union[name] = merged(below[name], above[name]);
  return union;
}

/**
 * Where an event was, in the axes' coordinates. Plotly's own coordinates of a click are those of its last hover, which
 * lags behind a fast mouse.
 * @param {HTMLElement} figure @param {{xaxis: any, yaxis: any}} axes @param {MouseEvent} event
 * @returns {{x: number, y: number} | undefined} nothing outside the axes
 */
export function clicked(figure, { xaxis, yaxis }, event) {
  const { left, top } = figure.getBoundingClientRect();
  const x = event.clientX - left - xaxis._offset;
  const y = event.clientY - top - yaxis._offset;
  const inside = x >= 0 && x <= xaxis._length && y >= 0 && y <= yaxis._length;
  return inside ? { x: xaxis.p2d(x), y: yaxis.p2d(y) } : undefined;
}

/** @param {number} value @returns {string} three significant digits, as in the verdicts */
export function number(value) {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "undefined" : value > 0 ? "infinity" : "−infinity";
  if (value === 0) return "0";
  const [mantissa, power] = value.toExponential(2).split("e"); // rounded, so that 0.0099999 is 0.0100
  const exponent = Number(power);
  if (exponent >= -3 && exponent < 5) {
    const digits = Math.max(0, 2 - exponent);
    const format = { minimumFractionDigits: digits, maximumFractionDigits: digits, roundingMode: "halfEven" };
    return value.toLocaleString("en-US", format).replace("-", "−");
  }
  const raised = String(exponent).replace(/./g, (digit) => RAISED[digit]);
  return `${mantissa.replace("-", "−")}·10${raised}`;
}
