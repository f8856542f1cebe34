// The script of runner's reports. It adds what only a script can: the values at an instant, and zoom. It takes everything
// from the charts themselves, keeps nothing and fetches nothing; without it the page is whole.
(() => {
  "use strict";

  const SVG = "http://www.w3.org/2000/svg";

  const make = (name, attributes, space) => {
    const element = space ? document.createElementNS(space, name) : document.createElement(name);
    for (const [key, value] of Object.entries(attributes || {})) element.setAttribute(key, value);
    return element;
  };

  // Numbers as the page writes them.

  const short = (value, decimals) => {
    const text = value.toFixed(decimals);
    return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
  };

  // Three of them: a place in a chart is known no better.
  const figures = (value) => {
    const rounded = Number(value.toPrecision(3));
    return Math.abs(rounded) >= 100 ? rounded.toLocaleString("en-US") : String(rounded);
  };

  const duration = (seconds) => {
    const size = Math.abs(seconds);
    if (size >= 59.95) {
      const whole = Math.round(seconds);
      return `${Math.floor(whole / 60)} min ${whole % 60} s`;
    }
    for (const [unit, scale] of [["ns", 1e9], ["µs", 1e6], ["ms", 1e3]]) {
      if (size * scale < 999.5) return size === 0 ? "0 s" : `${figures(seconds * scale)} ${unit}`;
    }
    return `${figures(seconds)} s`;
  };

  const bytes = (value) => {
    const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
    let unit = 0;
    while (unit < units.length - 1 && Math.abs(value) >= 1023.5) {
      value /= 1024;
      unit += 1;
    }
    return `${unit === 0 ? Math.round(value) : figures(value)} ${units[unit]}`;
  };

  const written = {
    instant: (value) => duration(value),
    duration,
    bytes,
    count: (value) => figures(value),
    rate: (value) => `${figures(value)}/s`,
    tail: (value) => `${short(100 - 100 / Math.max(1, value), 4)}%`,
    run: () => "",
  };

  // An axis: from values to places between 0 and 1, and back.

  const axis = (text) => {
    const [unit, scale, from, to] = text.split(" ");
    const [low, high] = [Number(from), Number(to)];
    const isLog = scale === "logarithmic" && low > 0;
    return {
      unit,
      low,
      high,
      value: (place) => isLog ? low * (high / low) ** place : low + (high - low) * place,
      words: (value) => (written[unit] || String)(value),
    };
  };

  // "M1,2L3,4Z" as runs of points. A point that stands alone ends in "h0".
  const runs = (path) => (path.getAttribute("d") || "").split("M").slice(1).map((run) =>
    run.replace(/[Zh].*$/, "").split("L").map((point) => point.split(",").map(Number)));

  const between = (left, right, x) => {
    const width = right[0] - left[0];
    return width === 0 ? left[1] : left[1] + (right[1] - left[1]) * (x - left[0]) / width;
  };

  // The height of a line at x; null in a gap.
  const heightOf = (run, x) => {
    if (run.length === 0 || x < run[0][0] || x > run[run.length - 1][0]) return null;
    let low = 0;
    let high = run.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (run[middle][0] <= x) low = middle; else high = middle;
    }
    return between(run[low], run[high], x);
  };

  class Chart {
    constructor(figure) {
      this.figure = figure;
      this.plot = figure.querySelector("svg.plot");
      this.data = figure.querySelector("svg.data");
      this.x = axis(this.data.dataset.x);
      this.y = axis(this.data.dataset.y);
      this.height = Number(this.data.getAttribute("height"));
      this.from = 0;
      this.to = 1;
      this.layers = null;
      this.cursor = null;
      this.listen();
    }

    // Read when first asked for: a page has dozens of charts, and most are never touched.
    get lines() {
      if (this.layers) return this.layers;
      this.layers = [...this.data.querySelectorAll("path")].flatMap((path) => {
        const { line, area, bars } = path.dataset;
        const name = line || area || bars;
        if (!name) return [];
        return [{ name, kind: line ? "line" : area ? "area" : "bars", runs: runs(path) }];
      });
      return this.layers;
    }

    get isTime() { return this.x.unit === "instant"; }

    words(height) { return this.y.words(this.y.value(1 - height / this.height)); }

    // What each layer says at x, from 0 to 1000.
    read(x) {
      return this.lines.flatMap(({ name, kind, runs }) => {
        for (const run of runs) {
          if (kind === "line") {
            const height = heightOf(run, x);
            if (height !== null) return [[name, this.words(height)]];
          } else if (kind === "area") {
            const half = run.length / 2;
            const upper = heightOf(run.slice(0, half), x);
            const lower = heightOf(run.slice(half).reverse(), x);
            if (upper !== null && lower !== null) {
              return [[name, `${this.words(lower)} to ${this.words(upper)}`]];
            }
          } else if (run.length === 4 && run[0][0] <= x && x <= run[2][0]) {
            return [[name, this.words(run[1][1])]];
          }
        }
        return [];
      });
    }

    listen() {
      this.plot.setAttribute("tabindex", "0");
      this.plot.addEventListener("pointermove", (event) => this.point(this.placeOf(event)));
      this.plot.addEventListener("pointerleave", () => this.leave());
      this.plot.addEventListener("blur", () => this.leave());
      this.plot.addEventListener("keydown", (event) => this.key(event));
      if (!this.isTime) return;
      this.plot.addEventListener("pointerdown", (event) => {
        if (event.button === 0 && event.pointerType === "mouse") this.start = this.placeOf(event);
      });
      this.plot.addEventListener("pointerup", (event) => {
        const [start, end] = [this.start, this.placeOf(event)];
        this.start = undefined;
        this.mark();
        if (start !== undefined && Math.abs(end - start) > 0.02) {
          const inside = (place) => this.from + (this.to - this.from) * place;
          zoom(inside(Math.min(start, end)), inside(Math.max(start, end)));
        }
      });
      this.plot.addEventListener("dblclick", () => zoom(0, 1));
    }

    // From 0 to 1 across what is shown.
    placeOf(event) {
      const box = this.plot.getBoundingClientRect();
      return Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    }

    key(event) {
      const step = event.shiftKey ? 0.05 : 0.005;
      const moves = { ArrowLeft: -step, ArrowRight: step };
      if (event.key in moves) {
        this.point(Math.min(1, Math.max(0, (this.place ?? 0.5) + moves[event.key])));
        event.preventDefault();
      } else if (event.key === "Escape") {
        this.leave();
        if (this.isTime) zoom(0, 1);
      }
    }

    point(place) {
      this.place = place;
      const share = this.from + (this.to - this.from) * place;
      const found = this.read(share * 1000);
      if (!this.cursor) {
        this.cursor = make("line", { class: "cursor", y1: "0" }, SVG);
        this.tip = make("div", { class: "tip", role: "status" });
        this.figure.append(this.tip);
      }
      const bottom = Number(this.data.getAttribute("y")) + this.height;
      for (const key of ["x1", "x2"]) this.cursor.setAttribute(key, `${place * 100}%`);
      this.cursor.setAttribute("y2", String(bottom));
      this.plot.append(this.cursor);
      this.mark();

      const at = this.x.words(this.x.value(share));
      this.tip.replaceChildren(...[at && ["", at], ...found].filter(Boolean).map(([name, value]) => {
        const row = make("div");
        const label = make("span");
        const number = make("b");
        label.textContent = name;
        number.textContent = value;
        row.append(label, number);
        return row;
      }));
      const box = this.plot.getBoundingClientRect();
      const home = this.figure.getBoundingClientRect();
      const x = box.left - home.left + place * box.width;
      this.tip.style.top = `${box.top - home.top + 8}px`;
      const isRight = place > 0.6;
      this.tip.style.left = isRight ? "auto" : `${x + 12}px`;
      this.tip.style.right = isRight ? `${home.width - x + 12}px` : "auto";
      this.tip.hidden = found.length === 0;
    }

    leave() {
      this.start = undefined;
      this.mark();
      if (this.cursor) this.cursor.remove();
      if (this.tip) this.tip.remove();
      this.cursor = null;
      this.tip = null;
    }

    // The stretch that is being dragged over.
    mark() {
      const isWide = this.start !== undefined && Math.abs((this.place ?? 0) - this.start) > 0.005;
      if (!isWide) {
        if (this.stretch) this.stretch.remove();
        this.stretch = null;
        return;
      }
      if (!this.stretch) {
        this.stretch = make("rect", { class: "stretch", y: this.data.getAttribute("y") }, SVG);
        this.stretch.setAttribute("height", String(this.height));
        this.plot.append(this.stretch);
      }
      this.stretch.setAttribute("x", `${Math.min(this.start, this.place) * 100}%`);
      this.stretch.setAttribute("width", `${Math.abs(this.start - this.place) * 100}%`);
    }

    // Shows the part from one share of the time axis to another.
    show(from, to) {
      [this.from, this.to] = [from, to];
      this.leave();
      this.data.setAttribute(
        "viewBox", `${from * 1000} 0 ${(to - from) * 1000} ${this.height}`);
      this.moved = this.moved || [...this.plot.querySelectorAll("g.moves > *")].map((element) => ({
        element,
        x: ["x", "x1", "x2"].filter((key) => element.hasAttribute(key))
          .map((key) => [key, parseFloat(element.getAttribute(key)) / 100]),
        width: parseFloat(element.getAttribute("width") || "0") / 100,
      }));
      for (const { element, x, width } of this.moved) {
        const place = (value) => (value - from) / (to - from);
        const start = place(x[0][1]);
        const end = place(x[0][1] + width);
        const isOutside = width > 0 ? end <= 0 || start >= 1 : start < 0 || start > 1;
        element.style.display = isOutside ? "none" : "";
        const left = Math.max(0, start);
        for (const [key] of x) element.setAttribute(key, `${(width > 0 ? left : start) * 100}%`);
        if (width > 0) element.setAttribute("width", `${(Math.min(1, end) - left) * 100}%`);
      }
      this.name(from, to);
    }

    // Instants below the chart. Those of the whole run are kept as they came.
    name(from, to) {
      const group = this.plot.querySelector("g.instants");
      this.whole = this.whole || [...group.childNodes];
      if (from === 0 && to === 1) {
        group.replaceChildren(...this.whole);
        return;
      }
      const [low, high] = [this.x.value(from), this.x.value(to)];
      const rough = (high - low) / 5;
      const power = 10 ** Math.floor(Math.log10(rough));
      const step = [1, 2, 5, 10].map((factor) => factor * power).find((value) => value >= rough);
      const [tick, text] = ["line", "text"].map((name) =>
        this.whole.find((node) => node.nodeName === name));
      const nodes = [];
      for (let value = Math.ceil(low / step) * step; value <= high; value += step) {
        const place = `${(value - low) / (high - low) * 100}%`;
        const [line, label] = [tick.cloneNode(), text.cloneNode()];
        line.setAttribute("x1", place);
        line.setAttribute("x2", place);
        label.setAttribute("x", place);
        label.textContent = this.x.words(Number(value.toPrecision(12)));
        nodes.push(line, label);
      }
      group.replaceChildren(...nodes);
    }
  }

  // Charts of one time axis show the same stretch of it.

  let charts = [];
  let reset = null;

  const zoom = (from, to) => {
    if (to - from < 1e-4) return;
    for (const chart of charts) if (chart.isTime) chart.show(from, to);
    const isWhole = from === 0 && to === 1;
    if (!isWhole && !reset) {
      reset = make("button", { type: "button", class: "reset" });
      reset.textContent = "Show the whole run";
      reset.addEventListener("click", () => zoom(0, 1));
      document.body.append(reset);
    } else if (isWhole && reset) {
      reset.remove();
      reset = null;
    }
  };

  const start = () => {
    charts = [...document.querySelectorAll("figure.chart")].map((figure) => new Chart(figure));
  };

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
