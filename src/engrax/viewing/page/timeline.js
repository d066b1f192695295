// The episode in one line: how strongly each past step is recalled now, and the pinned one later.
engrax.timeline = (() => {
  const { make, setText, sized, hatch, clamp, percent, number, signed, missing, tickStep } = engrax.dom;
  const { measures, colours } = engrax;
  const PINNED_HEIGHT = 34;
  const BARS_HEIGHT = 58;
  const CHUNK_HEIGHT = 15;
  const EVENTS_HEIGHT = 10;
  const AXIS_HEIGHT = 18;

  // What the shown measure says of a past step, in words.
  function describe(scene, s) {
    const { run, t, shown } = scene;
    if (s === t) return `step ${s}, the present one`;
    if (s > t) return `step ${s}, still to come`;
    const gone = run.visible && !run.visible[t * run.length + s];
    const ago = `step ${s}, ${t - s} ago${gone ? ", no longer in memory" : ""}`;
    if (!shown || (gone && shown.name !== "saliency")) return ago;
    const value = measures.at(shown, t, s);
    if (missing(value)) return `${ago}: not measured`;
    if (shown.signed) return `${ago}: effect ${signed(value)}`;
    const share =
      shown.name === "saliency" ? value / (measures.rowTotals(shown, t).sum || 1) : value;
    return `${ago}: ${shown.name} ${percent(share)}`;
  }

  // What the shown measure says of a chunk; null for one that is still to come.
  function chunkLabel({ run, t, shown }, chunk) {
    const first = run.chunks[chunk];
    if (!shown || first >= t) return null;
    const last = Math.min((run.chunks[chunk + 1] ?? run.length) - 1, t - 1);
    const value = measures.itemValue(shown, t, { first, last }, measures.rowTotals(shown, t));
    if (missing(value)) return null;
    return shown.signed ? signed(value) : percent(value);
  }

  // The largest value of the pinned step, to which the pink bars are drawn.
  function pinnedWords(shown, largest) {
    if (!(largest > 0)) return "pink: nothing";
    if (shown.signed) return `pink: up to ±${number(largest)}`;
    return `pink: up to ${shown.name === "saliency" ? number(largest, 3) : percent(largest)}`;
  }

  const barColour = (signed, value) =>
    colours.css(signed ? (value > 0 ? "--positive" : "--negative") : "--share");

  function create() {
    const canvas = make("canvas", {
      class: "timeline",
      tabindex: "0",
      role: "slider",
      "aria-label": "Timeline of the episode",
      "aria-orientation": "horizontal",
      "aria-valuemin": "0",
      title: "Drag to move through the episode",
    });
    const kinds = make("span", { class: "legend kinds" });
    const pink = make("span", { class: "pink" });
    const root = make(
      "div",
      { class: "strip" },
      canvas,
      make("div", { class: "legend" }, kinds, pink),
    );
    let scene = null;
    let width = 0;

    const stepAt = (event) => {
      const share = (event.clientX - canvas.getBoundingClientRect().left) / width;
      return clamp(Math.floor(share * scene.run.length), 0, scene.run.length - 1);
    };
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      engrax.go(stepAt(event));
    });
    canvas.addEventListener("pointermove", (event) => {
      const step = stepAt(event);
      if (event.buttons) engrax.go(step);
      engrax.sheet.showPreview(scene.run, step, describe(scene, step), event);
    });
    canvas.addEventListener("pointerleave", engrax.sheet.hidePreview);

    // Bars of one row or column of the matrix, from the top or, if signed, from the middle.
    function drawBars(context, value, signed, top, height, colour) {
      const { run } = scene;
      const unit = width / run.length;
      const sizes = Array.from({ length: run.length }, (_, s) => value(s));
      const most = sizes.reduce((most, size) => (Math.abs(size) > most ? Math.abs(size) : most), 0);
      const largest = measures.scaleOf(most, signed);
      const base = signed ? top + height / 2 : top + height;
      const room = signed ? height / 2 : height;
      sizes.forEach((size, s) => {
        const bar = (size / largest) * room;
        if (!(Math.abs(bar) > 0.2)) return;
        context.fillStyle = colour(size);
        context.fillRect(s * unit, base - bar, Math.max(unit - (unit > 4 ? 1 : 0), 1), bar);
      });
      context.fillStyle = colours.css("--quiet");
      context.fillRect(0, base, width, 0.5);
      return most;
    }

    function drawHidden(context, top, height) {
      const { run, t } = scene;
      const unit = width / run.length;
      if (!run.visible) return;
      context.fillStyle = hatch(context);
      for (let s = 0; s < t; s++) {
        if (!run.visible[t * run.length + s]) context.fillRect(s * unit, top, unit + 0.3, height);
      }
    }

    function drawChunks(context, top) {
      const { run } = scene;
      const unit = width / run.length;
      run.chunks.forEach((first, chunk) => {
        const last = (run.chunks[chunk + 1] ?? run.length) - 1;
        const [x, size] = [first * unit, (last + 1 - first) * unit];
        context.fillStyle = colours.css("--line");
        context.fillRect(x, 0, 1, top + CHUNK_HEIGHT);
        const text = chunkLabel(scene, chunk);
        if (size < 26 || text === null) return;
        context.fillStyle = colours.css("--text");
        context.fillText(
          size < 90 ? text : `chunk ${chunk}: ${text}`,
          x + size / 2,
          top + CHUNK_HEIGHT / 2,
          size - 2,
        );
      });
    }

    function drawEvents(context, top) {
      const { run } = scene;
      const unit = width / run.length;
      run.events.of.forEach((kind, s) => {
        context.fillStyle = colours.kind(kind);
        context.fillRect(s * unit, top + 1, unit + 0.3, EVENTS_HEIGHT - 5);
      });
    }

    function showKinds({ events }) {
      const present = events ? [...new Set(events.of)].sort((one, other) => one - other) : [];
      kinds.replaceChildren(
        ...present.map((kind) => {
          const swatch = make("span", { class: "swatch" });
          swatch.style.background = colours.kind(kind);
          return make("span", { class: "kind" }, swatch, events.names[kind]);
        }),
      );
    }

    function drawAxis(context, top) {
      const { run } = scene;
      const unit = width / run.length;
      context.fillStyle = colours.css("--quiet");
      const every = tickStep(run.length, width / 50);
      for (let s = 0; s < run.length; s += every)
        context.fillText(String(s), clamp((s + 0.5) * unit, 5, width - 10), top + 9);
      if (run.effective.every(Boolean)) return;
      context.fillStyle = colours.css("--accent");
      for (const s of measures.decisions(run))
        context.fillRect(s * unit, top - 3, Math.max(unit, 2), 3);
    }

    function drawMark(context, s, colour, height) {
      const unit = width / scene.run.length;
      context.strokeStyle = colour;
      context.lineWidth = 2;
      context.strokeRect(s * unit - 0.5, 1, Math.max(unit, 2) + 1, height - 2);
    }

    function draw() {
      const { run, t, shown } = scene;
      const { pinned } = engrax.state;
      const showPinned = pinned !== null && shown !== null && pinned < run.length;
      const barsTop = showPinned ? PINNED_HEIGHT : 0;
      const chunksTop = barsTop + BARS_HEIGHT + 4;
      const eventsTop = chunksTop + (run.chunks ? CHUNK_HEIGHT : 0);
      const axisTop = eventsTop + (run.events ? EVENTS_HEIGHT : 0);
      const context = sized(canvas, width, axisTop + AXIS_HEIGHT);
      context.clearRect(0, 0, width, axisTop + AXIS_HEIGHT);
      context.font = "11px system-ui, sans-serif";
      context.textAlign = "center";
      context.textBaseline = "middle";
      drawHidden(context, barsTop, BARS_HEIGHT);
      if (run.chunks) drawChunks(context, chunksTop);
      if (run.events) drawEvents(context, eventsTop);
      pink.hidden = !showPinned;
      if (showPinned) {
        const later = (step) => (step > pinned ? measures.at(shown, step, pinned) : NaN);
        const pinColour = () => colours.css("--pin");
        const largest = drawBars(context, later, shown.signed, 2, PINNED_HEIGHT - 6, pinColour);
        setText(pink, pinnedWords(shown, largest));
        drawMark(context, pinned, colours.css("--pin"), axisTop - 2);
      }
      if (shown) {
        const now = (s) => (s < t ? measures.at(shown, t, s) : NaN);
        drawBars(context, now, shown.signed, barsTop + 2, BARS_HEIGHT - 2, (value) =>
          barColour(shown.signed, value),
        );
      }
      drawAxis(context, axisTop);
      drawMark(context, t, colours.css("--accent"), axisTop - 2);
    }

    function update(next, changed) {
      scene = next;
      if (changed.has("episode") || changed.has("size")) width = root.clientWidth;
      if (changed.has("episode")) showKinds(scene.run);
      draw();
      canvas.setAttribute("aria-valuemax", String(scene.run.length - 1));
      canvas.setAttribute("aria-valuenow", String(scene.t));
    }

    const labels = () => scene.run.chunks.map((_, chunk) => chunkLabel(scene, chunk));

    return { root, update, labels };
  }

  return { create, describe };
})();
