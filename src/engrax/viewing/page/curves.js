// Curves over the episode (by uPlot) with one cursor, which is the present step.
engrax.curves = (() => {
  const { byId, make, setText, number, percent, signed, missing } = engrax.dom;
  const { measures, colours } = engrax;
  const HEIGHT = 92;
  const AXIS = 26;
  const DASHES = [[], [5, 4]];

  const concentrations = ({ run, shown }) =>
    Array.from({ length: run.length }, (_, t) => measures.concentration(shown, t));

  const pinnedCurve = ({ run, shown }) =>
    Array.from({ length: run.length }, (_, t) =>
      t > engrax.state.pinned ? measures.at(shown, t, engrax.state.pinned) : NaN,
    );

  const asShown = (value, scene) => (scene.shown.signed ? signed(value) : percent(value));

  // `values` gives the curve of one agent; `on` is what makes it change besides the episode.
  const CURVES = [
    {
      name: "value",
      colour: "--share-line",
      values: ({ run }) => run.value,
      show: (value) => number(value),
      on: [],
    },
    {
      name: "reward",
      title: () => "reward received",
      colour: "--positive",
      values: ({ run }) => run.reward,
      show: (value) => number(value),
      on: [],
    },
    {
      name: "largest",
      colour: "--accent",
      on: ["measure", "readers"],
      title: ({ measure }) =>
        measure === "ablation" ? "largest effect" : `${measure}: share of the largest step`,
      values: (scene) => concentrations(scene).map(({ top }) => top),
      show: asShown,
    },
    {
      name: "entropy",
      colour: "--accent",
      on: ["measure", "readers"],
      title: ({ measure }) => `entropy of ${measure} (nats)`,
      values: (scene) => concentrations(scene).map(({ entropy }) => entropy),
      show: (value) => number(value),
      exists: ({ measure }) => measure !== "ablation",
    },
    {
      name: "pinned",
      colour: "--pin",
      on: ["measure", "readers", "pinned"],
      title: ({ measure }) =>
        `${measure === "ablation" ? "effect" : measure} of the pinned step ${engrax.state.pinned}`,
      values: pinnedCurve,
      show: (value, scene) =>
        scene.measure === "saliency" ? number(value, 3) : asShown(value, scene),
      exists: () => engrax.state.pinned !== null,
    },
  ];
  const charts = [];

  const needsMeasure = (curve) => curve.on.length > 0;

  // The scenes with a curve: those that show the same measure as the first one that has any.
  function comparable(curve, scenes) {
    if (!needsMeasure(curve)) return scenes;
    const { measure: wanted } = engrax.state;
    const measure = scenes.some((scene) => scene.measure === wanted)
      ? wanted
      : scenes.find(({ shown }) => shown)?.measure;
    return scenes.filter((scene) => measure && scene.measure === measure);
  }

  const isDrawn = (curve, scenes) =>
    comparable(curve, scenes).length > 0 && (curve.exists?.(comparable(curve, scenes)[0]) ?? true);

  // A little room above and below; a constant curve has a range, too.
  function range(plot, low, high) {
    if (low === null || low === high) return [Math.min(low ?? 0, 0), Math.max(high ?? 1, 1)];
    return uPlot.rangeNum(low, high, 0.1, true);
  }

  const axisNumber = (value) =>
    Math.abs(value) >= 1000 ? value.toExponential(0) : String(Number(value.toFixed(3)));

  function options(curve, count, width) {
    const axis = {
      stroke: () => colours.css("--quiet"),
      grid: { stroke: () => colours.css("--faint"), width: 1 },
      ticks: { show: false },
      font: "11px system-ui, sans-serif",
    };
    return {
      width,
      height: HEIGHT,
      legend: { show: false },
      cursor: {
        y: false,
        drag: { x: false, y: false },
        sync: { key: "steps" },
        points: { size: 6 },
      },
      scales: { x: { time: false }, y: { range } },
      axes: [
        { ...axis, size: AXIS, gap: 2 },
        { ...axis, size: 46, gap: 3, space: 24, values: (plot, ticks) => ticks.map(axisNumber) },
      ],
      series: [
        {},
        ...Array.from({ length: count }, (_, index) => ({
          stroke: () => colours.css(curve.colour),
          width: 1.6,
          dash: DASHES[index],
          points: { show: false },
        })),
      ],
      padding: [6, 8, 0, 0],
    };
  }

  // Values of every agent over the steps of the longest run; null where there is none.
  function aligned(curve, scenes) {
    const steps = Array.from({ length: engrax.lastStep() + 1 }, (_, t) => t);
    const drawn = comparable(curve, scenes);
    const columns = scenes.map((scene) => {
      if (!drawn.includes(scene)) return steps.map(() => null);
      const values = curve.values(scene);
      return steps.map((t) =>
        t < scene.run.length && Number.isFinite(values[t]) ? values[t] : null,
      );
    });
    return [steps, ...columns];
  }

  function goToPointer(plot, event) {
    const left = event.clientX - plot.over.getBoundingClientRect().left;
    engrax.go(plot.posToVal(left, "x"));
  }

  function placeCursor(plot) {
    plot.setCursor({ left: plot.valToPos(engrax.state.step, "x"), top: 0 }, false, false);
  }

  function makeChart(curve) {
    const title = make("span");
    const value = make("strong");
    const holder = make("div");
    const root = make(
      "figure",
      { class: "curve", "data-curve": curve.name },
      make("figcaption", {}, title, value),
      holder,
    );
    return { curve, root, title, value, holder, plot: null, data: null };
  }

  function build(chart, scenes) {
    chart.plot?.destroy();
    chart.plot = new uPlot(
      options(chart.curve, scenes.length, chart.holder.clientWidth),
      chart.data,
      chart.holder,
    );
    const { over } = chart.plot;
    over.addEventListener("pointerdown", (event) => {
      over.setPointerCapture(event.pointerId);
      goToPointer(chart.plot, event);
    });
    over.addEventListener("pointermove", (event) => {
      if (event.buttons) goToPointer(chart.plot, event);
    });
    over.addEventListener("pointerleave", () =>
      charts.forEach(({ plot }) => plot && placeCursor(plot)),
    );
  }

  function updateData(chart, scenes, changed) {
    const { curve } = chart;
    chart.root.hidden = !isDrawn(curve, scenes);
    if (chart.root.hidden) {
      chart.plot?.destroy();
      chart.plot = null;
      return;
    }
    const rebuilt = changed.has("episode") || !chart.plot;
    if (rebuilt || curve.on.some((name) => changed.has(name))) {
      setText(chart.title, curve.title?.(comparable(curve, scenes)[0]) ?? curve.name);
      chart.data = aligned(curve, scenes);
      if (rebuilt) build(chart, scenes);
      else chart.plot.setData(chart.data);
    }
    if (changed.has("size"))
      chart.plot.setSize({ width: chart.holder.clientWidth, height: HEIGHT });
    if (changed.has("theme")) chart.plot.redraw(false, false);
    placeCursor(chart.plot);
    setText(
      chart.value,
      scenes
        .map((scene, index) => {
          const value = chart.data[index + 1][engrax.state.step];
          return missing(value) ? number(value) : curve.show(value, scene);
        })
        .join(" | "),
    );
  }

  function start({ agents }) {
    charts.push(...CURVES.map(makeChart));
    const key = agents
      .map(({ name }, index) => `${name}: ${DASHES[index].length ? "dashed" : "solid"}`)
      .join(", ");
    byId("curves").append(
      make(
        "div",
        { class: "bar" },
        make("h3", { text: "Curves" }),
        make("span", { class: "quiet", text: "Drag in a curve to move through the episode." }),
        make("span", { class: "quiet", text: agents.length > 1 ? key : "" }),
      ),
      make("div", { class: "curve-grid" }, ...charts.map(({ root }) => root)),
      engrax.tables.curvesTable.root,
    );
    engrax.views.push((scenes, changed) => {
      charts.forEach((chart) => updateData(chart, scenes, changed));
      const drawn = charts.filter(({ root }) => !root.hidden);
      engrax.tables.curvesTable.update(
        scenes,
        drawn.map(({ curve, title, data }) => ({ curve, title: title.textContent, data })),
      );
    });
  }

  return { start };
})();
