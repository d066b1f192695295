// Elements, canvases and the format of numbers.
engrax.dom = (() => {
  const byId = (id) => document.getElementById(id);

  // An element. Properties: "text" is its text, "on…" a listener, all others are attributes.
  function make(tag, properties = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(properties)) {
      if (name === "text") element.textContent = value;
      else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else if (value !== null && value !== false) element.setAttribute(name, value);
    }
    element.append(...children);
    return element;
  }

  function button(text, label, onclick, properties = {}) {
    return make("button", {
      type: "button",
      "aria-label": label,
      title: label,
      text,
      onclick,
      ...properties,
    });
  }

  // Text nodes are replaced only when the text differs: scrubbing calls this often.
  function setText(element, text) {
    if (element.textContent !== text) element.textContent = text;
  }

  function fillSelect(select, options, chosen) {
    select.replaceChildren(
      ...options.map(([value, text]) =>
        make("option", { value, text, selected: value === chosen }),
      ),
    );
  }

  // A labelled <select>; `options` are pairs of a value and a text.
  function select(label, options, chosen, onchange) {
    const element = make("select", {
      "aria-label": label,
      onchange: () => onchange(element.value),
    });
    fillSelect(element, options, chosen);
    return make("label", { class: "choice" }, make("span", { text: label }), element);
  }

  // Sets the size of a canvas in CSS pixels and returns its context, scaled to them.
  function sized(canvas, width, height) {
    const ratio = window.devicePixelRatio || 1;
    const [w, h] = [
      Math.max(1, Math.round(width * ratio)),
      Math.max(1, Math.round(height * ratio)),
    ];
    if (canvas.width !== w || canvas.height !== h) {
      canvas.width = w;
      canvas.height = h;
      canvas.style.height = `${height}px`;
    }
    const context = canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    return context;
  }

  let hatched = null;
  function hatch(context) {
    if (!hatched) {
      const tile = make("canvas", { width: 6, height: 6 });
      const pen = tile.getContext("2d");
      pen.strokeStyle = "rgba(150, 156, 168, 0.75)";
      pen.lineWidth = 1;
      for (const start of [-6, 0, 6]) {
        pen.moveTo(start, 6);
        pen.lineTo(start + 6, 0);
      }
      pen.stroke();
      hatched = tile;
    }
    return context.createPattern(hatched, "repeat");
  }

  const missing = (value) => value === null || Number.isNaN(value);
  const percent = (value) => {
    if (missing(value)) return "–";
    const share = 100 * value;
    return `${share > 0 && share < 9.95 ? share.toFixed(1) : share.toFixed(0)} %`;
  };
  const number = (value, digits = 2) =>
    missing(value) ? "–" : value.toFixed(digits).replace("-", "−");
  const signed = (value) => (value > 0 ? "+" : "") + number(value);
  const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;
  const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

  // A step of an axis (1, 2 or 5 times a power of ten) that gives at most `most` ticks.
  function tickStep(range, most) {
    const rough = Math.max(range / Math.max(most, 1), 1);
    const power = 10 ** Math.floor(Math.log10(rough));
    return power * [1, 2, 5, 10].find((factor) => factor * power >= rough);
  }

  return {
    byId,
    make,
    button,
    setText,
    select,
    fillSelect,
    sized,
    hatch,
    missing,
    percent,
    number,
    signed,
    plural,
    clamp,
    tickStep,
  };
})();
