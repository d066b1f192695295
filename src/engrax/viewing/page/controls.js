// The bar with playback, the slider of steps, the measure and the switches.
engrax.controls = (() => {
  const { byId, make, button, select, setText, clamp } = engrax.dom;
  const { measures } = engrax;
  const SPEEDS = [1, 2, 4, 8, 16, 32];
  const DECISION = "A decision is a step whose action has an effect.";
  // A tab that was hidden gets no frames: it goes on from where it was.
  const LONGEST_FRAME_S = 0.5;

  // Advances by the time that passed, so that the speed does not depend on the screen.
  function makePlayer() {
    let last = 0;
    let owed = 0;
    function tick(now) {
      if (!engrax.state.playing) return;
      // The first frame may carry a time before the click.
      owed += clamp((now - last) / 1000, 0, LONGEST_FRAME_S) * engrax.state.speed;
      last = now;
      const steps = Math.floor(owed);
      owed -= steps;
      if (steps) engrax.move(steps);
      if (engrax.state.step >= engrax.lastStep()) engrax.set({ playing: false });
      else engrax.nextFrame(tick);
    }
    return () => {
      const { state } = engrax;
      if (!state.playing && state.step >= engrax.lastStep()) engrax.go(0);
      engrax.set({ playing: !state.playing });
      last = performance.now();
      owed = 0;
      if (state.playing) engrax.nextFrame(tick);
    };
  }

  const togglePlay = makePlayer();

  function makeTransport() {
    const play = button("", "", togglePlay, { class: "main", id: "play" });
    const previous = button("◂ decision", "Previous decision (p)", () => engrax.goToDecision(-1), {
      id: "previous",
      title: `Previous decision (p). ${DECISION}`,
    });
    const next = button("decision ▸", "Next decision (n)", () => engrax.goToDecision(1), {
      id: "next",
      title: `Next decision (n). ${DECISION}`,
    });
    const telling = button(
      "most telling",
      "Most telling decision of this episode (m)",
      engrax.goToTelling,
      {
        id: "telling",
        title:
          "Most telling decision (m): the one where attention or effect is most concentrated",
      },
    );
    const speed = select(
      "Speed",
      SPEEDS.map((value) => [value, `${value} steps/s`]),
      engrax.state.speed,
      (value) => engrax.set({ speed: Number(value) }),
    );
    engrax.views.push((scenes, changed) => {
      if (changed.has("playing") || changed.has("episode")) {
        const { playing } = engrax.state;
        setText(play, playing ? "❚❚ pause" : "▶ play");
        play.title = playing ? "Pause (space)" : "Play (space)";
        play.setAttribute("aria-label", play.title);
      }
      if (changed.has("episode")) {
        const every = scenes.every(({ run }) => run.effective.every(Boolean));
        for (const element of [previous, next]) element.hidden = every;
      }
      if (changed.has("step") || changed.has("episode")) {
        previous.disabled = engrax.decisionFrom(-1) === null;
        next.disabled = engrax.decisionFrom(1) === null;
      }
    });
    return [play, speed, previous, next, telling];
  }

  function makeSlider() {
    const slider = make("input", {
      type: "range",
      min: 0,
      max: 0,
      step: 1,
      "aria-label": "Step",
      id: "slider",
      oninput: () => engrax.go(Number(slider.value)),
    });
    const text = make("output", { id: "step", for: "slider" });
    engrax.views.push((scenes, changed) => {
      if (changed.has("episode")) slider.max = engrax.lastStep();
      if (!changed.has("episode") && !changed.has("step")) return;
      slider.value = engrax.state.step;
      setText(text, `step ${engrax.state.step} of ${engrax.lastStep()}`);
    });
    return [slider, text];
  }

  // One button for each measure that any agent of the page has.
  function makeMeasures({ episodes }) {
    const exist = measures.ORDER.filter((name) =>
      episodes.some((episode) => episode.runs.some((run) => run[name] !== null)),
    );
    const buttons = exist.map((name) =>
      make("button", {
        type: "button",
        text: measures.NAMES[name],
        title: measures.HINTS[name],
        "data-measure": name,
        onclick: () => engrax.set({ measure: name }),
      }),
    );
    if (!exist.includes(engrax.state.measure)) engrax.state.measure = exist[0] ?? null;
    engrax.views.push((scenes, changed) => {
      if (!changed.has("measure") && !changed.has("episode")) return;
      for (const element of buttons) {
        element.setAttribute(
          "aria-pressed",
          String(element.dataset.measure === engrax.state.measure),
        );
      }
    });
    return make("div", { class: "segments", role: "group", "aria-label": "Measure" }, ...buttons);
  }

  function makeNumbers() {
    const element = button(
      "Numbers",
      "Show the numbers behind the pictures",
      () => engrax.set({ numbers: !engrax.state.numbers }),
      { "aria-pressed": "false", id: "numbers" },
    );
    engrax.views.push((scenes, changed) => {
      if (changed.has("numbers"))
        element.setAttribute("aria-pressed", String(engrax.state.numbers));
    });
    return element;
  }

  function makeUnpin() {
    const element = button("", "Unpin (Escape)", () => engrax.set({ pinned: null }), {
      class: "pin",
      id: "unpin",
      hidden: "",
    });
    engrax.views.push((scenes, changed) => {
      if (!changed.has("pinned")) return;
      const { pinned } = engrax.state;
      element.hidden = pinned === null;
      setText(element, `unpin step ${pinned} ✕`);
    });
    return element;
  }

  function start(content) {
    byId("controls").append(
      make("div", { class: "bar" }, ...makeTransport(), ...makeSlider()),
      make("div", { class: "bar" }, makeMeasures(content), makeNumbers(), makeUnpin()),
    );
  }

  return { start, togglePlay };
})();
