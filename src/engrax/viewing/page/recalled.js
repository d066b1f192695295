// The five most recalled items of the present step, and the same in a sentence.
engrax.recalled = (() => {
  const { make, setText, percent, signed, missing } = engrax.dom;
  const { measures } = engrax;
  const ROWS = 5;
  const WIDTH = 48;
  // Below these, the effect of what was attended to is called small (in nats, in shares).
  const SMALL_EFFECT = 0.05;
  const LARGE_SHARE = 0.1;
  const COLUMNS = [
    ["attention", "attention"],
    ["saliency", "saliency"],
    ["ablation", "effect"],
  ];

  const nameOf = (item) =>
    item.first === item.last ? `step ${item.first}` : `steps ${item.first}–${item.last}`;

  // The value of every measure for an item; null where a measure does not exist.
  function valuesOf({ matrices, t }, item) {
    return Object.fromEntries(
      measures.ORDER.map((name) => {
        const matrix = matrices[name];
        return [name, matrix && measures.itemValue(matrix, t, item, measures.rowTotals(matrix, t))];
      }),
    );
  }

  const show = (name, value) => (name === "ablation" ? signed(value) : percent(value));

  const agoOf = ({ t }, { first, last }) =>
    first === last ? String(t - last) : `${t - last}–${t - first}`;

  // The step that stands for an item; effects are equal within a chunk, so there attention decides.
  function brightest({ shown, matrices, t }, item) {
    const source = shown.signed ? (matrices.attention ?? shown) : shown;
    const size = (s) => Math.abs(measures.at(source, t, s)) || 0;
    let best = item.first;
    for (let s = item.first; s <= item.last; s++) if (size(s) > size(best)) best = s;
    return best;
  }

  // The chunk of an item and, for a single step, the attention to the whole chunk.
  function chunkWords(scene, item) {
    const { run, t } = scene;
    const chunk = measures.chunkOf(run, item.first);
    if (chunk === null) return "";
    if (scene.chunked || scene.measure !== "attention") return ` (chunk ${chunk})`;
    const { attention } = valuesOf(scene, measures.chunkItems(run, t)[chunk]);
    return ` (chunk ${chunk}, which has ${percent(attention)} in all)`;
  }

  function effectSentence(effect, unit, action) {
    if (missing(effect)) return "";
    const what = unit === "chunk" ? "Leaving this chunk out" : "Leaving it out";
    if (Math.abs(effect) < SMALL_EFFECT)
      return ` ${what} hardly changes the choice (${signed(effect)}).`;
    const times = Math.exp(Math.abs(effect));
    const factor = times < 1000 ? times.toFixed(times < 10 ? 1 : 0) : "over 1000";
    const change = `${factor} times ${effect > 0 ? "less" : "more"} likely`;
    return ` ${what} makes “${action}” ${change} (${signed(effect)}).`;
  }

  // The item with the largest effect, if it is not where the first one of the list lies.
  function disagreement(scene, top) {
    const { matrices, run, t, measure } = scene;
    if (measure === "ablation" || !matrices.ablation) return "";
    const items = run.agent.unit === "chunk" ? measures.chunkItems(run, t) : null;
    const [other] = measures.ranked(matrices.ablation, t, items ?? measures.stepItems(t), 1);
    if (!other || Math.abs(other.value) < SMALL_EFFECT) return "";
    if (other.first <= top.first && top.first <= other.last) return "";
    return ` The largest effect is elsewhere: ${nameOf(other)} (${signed(other.value)}).`;
  }

  // Why no item can be listed: nothing was measured at this step, or all of it is 0.
  function emptyHeadline({ shown, t, measure }) {
    const unmeasured = !measures.isMeasured(shown, t);
    if (measure === "saliency") {
      return unmeasured
        ? "Saliency is computed only where the action counts."
        : `At step ${t} no past observation has any saliency.`;
    }
    if (measure === "ablation") {
      return unmeasured
        ? "Nothing was left out at this step."
        : `At step ${t} leaving out changes nothing.`;
    }
    return `At step ${t} nothing of the past is recalled.`;
  }

  function headline(scene) {
    const { run, t, measure, ranked } = scene;
    if (!measure) return "This memory was recorded without attention, saliency or ablation.";
    if (!ranked.length) return emptyHeadline(scene);
    const [top] = ranked;
    const values = valuesOf(scene, top);
    const begin = {
      attention: `${percent(values.attention)} of the attention goes to`,
      saliency: `${percent(values.saliency)} of the saliency of the past lies on`,
      ablation: "The largest effect is that of",
    }[measure];
    const ago = top.first === t - 1 ? "1 step ago" : `${agoOf(scene, top)} steps ago`;
    return (
      `${begin} ${nameOf(top)}${chunkWords(scene, top)}, ${ago}.` +
      effectSentence(values.ablation, run.agent.unit, run.actions[t]) +
      disagreement(scene, top)
    );
  }

  function makeRow(withRecalled) {
    const canvas = make("canvas", { role: "img" });
    const known = make("canvas", { role: "img" });
    const cells = Object.fromEntries(
      ["step", "ago", ...COLUMNS.map(([name]) => name), "showed"].map((name) => [name, make("td")]),
    );
    cells.ablation.className = "effect";
    cells.showed.className = "showed";
    const pin = make("button", { type: "button", class: "link" });
    cells.step.append(pin);
    const row = make(
      "tr",
      {},
      make("td", {}, canvas),
      ...(withRecalled ? [make("td", {}, known)] : []),
      ...Object.values(cells),
    );
    return { row, canvas, known, cells, pin, step: 0 };
  }

  function updateRow(line, scene, item, best) {
    const { run, measure } = scene;
    const step = brightest(scene, item);
    const values = valuesOf(scene, item);
    line.step = step;
    engrax.sheet.fill(line.canvas, run, step, WIDTH);
    line.canvas.setAttribute("aria-label", `Picture of step ${step}`);
    line.known.hidden = run.recalled === null;
    if (run.recalled) {
      engrax.sheet.fill(line.known, run, step, WIDTH, engrax.sheet.drawRecalled);
      line.known.setAttribute("aria-label", `What the memory still knows of step ${step}`);
    }
    setText(line.pin, item.first === item.last ? String(step) : `${item.first}–${item.last}`);
    const pinned = engrax.state.pinned === step;
    line.pin.setAttribute("aria-pressed", String(pinned));
    line.pin.title = pinned
      ? `Unpin step ${step}`
      : `Pin step ${step}: see when it is recalled later`;
    line.row.classList.toggle("pinned", pinned);
    setText(line.cells.ago, agoOf(scene, item));
    setText(line.cells.showed, measures.eventOf(run, step) ?? "");
    for (const [name] of COLUMNS) {
      const cell = line.cells[name];
      setText(cell, show(name, values[name]));
      cell.style.setProperty(
        "--fill",
        name === measure ? `${(100 * Math.abs(item.value)) / best}%` : "0%",
      );
    }
    const { attention, ablation } = values;
    line.row.classList.toggle(
      "small-effect",
      attention >= LARGE_SHARE && !missing(ablation) && Math.abs(ablation) < SMALL_EFFECT,
    );
  }

  function create(runs) {
    const exist = COLUMNS.filter(([name]) => runs.some((run) => run[name] !== null));
    const withRecalled = runs.some((run) => run.recalled !== null);
    const withEvents = runs.some((run) => run.events);
    const lines = Array.from({ length: ROWS }, () => makeRow(withRecalled));
    const heads = exist.map(([name, text]) =>
      make("th", { scope: "col", title: measures.HINTS[name], text, "data-name": name }),
    );
    const body = make("tbody", {}, ...lines.map(({ row }) => row));
    const absent = COLUMNS.filter((column) => !exist.includes(column));
    for (const line of lines) {
      line.pin.addEventListener("click", () => engrax.pin(line.step));
      for (const [name] of absent) line.cells[name].remove();
      if (!withEvents) line.cells.showed.remove();
    }
    const sentence = make("p", { class: "headline" });
    const chunks = make("input", {
      type: "checkbox",
      onchange: () => engrax.set({ byChunk: chunks.checked }),
    });
    const chunkChoice = make(
      "label",
      {
        class: "choice",
        title: "Chunk: consecutive steps that are stored and recalled together",
      },
      chunks,
      make("span", { text: "whole chunks" }),
    );
    const legend = make("p", {
      class: "quiet small-effect-note",
      text: "Dotted: much attention, little effect.",
    });
    const table = make(
      "table",
      { class: "recalled" },
      make(
        "thead",
        {},
        make(
          "tr",
          {},
          make("th", { scope: "col", text: "seen" }),
          ...(withRecalled
            ? [
                make("th", {
                  scope: "col",
                  text: "known",
                  title: "What the memory still knows of this step",
                }),
              ]
            : []),
          make("th", { scope: "col", text: "step" }),
          make("th", { scope: "col", text: "ago" }),
          ...heads,
          ...(withEvents ? [make("th", { scope: "col", class: "showed", text: "showed" })] : []),
        ),
      ),
      body,
    );
    const heading = make("h4");
    const root = make(
      "section",
      { class: "most" },
      make("div", { class: "bar" }, heading, chunkChoice),
      sentence,
      table,
      legend,
    );

    function update(scene) {
      const { run, ranked, measure } = scene;
      setText(heading, measures.HEADINGS[measure ?? "attention"]);
      root.setAttribute("aria-label", heading.textContent);
      setText(sentence, headline(scene));
      chunkChoice.hidden = run.chunks === null;
      chunks.checked = scene.chunked;
      for (const head of heads)
        head.setAttribute("aria-sort", head.dataset.name === measure ? "descending" : "none");
      const most = ranked.length ? Math.abs(ranked[0].value) : 0;
      const best = engrax.measures.scaleOf(most, measure === "ablation");
      lines.forEach((line, index) => {
        line.row.hidden = index >= ranked.length;
        if (!line.row.hidden) updateRow(line, scene, ranked[index], best);
      });
      table.hidden = ranked.length === 0;
      legend.hidden = !lines.some(
        ({ row }) => !row.hidden && row.classList.contains("small-effect"),
      );
    }

    return { root, update };
  }

  return { create };
})();
