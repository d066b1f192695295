// Tables of the numbers behind the pictures, shown on demand.
engrax.tables = (() => {
  const { make, setText, number, signed, percent } = engrax.dom;
  const { measures } = engrax;
  const MOST_ROWS = 50;

  // A table with the given columns; `update` takes rows of texts and what was left out of them.
  function makeTable(caption, columns) {
    const body = make("tbody");
    const head = make("tr");
    const rest = make("p", { class: "quiet" });
    const root = make(
      "div",
      { class: "numbers", tabindex: "0", role: "region", "aria-label": caption },
      make("table", {}, make("caption", { text: caption }), make("thead", {}, head), body),
      rest,
    );
    const rows = [];

    function setColumns(names) {
      if (head.dataset.names === names.join("\n")) return;
      head.dataset.names = names.join("\n");
      head.replaceChildren(...names.map((text) => make("th", { scope: "col", text })));
      rows.length = 0;
      body.replaceChildren();
    }

    function update(lines, leftOut) {
      while (rows.length < lines.length) {
        const cells = Array.from(head.children, () => make("td"));
        const row = make("tr", {}, ...cells);
        rows.push({ row, cells });
        body.append(row);
      }
      rows.forEach(({ row, cells }, index) => {
        row.hidden = index >= lines.length;
        if (!row.hidden) cells.forEach((cell, column) => setText(cell, lines[index][column]));
      });
      setText(rest, leftOut > 0 ? `${leftOut} more are left out.` : "");
    }

    setColumns(columns);
    return { root, update, setColumns };
  }

  function itemLines({ run, t, matrices, shown }) {
    const visible = (s) => (run.visible ? (run.visible[t * run.length + s] ? "yes" : "no") : "–");
    const value = (name, s, show) =>
      matrices[name] ? show(measures.at(matrices[name], t, s)) : "–";
    const items = shown
      ? measures.ranked(shown, t, measures.stepItems(t), t)
      : measures.stepItems(t);
    const lines = items
      .slice(0, MOST_ROWS)
      .map(({ first: s }) => [
        String(s),
        String(t - s),
        value("attention", s, (share) => number(share, 4)),
        value("saliency", s, (size) => number(size, 4)),
        value("ablation", s, signed),
        visible(s),
        run.words[s],
      ]);
    return [lines, t - lines.length];
  }

  function policyLines({ run, t }, choices) {
    const lines = choices.slice(0, MOST_ROWS).map((label, index) => {
      const at = t * run.bars + index;
      return [label, number(run.policy[at], 4), run.chosen[at] ? "yes" : ""];
    });
    return [lines, choices.length - lines.length];
  }

  function slotLines({ run, t }) {
    const { count, usage } = run.slots;
    const lines = Array.from({ length: Math.min(count, MOST_ROWS) }, (_, row) => {
      const held = engrax.slots.heldAt(run, t, row);
      return [
        String(row),
        held < 0 ? "empty" : String(held),
        held < 0 ? "–" : String(t - held),
        usage ? percent(usage[t * count + row]) : "–",
      ];
    });
    return [lines, count - lines.length];
  }

  // The tables of one agent.
  function create(choices) {
    const items = makeTable("Past steps at the present step, largest first", [
      "step",
      "ago",
      "attention",
      "saliency, raw",
      "effect",
      "in memory",
      "text",
    ]);
    const policy = makeTable("Policy of the present step", ["choice", "value", "chosen"]);
    const slots = makeTable("Rows of the memory at the present step", [
      "row",
      "holds step",
      "age",
      "usage",
    ]);
    const root = make("div", { class: "tables" }, items.root, policy.root, slots.root);
    function update(scene) {
      root.hidden = !engrax.state.numbers;
      if (root.hidden) return;
      items.update(...itemLines(scene));
      policy.update(...policyLines(scene, choices));
      slots.root.hidden = scene.run.slots === null;
      if (!slots.root.hidden) slots.update(...slotLines(scene));
    }
    return { root, update };
  }

  // The values of all curves, for the steps around the present one.
  function makeCurvesTable() {
    const table = makeTable("Values of the curves around the present step", []);
    function update(scenes, curves) {
      table.root.hidden = !engrax.state.numbers;
      if (table.root.hidden) return;
      const total = engrax.lastStep() + 1;
      const first = Math.max(Math.min(engrax.state.step - MOST_ROWS / 2, total - MOST_ROWS), 0);
      const steps = Array.from({ length: Math.min(MOST_ROWS, total) }, (_, index) => first + index);
      const name = (title, agent) =>
        scenes.length > 1 ? `${title} (${scenes[agent].run.agent.name})` : title;
      table.setColumns([
        "step",
        ...curves.flatMap(({ title }) => scenes.map((_, agent) => name(title, agent))),
      ]);
      const lines = steps.map((t) => [
        String(t),
        ...curves.flatMap(({ data }) => scenes.map((_, agent) => number(data[agent + 1][t], 3))),
      ]);
      table.update(lines, total - steps.length);
    }
    return { root: table.root, update };
  }

  return { create, curvesTable: makeCurvesTable() };
})();
