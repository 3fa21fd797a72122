// Contours of a function while it changes: colours as an image, level lines as a path, on the grid of Plotly's own.

import { element } from "./stage.js";

/** @type {HTMLCanvasElement | undefined} */
let canvas;

/**
 * @param {SVGElement} group where it is drawn @param {any} trace Plotly's contour or heatmap
 * @param {(x: number, y: number) => number} value @param {any} xaxis @param {any} yaxis
 */
export function contour(group, trace, value, xaxis, yaxis) {
  const { x, y } = trace;
  const heights = drawnHeights(trace, value);
  if (!group.childElementCount) {
    element("image", { preserveAspectRatio: "none" }, group);
    element("path", { fill: "none", "stroke-width": "0.7" }, group);
  }
  const [image, path] = group.children;
  const [left, right] = [xaxis.d2p(x[0]), xaxis.d2p(x[x.length - 1])];
  const [bottom, top] = [yaxis.d2p(y[0]), yaxis.d2p(y[y.length - 1])];
  const [across, up] = [(right - left) / (x.length - 1), (bottom - top) / (y.length - 1)];
  const place = { x: left - across / 2, y: top - up / 2, width: right - left + across, height: bottom - top + up };
  for (const name in place) image.setAttribute(name, String(place[name]));
  image.setAttribute("href", painted(heights, x.length, y.length, colours(trace)));
  if (trace.type !== "contour") return;
  path.setAttribute("stroke", trace.line.color);
  const at = (column, row) => `${(left + across * column).toFixed(1)} ${(bottom - up * row).toFixed(1)}`;
  path.setAttribute("d", levelLines(heights, x.length, y.length, trace.contours, at));
}

/** @returns {Float64Array} row by row, by the logarithm where the server has drawn them so */
function drawnHeights({ x, y, meta }, value) {
  const heights = new Float64Array(x.length * y.length);
  let [i, low] = [0, Infinity];
  for (const v of y) {
    for (const u of x) {
      const height = value(u, v);
      if (height < low) low = height;
      heights[i++] = height;
    }
  }
  return meta?.unit ? heights.map((height) => Math.log1p((height - low) / meta.unit)) : heights;
}

/** @returns {Uint8ClampedArray} 256 colours of a trace's scale */
function colours({ colorscale }) {
  canvas ??= document.createElement("canvas");
  const [pen, table] = [canvas.getContext("2d", { willReadFrequently: true }), new Uint8ClampedArray(1024)];
  [canvas.width, canvas.height] = [256, 1];
  const blend = pen.createLinearGradient(0, 0, 256, 0);
  for (const [stop, color] of colorscale) blend.addColorStop(stop, color);
  pen.fillStyle = blend;
  pen.fillRect(0, 0, 256, 1);
  table.set(pen.getImageData(0, 0, 256, 1).data);
  return table;
}

/** @returns {string} the address of an image, a pixel a height, the first row at the bottom */
function painted(heights, columns, rows, table) {
  let [low, high] = [Infinity, -Infinity];
  for (const height of heights) {
    if (height < low) low = height;
    if (height > high && height < Infinity) high = height;
  }
  const pixels = new ImageData(columns, rows);
  const scale = 255 / (high - low || 1);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const height = heights[row * columns + column];
      if (Number.isNaN(height)) continue; // transparent
      const color = 4 * Math.round(Math.min(255, (height - low) * scale));
      const to = 4 * ((rows - 1 - row) * columns + column);
      for (let part = 0; part < 4; part++) pixels.data[to + part] = table[color + part];
    }
  }
  [canvas.width, canvas.height] = [columns, rows];
  canvas.getContext("2d").putImageData(pixels, 0, 0);
  return canvas.toDataURL();
}

/**
 * Level lines as path data, each cell cut where its edges cross a level.
 * @param {{start: number, end: number, size: number}} levels @param {(column: number, row: number) => string} at
 */
function levelLines(heights, columns, rows, { start, end, size }, at) {
  const parts = [];
  const cut = (a, b, level) => (level - a) / (b - a);
  for (let row = 0; row + 1 < rows; row++) {
    for (let column = 0; column + 1 < columns; column++) {
      const i = row * columns + column;
      const [a, b, c, d] = [heights[i], heights[i + 1], heights[i + columns + 1], heights[i + columns]];
      const [low, high] = [Math.min(a, b, c, d), Math.max(a, b, c, d)];
      if (!(high - low < Infinity)) continue;
      const first = Math.max(0, Math.ceil((low - start) / size));
      for (let level = start + first * size; level < high && level <= end + size / 2; level += size) {
        const crossings = [];
        if (a < level !== b < level) crossings.push(at(column + cut(a, b, level), row));
        if (b < level !== c < level) crossings.push(at(column + 1, row + cut(b, c, level)));
        if (c < level !== d < level) crossings.push(at(column + 1 - cut(c, d, level), row + 1));
        if (d < level !== a < level) crossings.push(at(column, row + 1 - cut(d, a, level)));
        for (let k = 0; k + 1 < crossings.length; k += 2) parts.push(`M${crossings[k]}L${crossings[k + 1]}`);
      }
    }
  }
  return parts.join("");
}
