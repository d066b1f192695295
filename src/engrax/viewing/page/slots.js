// The rows of a memory by time: what each row holds, its age and its usage.
engrax.slots = (() => {
  const { make, clamp, percent, select, fillSelect } = engrax.dom;
  const { colours } = engrax;
  const COLOURS = [
    ["written", "step written"],
    ["age", "age"],
    ["usage", "usage"],
  ];
  const TALLEST = 320;

  const heldAt = ({ slots }, t, row) => slots.written[t * slots.count + row];

  // Whether a row that held a step holds another one from step t on.
  function overwritten(run, t, row) {
    if (t === 0) return false;
    const before = heldAt(run, t - 1, row);
    return before >= 0 && heldAt(run, t, row) !== before;
  }

  // The share of a cell on the colour scale; null for an empty row.
  function shareOf(run, t, row, colour) {
    const held = heldAt(run, t, row);
    if (colour === "usage") return run.slots.usage[t * run.slots.count + row];
    if (held < 0) return null;
    return (colour === "age" ? t - held : held) / Math.max(run.length - 1, 1);
  }

  function paint(image, run, colour) {
    const { count } = run.slots;
    image.width = run.length;
    image.height = count;
    const context = image.getContext("2d");
    const pixels = context.createImageData(run.length, count);
    const target = new Uint32Array(pixels.data.buffer);
    const map = colours.map(false);
    for (let t = 0; t < run.length; t++) {
      for (let row = 0; row < count; row++) {
        const share = shareOf(run, t, row, colour);
        const at = row * run.length + t;
        if (share !== null) target[at] = map[Math.round(255 * clamp(share, 0, 1))];
      }
    }
    context.putImageData(pixels, 0, 0);
  }

  function overwrites(run) {
    const found = [];
    for (let t = 1; t < run.length; t++) {
      for (let row = 0; row < run.slots.count; row++)
        if (overwritten(run, t, row)) found.push([t, row]);
    }
    return found;
  }

  // Where a step is held: [row, first time, last time] for each stretch of time.
  function stretches(run, step) {
    const found = [];
    for (let row = 0; row < run.slots.count; row++) {
      let begin = null;
      for (let t = 0; t <= run.length; t++) {
        const held = t < run.length && heldAt(run, t, row) === step;
        if (held) begin ??= t;
        else if (begin !== null) {
          found.push([row, begin, t - 1]);
          begin = null;
        }
      }
    }
    return found;
  }

  function create(label) {
    const image = make("canvas");
    let scene = null;
    let held = [];
    let changes = [];

    function describe(t, row) {
      const { run } = scene;
      const step = heldAt(run, t, row);
      const what = step < 0 ? "is empty" : `holds step ${step}, age ${t - step}`;
      const change = overwritten(run, t, row)
        ? `, in place of step ${heldAt(run, t - 1, row)}`
        : "";
      const usage = run.slots.usage
        ? `, usage ${percent(run.slots.usage[t * run.slots.count + row])}`
        : "";
      return `at step ${t}, row ${row} ${what}${change}${usage}`;
    }

    function choose(t, row) {
      const step = heldAt(scene.run, t, row);
      engrax.set({ step: t, pinned: step >= 0 && step < t ? step : null });
    }

    function overlay(context, { toX, toY, sizeX, sizeY, height }) {
      // Black and white side by side can be seen on every colour.
      for (const [colour, shift] of [
        ["#000000", -1],
        ["#ffffff", 0],
      ]) {
        context.fillStyle = colour;
        for (const [t, row] of changes) context.fillRect(toX(t) + shift, toY(row), 1, sizeY);
      }
      context.lineWidth = 1.5;
      context.strokeStyle = colours.css("--accent");
      context.strokeRect(toX(scene.t) - 0.5, 0, sizeX + 1, height);
      context.strokeStyle = colours.css("--pin");
      for (const [row, first, last] of held) {
        context.strokeRect(
          toX(first) - 0.5,
          toY(row) - 0.5,
          toX(last + 1) - toX(first) + 1,
          sizeY + 1,
        );
      }
    }

    const map = engrax.heat.create({
      label: `Map of memory rows by time${label}`,
      hint:
        "Row: one place of the memory, which holds one step. Column: a step. Black and white line: overwritten here. " +
        "Select a cell to go there and pin what it holds.",
      describe,
      choose,
      overlay,
      start: () => ({ x: scene.t, y: 0 }),
      height: (width) =>
        clamp(Math.min(width * 0.6, 14 * scene.run.slots.count + 18), 120, TALLEST),
      picture: (t, row) =>
        heldAt(scene.run, t, row) >= 0 ? { run: scene.run, s: heldAt(scene.run, t, row) } : null,
    });
    const colour = select("Colour", COLOURS, engrax.state.slotColour, (slotColour) =>
      engrax.set({ slotColour }),
    );
    const ramp = make("span", { class: "ramp" });
    const root = make(
      "section",
      { class: "slots", "aria-label": "Memory rows by time" },
      make(
        "div",
        { class: "bar" },
        make("h4", { text: "Rows of the memory" }),
        map.buttons,
        colour,
      ),
      make(
        "p",
        { class: "legend" },
        make("span", { text: "low" }),
        ramp,
        make("span", { text: "high" }),
      ),
      map.root,
    );

    function update(next, changed) {
      scene = next;
      const { slots } = scene.run;
      root.hidden = slots === null;
      if (root.hidden) return;
      const shown =
        engrax.state.slotColour === "usage" && !slots.usage ? "written" : engrax.state.slotColour;
      const opened = changed.has("episode");
      const choice = colour.querySelector("select");
      if (opened) {
        const exist = COLOURS.filter(([name]) => name !== "usage" || slots.usage);
        fillSelect(choice, exist, shown);
      }
      if (opened || changed.has("theme") || changed.has("slotColour")) {
        ramp.style.background = `linear-gradient(to right, ${colours.gradient(false)})`;
        choice.value = shown;
        paint(image, scene.run, shown);
        map.setImage(image, opened);
      }
      if (opened) changes = overwrites(scene.run);
      if (changed.has("pinned") || opened) {
        held = engrax.state.pinned === null ? [] : stretches(scene.run, engrax.state.pinned);
      }
      if (changed.has("size") || opened) map.resize();
      map.draw();
    }

    return { root, update, map };
  }

  return { create, heldAt };
})();
