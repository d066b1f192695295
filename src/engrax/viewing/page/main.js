// Puts the page together and opens the first episode.
(() => {
  const { byId, make, setText, fillSelect, plural } = engrax.dom;

  // Shows a failure in the page; the console has the place of one that was not foreseen.
  function fail(error) {
    const foreseen = error instanceof engrax.data.Unreadable;
    if (!foreseen) console.error(error);
    const message = byId("message");
    setText(message, foreseen ? error.message : `This page cannot show its data: ${error.message}`);
    message.hidden = false;
  }

  engrax.fail = fail;
  engrax.guard = (promise) => promise.catch(fail);

  // The choice of readers of one agent: all, a layer, or one of them.
  function makeReaders(agent, index) {
    const select = make("select", {
      "aria-label": `Readers of ${agent.name}`,
      onchange: () => {
        const readers = [...engrax.state.readers];
        readers[index] = select.value;
        engrax.set({ readers });
      },
    });
    fillSelect(select, [["all", "all, averaged"]], "all");
    for (const [layer, members] of engrax.measures.layers(agent.readers)) {
      const options = members.map((member) =>
        make("option", { value: member.index, text: member.label }),
      );
      const average = make("option", { value: `layer:${layer}`, text: `${layer}, averaged` });
      select.append(
        make("optgroup", { label: layer }, ...(members.length > 1 ? [average] : []), ...options),
      );
    }
    return make(
      "label",
      { class: "choice", title: "Reader: a head of a layer that attends to memory. Choose whose attention is shown" },
      make("span", { text: "Readers" }),
      select,
    );
  }

  function describeAgent({ memory, directory, steps_trained: steps }) {
    const trained = steps ? `, trained for ${steps.toLocaleString("en")} steps` : "";
    return `${memory}${trained}${directory ? `, from ${directory}` : ""}`;
  }

  // All views of one agent.
  function makeAgent(agent, index, { choices, agents, episodes }) {
    const runs = episodes.map((episode) => episode.runs[index]);
    const label = agents.length > 1 ? ` of ${agent.name}` : "";
    const views = {
      present: engrax.present.create(choices),
      recalled: engrax.recalled.create(runs),
      timeline: engrax.timeline.create(),
      film: engrax.film.create(),
      matrix: engrax.matrix.create(label),
      slots: engrax.slots.create(label),
      tables: engrax.tables.create(choices),
    };
    const readers = makeReaders(agent, index);
    readers.hidden = agent.readers.length < 2;
    const note = make("p", { class: "note" });
    const outcome = make("span", { class: "outcome" });
    const root = make(
      "article",
      { class: "agent", "aria-label": agent.name },
      make(
        "div",
        { class: "bar" },
        make("h3", { text: agent.name }),
        outcome,
        make("span", { class: "quiet", text: describeAgent(agent) }),
        readers,
      ),
      note,
      make("div", { class: "now" }, views.present.root, views.recalled.root),
      make(
        "section",
        { class: "past", "aria-label": "The past" },
        make(
          "div",
          { class: "bar" },
          make("h4", { text: "The past: film of the episode" }),
          views.film.evenChoice,
        ),
        views.timeline.root,
        views.film.root,
        make("p", {
          class: "quiet",
          text:
            "Bright with a long bar: recalled now. Hatched: no longer in memory. " +
            "Select a past frame to pin it; the pink bars then show when it is recalled.",
        }),
      ),
      make("div", { class: "maps" }, views.matrix.root, views.slots.root),
      views.tables.root,
    );

    function update(scenes, changed) {
      const scene = scenes[index];
      const wanted = engrax.state.measure;
      const { word, style } = engrax.episodes.outcomeOf(scene.run);
      setText(outcome, `${word}, ${plural(scene.run.length, "step")}`);
      outcome.className = `outcome ${style}`;
      setText(
        note,
        scene.measure && scene.measure !== wanted
          ? `There is no ${wanted} for this agent; ${scene.measure} is shown.`
          : "",
      );
      for (const view of Object.values(views)) view.update(scene, changed);
    }
    engrax.views.push(update);
    return { root, views, maps: views.matrix.root.parentElement };
  }

  function startTheme() {
    const element = byId("theme");
    const show = () => setText(element, engrax.colours.isDark() ? "☀ light" : "☾ dark");
    element.addEventListener("click", engrax.colours.toggle);
    engrax.colours.onchange(() => {
      show();
      engrax.refresh("theme");
    });
    show();
  }

  async function start() {
    const content = engrax.data.read();
    engrax.content = content;
    engrax.state.readers = content.agents.map(() => "all");
    byId("about").textContent = `Task ${content.task}. Written by ${content.made_by}.`;
    startTheme();
    engrax.episodes.start(content);
    engrax.controls.start(content);
    engrax.keys.start();
    const agents = content.agents.map((agent, index) => makeAgent(agent, index, content));
    engrax.panels = agents.map(({ views }) => views);
    byId("agents").append(...agents.map(({ root }) => root));
    byId("agents").classList.toggle("two", agents.length > 1);
    const withSlots = content.episodes.some(({ runs }) => runs.some(({ slots }) => slots));
    if (agents.length === 1 && !withSlots) agents[0].maps.append(byId("curves"));
    engrax.curves.start(content);
    addEventListener("resize", () => engrax.refresh("size"));
    addEventListener("hashchange", () => engrax.guard(engrax.followLink()));
    await engrax.followLink();
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    document.documentElement.dataset.ready = "true";
  }

  engrax.ready = engrax.guard(start());
})();
