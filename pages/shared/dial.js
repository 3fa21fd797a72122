// A slider that says where it is while it moves, to the pictures of the page, and to the server once it rests.

const FINE = "0.02"; // of the way from one place to the next, which a hand can point at; a key goes to the next one

export class Dial {
  /** @param {HTMLElement} parent */
  constructor(parent) {
    this.keys = new Set(); // that are down
    const label = document.createElement("label");
    label.className = "player-dial";
    label.innerHTML = '<span></span><output></output><input type="range" min="0"><i aria-hidden="true"></i>';
    [this.name, this.output, this.input, this.strip] = label.children;
    parent.append(label);
    this.input.addEventListener("input", () => this.moved());
    this.input.addEventListener("change", () => !this.keys.size && this.rest());
    this.input.addEventListener("pointerdown", () => (this.input.step = FINE));
    this.input.addEventListener("pointercancel", () => this.rest());
    this.input.addEventListener("keydown", ({ key }) => this.pressed(key));
    this.input.addEventListener("keyup", ({ key }) => this.let(key));
    this.input.addEventListener("blur", () => this.let());
    this.heard = ({ detail }) => detail.key === this.data.dial && this.band(detail.intervals);
    document.addEventListener("landscapes-band", this.heard);
  }

  /**
   * @param {{dial: string, name: string, help: string, value: number, places: number[] | null,
   *          span: [number, number, number] | null}} data the values that it takes, or their ends and how many parts
   * @param {(name: string, value: unknown) => void} trigger
   */
  update(data, trigger) {
    Object.assign(this, { data, trigger });
    this.name.textContent = data.name;
    this.input.setAttribute("aria-label", data.name);
    this.input.parentElement.title = this.input.ariaDescription = data.help;
    this.input.max = String(data.places ? data.places.length - 1 : data.span[2]);
    if (this.held) return;
    this.input.step = FINE;
    this.input.value = String(this.indexOf(data.value));
    this.tell(data.value);
  }

  /** @param {number} index also between two places; there the value is a round one @returns {number} */
  valueAt(index) {
    const { places, span } = this.data;
    if (places) {
      const [before, after] = [places[Math.floor(index)], places[Math.ceil(index)]];
      return before === after ? before : Number((before + (index % 1) * (after - before)).toPrecision(3));
    }
    const [low, high, parts] = span;
    const digits = Math.max(0, 1 - Math.floor(Math.log10((high - low) / parts)));
    return Number((low + ((high - low) * index) / parts).toFixed(Math.min(digits, 100)));
  }

  /** @param {number} value */
  indexOf(value) {
    const { places, span } = this.data;
    if (!places) return ((value - span[0]) / (span[1] - span[0])) * span[2];
    const after = places.findIndex((place) => place >= value);
    if (after < 1) return after ? places.length - 1 : 0;
    return after - (places[after] - value) / (places[after] - places[after - 1]);
  }

  /**
   * Mark intervals along the slider, in the place of those that the server has marked.
   * @param {[number, number][] | undefined} intervals undefined: the server's are right
   */
  band(intervals) {
    const theirs = document.querySelector(".radius-marks");
    if (!theirs) return;
    theirs.style.visibility = intervals ? "hidden" : "";
    const last = Number(this.input.max);
    const spans = (intervals ?? []).map(([low, high]) => {
      const [left, right] = [low, high].map((value) => (100 * Math.max(0, this.indexOf(value))) / last);
      const span = document.createElement("span");
      Object.assign(span.style, { left: `${left}%`, width: `${Math.max(0.5, right - left)}%` });
      return span;
    });
    this.strip.replaceChildren(...spans);
    if (!spans.length) return;
    const [from, to] = [this.strip.offsetParent, theirs].map((element) => element.getBoundingClientRect().top);
    this.strip.style.top = `${to - from}px`;
  }

  tell(value) {
    this.value = value;
    const text = String(Number(value.toPrecision(4))).replace("-", "−");
    this.output.textContent = text;
    this.input.setAttribute("aria-valuetext", text);
  }

  moved() {
    this.held = true;
    this.tell(this.valueAt(Number(this.input.value)));
    this.say();
  }

  /** Nothing holds it any longer. */
  rest() {
    if (!this.held) return;
    this.held = false;
    this.say();
    if (this.value !== this.data.value) this.trigger("value", this.value);
  }

  /** @param {string} key */
  pressed(key) {
    this.keys.add(key);
    this.input.step = "1"; // and the browser puts it on the nearest place
  }

  /** @param {string} [key] that was let go; none: all of them */
  let(key) {
    if (key) this.keys.delete(key);
    else this.keys.clear();
    if (!this.keys.size) this.rest();
  }

  say() {
    this.input.closest("[class*='st-key-dial-']")?.toggleAttribute("data-held", Boolean(this.held));
    const detail = { key: this.data.dial, value: this.value, held: this.held };
    document.dispatchEvent(new CustomEvent("landscapes-move", { detail }));
  }

  remove() {
    document.removeEventListener("landscapes-band", this.heard);
  }
}
