// The picture as it is seen, as a PNG: Plotly's drawing, the paths over it and their labels, at twice the size.

export const SAVE = "Save as PNG";
const SCALE = 2;
const PAINT = [
  "display", "fill", "fill-opacity", "marker-end", "opacity", "stroke", "stroke-dasharray", "stroke-dashoffset",
  "stroke-linecap", "stroke-linejoin", "stroke-opacity", "stroke-width", "visibility",
];

/**
 * Let the visitor's browser save a picture.
 * @param {any} plotly
 * @param {HTMLElement & {_fullLayout: any}} figure Plotly's div
 * @param {SVGElement[]} overlays what is drawn over it
 * @param {HTMLElement[]} labels texts in boxes that lie over both
 * @param {string} background its colour
 */
export async function savePicture(plotly, figure, overlays, labels, background) {
  const { width, height } = figure._fullLayout;
  const url = await plotly.toImage(figure, { format: "svg", width, height });
  const canvas = Object.assign(document.createElement("canvas"), { width: SCALE * width, height: SCALE * height });
  const pen = canvas.getContext("2d");
  pen.scale(SCALE, SCALE);
  pen.fillStyle = background;
  pen.fillRect(0, 0, width, height);
  pen.drawImage(await loaded(url), 0, 0, width, height);
  const origin = figure.getBoundingClientRect();
  for (const overlay of overlays) {
    const box = overlay.getBoundingClientRect();
    const image = await loaded(asUrl(overlay, box.width, box.height));
    pen.drawImage(image, box.left - origin.left, box.top - origin.top, box.width, box.height);
  }
  for (const label of labels) write(pen, label, origin);
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: "picture.png" });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

/** @param {string} url @returns {Promise<HTMLImageElement>} */
async function loaded(url) {
  const image = Object.assign(new Image(), { src: url });
  await image.decode();
  return image;
}

/** A drawing as an image's address, with the style that the page gives it. @param {SVGElement} overlay */
function asUrl(overlay, width, height) {
  const copy = /** @type {SVGElement} */ (overlay.cloneNode(true));
  const originals = [overlay, ...overlay.querySelectorAll("*")];
  for (const [i, element] of [copy, ...copy.querySelectorAll("*")].entries()) {
    const style = getComputedStyle(originals[i]);
    for (const name of PAINT) element.style.setProperty(name, style.getPropertyValue(name));
  }
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.setAttribute("width", width);
  copy.setAttribute("height", height);
  return `data:image/svg+xml;charset=utf-8,${encodeURIComponent(new XMLSerializer().serializeToString(copy))}`;
}

/** Write a label where it stands. @param {CanvasRenderingContext2D} pen @param {HTMLElement} label @param {DOMRect} origin */
function write(pen, label, origin) {
  const box = label.getBoundingClientRect();
  const style = getComputedStyle(label);
  if (!box.width || style.visibility === "hidden") return;
  const [x, y] = [box.left - origin.left, box.top - origin.top];
  pen.fillStyle = style.backgroundColor;
  pen.fillRect(x, y, box.width, box.height);
  pen.strokeStyle = style.borderTopColor;
  pen.strokeRect(x, y, box.width, box.height);
  pen.fillStyle = style.color;
  pen.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
  pen.textBaseline = "middle";
  pen.fillText(label.textContent, x + parseFloat(style.paddingLeft), y + box.height / 2);
}
