// The present step: its picture, words, action, reward, value and policy.
engrax.present = (() => {
  const { make, setText, number, clamp } = engrax.dom;
  const LARGEST = 320;

  // Width of the picture: a whole multiple of its pixels where that fits.
  function pictureWidth(run, room) {
    const width = clamp(room, 96, LARGEST);
    if (!run.sheet) return Math.min(width, 160);
    const [h, w] = run.frame_size;
    const multiple = Math.floor(Math.min(width / w, LARGEST / h));
    return multiple >= 1 ? multiple * w : Math.min(width, (LARGEST * w) / h);
  }

  function makeBars(labels) {
    return labels.map((label) => {
      const fill = make("span", { class: "fill" });
      const value = make("span", { class: "value" });
      const row = make(
        "li",
        {},
        make("span", { class: "name", text: label, title: label }),
        make("span", { class: "track" }, fill),
        value,
      );
      return { row, fill, value };
    });
  }

  function updateBars(bars, run, t) {
    bars.forEach(({ row, fill, value }, index) => {
      const share = run.policy[t * run.bars + index];
      const chosen = Boolean(run.chosen[t * run.bars + index]);
      fill.style.width = `${100 * clamp(share || 0, 0, 1)}%`;
      setText(value, number(share));
      row.classList.toggle("chosen", chosen);
      row.setAttribute("aria-current", String(chosen));
    });
  }

  function create(choices) {
    const canvas = make("canvas", { role: "img" });
    const step = make("strong", { class: "step" });
    const words = make("span", { class: "words" });
    const said = make(
      "p",
      { class: "said" },
      make("span", { class: "quiet", text: "text " }),
      words,
    );
    const facts = {};
    const list = make(
      "dl",
      { class: "facts" },
      ...["action", "reward", "value"].flatMap((name) => {
        facts[name] = make("dd");
        const text = name === "reward" ? "reward received" : name;
        return [make("dt", { text }), facts[name]];
      }),
    );
    const note = make("p", { class: "note" });
    const bars = makeBars(choices);
    const picture = make("div", { class: "picture" }, canvas, said);
    const root = make(
      "section",
      { class: "present", "aria-label": "Present step" },
      picture,
      make(
        "div",
        { class: "decision" },
        make("p", {}, step),
        list,
        make("h4", { text: "Policy" }),
        make("ol", { class: "policy" }, ...bars.map(({ row }) => row)),
        note,
      ),
    );
    let width = 0;

    function update({ run, t, ended }, changed) {
      if (changed.has("episode") || changed.has("size"))
        width = pictureWidth(run, picture.clientWidth);
      engrax.sheet.fill(canvas, run, t, width);
      canvas.setAttribute("aria-label", `Picture of step ${t}`);
      const event = engrax.measures.eventOf(run, t);
      const place = ended
        ? `step ${t}, the last one: this episode has ended`
        : `step ${t} of ${run.length - 1}`;
      setText(step, event ? `${place} · ${event}` : place);
      said.hidden = !run.words[t];
      setText(words, run.words[t] ? `“${run.words[t]}”` : "");
      setText(facts.action, run.actions[t]);
      setText(facts.reward, number(run.reward[t]));
      setText(facts.value, number(run.value[t]));
      const effective = Boolean(run.effective[t]);
      root.classList.toggle("without-effect", !effective);
      setText(note, effective ? "" : "The action had no effect at this step.");
      updateBars(bars, run, t);
    }

    return { root, update };
  }

  return { create };
})();
