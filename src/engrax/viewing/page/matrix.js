// The whole matrix: one row for each step, one column for each past step.
engrax.matrix = (() => {
  const { make, clamp, percent, number, missing } = engrax.dom;
  const { measures, colours } = engrax;
  const TALLEST = 460;

  // The colour of steps that left the memory (alpha, blue, green, red).
  const goneColour = () => (colours.isDark() ? 0xff2f2a26 : 0xffd6d2ce);

  // Colour number of a value; square roots make small shares visible.
  function shade(value, limit, signed) {
    const size = Math.sqrt(Math.min(Math.abs(value) / limit, 1));
    return Math.round(255 * (signed ? (1 + Math.sign(value) * size) / 2 : size));
  }

  // Each step to its own colours if `perStep`; cells without a value stay clear.
  function paint(image, run, matrix, perStep) {
    const { length, signed } = matrix;
    image.width = length;
    image.height = length;
    const context = image.getContext("2d");
    const pixels = context.createImageData(length, length);
    const target = new Uint32Array(pixels.data.buffer);
    const map = colours.map(signed);
    const gone = goneColour();
    const attention = matrix.name === "attention";
    for (let t = 0; t < length; t++) {
      const limit = perStep ? measures.rowScale(matrix, t) : matrix.limit() || 1;
      for (let s = 0; s <= t; s++) {
        const at = t * length + s;
        const value = matrix.values[at];
        if (attention && run.visible && !run.visible[at] && s < t) target[at] = gone;
        else if (!missing(value)) target[at] = map[shade(value, limit, signed)];
      }
    }
    context.putImageData(pixels, 0, 0);
  }

  // The words at both ends of the colour scale.
  function legendEnds(matrix, perStep) {
    const limit = perStep ? "" : number(matrix.limit());
    if (matrix.signed)
      return perStep
        ? ["less likely", "more likely"]
        : [`less likely −${limit}`, `more likely +${limit}`];
    if (perStep) return ["0", "largest of the step"];
    return ["0", matrix.name === "attention" ? `${percent(matrix.limit())} or more` : "largest"];
  }

  function makeLegend() {
    const bar = make("span", { class: "ramp" });
    const [low, high] = [make("span"), make("span")];
    const root = make("p", { class: "legend" }, low, bar, high);
    function update(matrix, perStep) {
      bar.style.background = `linear-gradient(to right, ${colours.gradient(matrix.signed)})`;
      [low.textContent, high.textContent] = legendEnds(matrix, perStep);
    }
    return { root, update };
  }

  function create(label) {
    const image = make("canvas");
    const legend = makeLegend();
    let scene = null;

    const describe = (s, t) =>
      s > t
        ? `step ${t} cannot recall step ${s}, which comes later`
        : `at step ${t}: ${engrax.timeline.describe({ ...scene, t }, s)}`;

    function overlay(context, { toX, toY, sizeX, sizeY, width, left }) {
      const { run, t } = scene;
      const { pinned } = engrax.state;
      context.lineWidth = 1;
      if (run.chunks) {
        context.fillStyle = "rgba(255, 255, 255, 0.28)";
        for (const first of run.chunks)
          context.fillRect(Math.round(toX(first)), toY(first), 1, toY(run.length) - toY(first));
      }
      context.strokeStyle = colours.css("--accent");
      context.strokeRect(left, toY(t) - 0.5, width, sizeY + 1);
      if (pinned !== null && pinned < run.length) {
        context.strokeStyle = colours.css("--pin");
        context.strokeRect(
          toX(pinned) - 0.5,
          toY(pinned),
          sizeX + 1,
          toY(run.length) - toY(pinned),
        );
      }
    }

    const map = engrax.heat.create({
      label: `Map of time by past${label}`,
      hint:
        "Row: a step. Column: a past step. " +
        "Select a cell to go to its step and pin its past step.",
      describe,
      overlay,
      choose: (s, t) => engrax.set({ step: t, pinned: s < t ? s : null }),
      start: () => ({ x: scene.ranked[0]?.first ?? 0, y: scene.t }),
      height: (width) => clamp(width, 220, TALLEST),
      picture: (s, t) => (s <= t ? { run: scene.run, s } : null),
    });
    const perStep = make("input", {
      type: "checkbox",
      onchange: () => engrax.set({ perStep: perStep.checked }),
    });
    const root = make(
      "section",
      { class: "matrix", "aria-label": "Map of time by past" },
      make(
        "div",
        { class: "bar" },
        make("h4", { text: "All steps by past" }),
        map.buttons,
        make(
          "label",
          { class: "choice" },
          perStep,
          make("span", { text: "each step to its own scale" }),
        ),
      ),
      legend.root,
      map.root,
    );
    let painted = null;

    function update(next, changed) {
      scene = next;
      root.hidden = scene.shown === null;
      if (root.hidden) return;
      const opened = changed.has("episode");
      const repainted = changed.has("perStep") || changed.has("theme");
      if (opened || repainted || painted !== scene.shown) {
        painted = scene.shown;
        paint(image, scene.run, scene.shown, engrax.state.perStep);
        legend.update(scene.shown, engrax.state.perStep);
        map.setImage(image, opened);
      }
      perStep.checked = engrax.state.perStep;
      if (changed.has("size") || opened) map.resize();
      map.draw();
    }

    return { root, update, map };
  }

  return { create };
})();
