// The list of episodes with their outcomes, and its filter.
engrax.episodes = (() => {
  const { byId, make, select, setText, number, plural } = engrax.dom;
  const OUTCOMES = [
    { is: (run) => run.success === true, sign: "✓", word: "success", style: "success" },
    { is: (run) => run.success === false, sign: "✗", word: "failure", style: "failure" },
    { is: () => true, sign: "·", word: "no outcome", style: "open" },
  ];
  const FILTERS = [
    ["all", "all", () => true],
    ["failures", "failures", (episode) => episode.runs.some((run) => run.success === false)],
    ["successes", "successes", (episode) => episode.runs.some((run) => run.success === true)],
    [
      "differ",
      "outcomes that differ",
      (episode) => episode.runs[0].success !== episode.runs[1].success,
    ],
  ];

  const outcomeOf = (run) => OUTCOMES.find(({ is }) => is(run));

  function describe(episode, agents) {
    const runs = episode.runs.map((run, index) => {
      const name = agents.length > 1 ? `${agents[index].name}: ` : "";
      const steps = plural(run.length, "step");
      return `${name}${outcomeOf(run).word}, return ${number(run.return)}, ${steps}`;
    });
    return `Episode ${episode.number}. ${runs.join("; ")}`;
  }

  function card(episode, index, agents) {
    const label = describe(episode, agents);
    const outcomes = episode.runs.map((run) => {
      const { sign, style } = outcomeOf(run);
      const text = `${sign} ${number(run.return, 1)} · ${run.length}`;
      return make("span", { class: `outcome ${style}`, text });
    });
    return make(
      "button",
      {
        type: "button",
        class: "episode",
        "aria-label": label,
        title: label,
        onclick: () => engrax.guard(engrax.open(index)),
      },
      make("strong", { text: String(episode.number) }),
      ...outcomes,
    );
  }

  function start({ episodes, agents }) {
    const filters = FILTERS.filter(([name]) => name !== "differ" || agents.length > 1);
    const cards = episodes.map((episode, index) => card(episode, index, agents));
    const count = make("span", { class: "quiet", role: "status" });
    const choice = select("Show episodes", filters, "all", (filter) => engrax.set({ filter }));
    const known = episodes.some((episode) =>
      episode.runs.some((run) => typeof run.success === "boolean"),
    );
    choice.hidden = !known || episodes.length < 2;
    byId("episodes").append(
      make(
        "div",
        { class: "bar" },
        make("h2", { text: "Episodes" }),
        choice,
        count,
        make("span", { class: "quiet", text: "each with its outcome, return and number of steps" }),
      ),
      make("div", { class: "cards" }, ...cards),
    );

    function filterCards(filter) {
      const [, label, passes] = filters.find(([name]) => name === filter);
      cards.forEach((element, index) => {
        element.hidden = !passes(episodes[index]);
      });
      const shown = cards.filter((element) => !element.hidden).length;
      setText(
        count,
        shown ? `${shown} of ${episodes.length}` : `no ${label} among these episodes`,
      );
    }

    filterCards("all");
    engrax.views.push((scenes, changed) => {
      if (changed.has("filter")) filterCards(engrax.state.filter);
      if (!changed.has("episode")) return;
      cards.forEach((element, index) => {
        element.setAttribute("aria-current", String(index === engrax.state.episode));
      });
    });
  }

  return { start, outcomeOf };
})();
