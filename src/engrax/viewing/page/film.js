// The film: every step of the episode as a small picture, as bright as it is recalled now.
engrax.film = (() => {
  const { make, sized, hatch, clamp, missing } = engrax.dom;
  const { measures } = engrax;
  const TALLEST = 400;
  const WIDEST = 84;
  const NARROWEST = 24;
  const GAP = 2;
  const BAR = 5;
  // How much of a picture is covered: without any attention, and when it is still to come.
  const DIM = 0.66;
  const DIM_FUTURE = 0.85;
  const DRAG_PIXELS = 5;

  // The largest pictures with which the whole episode fits; rows hold whole chunks.
  function layOut(run, width) {
    const chunk = run.chunks && run.chunks.length > 1 ? run.chunks[1] - run.chunks[0] : 0;
    for (let size = WIDEST; ; size--) {
      let columns = Math.min(Math.max(Math.floor((width - GAP) / size), 1), run.length);
      if (chunk && columns > chunk) columns -= columns % chunk;
      const picture = Math.max(Math.round((size - GAP) * engrax.sheet.ratio(run)), 4);
      const height = Math.ceil(run.length / columns) * (picture + BAR + 2 * GAP) + GAP;
      if (height <= TALLEST || size <= NARROWEST) {
        return { columns, cell: size, picture, line: picture + BAR + 2 * GAP, height };
      }
    }
  }

  function create() {
    const canvas = make("canvas", {
      class: "film",
      tabindex: "0",
      role: "slider",
      "aria-label": "Film of the episode. Arrow keys choose a step, Enter pins it.",
      "aria-valuemin": "0",
    });
    const root = make("div", { class: "film-frame" }, canvas);
    const even = make("input", {
      type: "checkbox",
      onchange: () => engrax.set({ evenFilm: even.checked }),
    });
    const evenChoice = make(
      "label",
      { class: "choice", title: "Show all frames of the past at full brightness" },
      even,
      make("span", { text: "even brightness" }),
    );
    const base = make("canvas");
    let scene = null;
    let layout = null;
    let width = 0;
    let cursor = null;
    let dragging = null;

    const place = (s) => [
      (s % layout.columns) * layout.cell + GAP,
      Math.floor(s / layout.columns) * layout.line + GAP,
    ];

    function stepAt(event) {
      const box = canvas.getBoundingClientRect();
      const column = clamp(
        Math.floor((event.clientX - box.left) / layout.cell),
        0,
        layout.columns - 1,
      );
      const row = Math.floor((event.clientY - box.top) / layout.line);
      return clamp(row * layout.columns + column, 0, scene.run.length - 1);
    }

    // A past frame is pinned; the present and later ones are gone to.
    function choose(step) {
      if (step < scene.t) engrax.pin(step);
      else engrax.go(step);
    }

    function setCursor(step) {
      cursor = clamp(step, 0, scene.run.length - 1);
      canvas.setAttribute("aria-valuenow", String(cursor));
      canvas.setAttribute("aria-valuetext", engrax.timeline.describe(scene, cursor));
      engrax.refresh("cursor");
    }

    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      dragging = { x: event.clientX, y: event.clientY, moved: false };
    });
    canvas.addEventListener("pointermove", (event) => {
      const step = stepAt(event);
      engrax.sheet.showPreview(scene.run, step, engrax.timeline.describe(scene, step), event);
      if (!dragging) return;
      dragging.moved ||=
        Math.hypot(event.clientX - dragging.x, event.clientY - dragging.y) > DRAG_PIXELS;
      if (dragging.moved) engrax.go(step);
    });
    canvas.addEventListener("pointerup", (event) => {
      if (dragging && !dragging.moved) choose(stepAt(event));
      dragging = null;
    });
    canvas.addEventListener("pointercancel", () => {
      dragging = null;
    });
    canvas.addEventListener("pointerleave", engrax.sheet.hidePreview);
    // After a click the arrow keys go on to move the step; the film has its own mark after Tab.
    canvas.addEventListener("focus", () => {
      if (canvas.matches(":focus-visible"))
        setCursor(engrax.state.pinned ?? scene.ranked[0]?.first ?? scene.t);
    });
    canvas.addEventListener("blur", () => {
      cursor = null;
      engrax.refresh("cursor");
    });
    canvas.addEventListener("keydown", (event) => {
      const moves = {
        ArrowLeft: -1,
        ArrowRight: 1,
        ArrowUp: -layout.columns,
        ArrowDown: layout.columns,
        Home: -scene.run.length,
        End: scene.run.length,
      };
      if (cursor === null) return;
      if (event.key === "Enter") choose(cursor);
      else if (event.key in moves && !event.shiftKey) setCursor(cursor + moves[event.key]);
      else return;
      event.preventDefault();
    });

    // The undimmed pictures: drawn once for an episode and a width.
    function drawBase() {
      const { run } = scene;
      const context = sized(base, width, layout.height);
      context.clearRect(0, 0, width, layout.height);
      for (let s = 0; s < run.length; s++) {
        const [x, y] = place(s);
        engrax.sheet.draw(context, run, s, x, y, layout.cell - GAP, layout.picture);
      }
    }

    function cover(context, s, largest) {
      const { run, t, shown } = scene;
      const [x, y] = place(s);
      const size = layout.cell - GAP;
      if (s === t) return;
      const value = s < t && shown ? measures.at(shown, t, s) : NaN;
      const share = missing(value) ? 0 : Math.abs(value) / largest;
      const gone = s < t && run.visible && !run.visible[t * run.length + s];
      const dim = s > t || gone ? DIM_FUTURE : shown ? DIM * (1 - Math.sqrt(share)) : 0;
      context.globalAlpha = engrax.state.evenFilm && s < t ? 0 : dim;
      context.fillStyle = gone ? "#464a52" : "#121419";
      context.fillRect(x, y, size, layout.picture);
      context.globalAlpha = 1;
      if (gone) {
        context.fillStyle = hatch(context);
        context.fillRect(x, y, size, layout.picture);
      }
      if (share * size < 0.5) return;
      const colour = shown.signed ? (value > 0 ? "#f59b3f" : "#5aa9ff") : "#fee838";
      context.fillStyle = colour;
      context.fillRect(x, y + layout.picture + 1, share * size, BAR - 1);
      context.globalAlpha = share;
      context.strokeStyle = colour;
      context.lineWidth = 1;
      context.strokeRect(x + 0.5, y + 0.5, size - 1, layout.picture - 1);
      context.globalAlpha = 1;
    }

    // Where the pinned step is recalled: a bar at the top of later frames.
    function drawColumn(context) {
      const { run, shown } = scene;
      const { pinned } = engrax.state;
      let largest = 0;
      const value = (step) => Math.abs(measures.at(shown, step, pinned));
      for (let step = pinned + 1; step < run.length; step++)
        if (value(step) > largest) largest = value(step);
      context.fillStyle = "#f28fd5";
      for (let step = pinned + 1; largest > 0 && step < run.length; step++) {
        const [x, y] = place(step);
        const length = (value(step) / largest) * (layout.cell - GAP);
        if (length > 0.5) context.fillRect(x, y, length, BAR - 1);
      }
    }

    function outline(context, s, colour, dash = []) {
      const [x, y] = place(s);
      context.setLineDash(dash);
      context.lineWidth = 2;
      context.strokeStyle = colour;
      context.strokeRect(x + 0.5, y + 0.5, layout.cell - GAP - 1, layout.picture - 1);
      context.setLineDash([]);
    }

    function drawRanks(context) {
      if (layout.cell < 26 || scene.chunked) return;
      context.font = "bold 11px system-ui, sans-serif";
      context.textAlign = "left";
      context.textBaseline = "top";
      scene.ranked.forEach(({ first }, index) => {
        const [x, y] = place(first);
        context.fillStyle = "rgba(0, 0, 0, 0.75)";
        context.fillRect(x, y + layout.picture - 13, 12, 13);
        context.fillStyle = "#ffffff";
        context.fillText(String(index + 1), x + 3, y + layout.picture - 12);
      });
    }

    function drawChunkBorders(context) {
      context.fillStyle = "#e8eaee";
      for (const first of scene.run.chunks) {
        const [x, y] = place(first);
        context.fillRect(x - GAP, y, GAP, layout.line - GAP - 1);
      }
    }

    function draw() {
      const { run, t, shown } = scene;
      const { pinned } = engrax.state;
      const context = sized(canvas, width, layout.height);
      context.clearRect(0, 0, width, layout.height);
      context.drawImage(base, 0, 0, width, layout.height);
      const largest = shown ? measures.rowScale(shown, t) : 1;
      for (let s = 0; s < run.length; s++) cover(context, s, largest);
      if (run.chunks) drawChunkBorders(context);
      drawRanks(context);
      if (pinned !== null && pinned < run.length) {
        if (shown) drawColumn(context);
        outline(context, pinned, "#f28fd5");
      }
      outline(context, t, "#ffffff");
      if (cursor !== null) outline(context, Math.min(cursor, run.length - 1), "#ffffff", [4, 3]);
    }

    function update(next, changed) {
      scene = next;
      if (changed.has("episode") || changed.has("size")) {
        width = root.clientWidth;
        layout = layOut(scene.run, width);
        canvas.setAttribute("aria-valuemax", String(scene.run.length - 1));
        drawBase();
      }
      even.checked = engrax.state.evenFilm;
      if (cursor === null) canvas.setAttribute("aria-valuenow", String(scene.t));
      draw();
    }

    return {
      root,
      evenChoice,
      update,
      place: (s) => ({
        left: place(s)[0],
        top: place(s)[1],
        size: layout.cell - GAP,
        line: layout.line,
      }),
    };
  }

  return { create };
})();
