// What is shown, the link to it (#episode=…&step=…), and one drawing for each animation frame.
(() => {
  const { clamp } = engrax.dom;
  const { measures } = engrax;
  // Browsers limit how often the address may be changed.
  const LINK_DELAY_MS = 250;
  const KEPT_TIMES = 2000;

  const state = {
    episode: -1,
    step: 0,
    pinned: null,
    measure: "attention",
    readers: [],
    byChunk: false,
    perStep: false,
    evenFilm: false,
    slotColour: "written",
    playing: false,
    speed: 4,
    filter: "all",
    numbers: false,
  };
  const views = [];
  const frameTimes = [];
  let runs = [];
  let changed = new Set();
  let scheduled = false;
  let opening = null;
  let linkTimer = 0;

  // What one agent's views show: its run, the step (its last one, if it ended), its matrices.
  function sceneOf(run, index) {
    const t = Math.min(state.step, run.length - 1);
    const existing = measures.available(run);
    const measure = existing.includes(state.measure) ? state.measure : (existing[0] ?? null);
    const choice = state.readers[index];
    const matrices = Object.fromEntries(
      measures.ORDER.map((name) => [name, measures.matrix(run, name, choice)]),
    );
    const chunked =
      run.chunks !== null &&
      (state.byChunk || (measure === "ablation" && run.agent.unit === "chunk"));
    const items = chunked ? measures.chunkItems(run, t) : measures.stepItems(t);
    const shown = measure ? matrices[measure] : null;
    return {
      index,
      run,
      t,
      measure,
      matrices,
      shown,
      chunked,
      ended: state.step > run.length - 1,
      ranked: shown ? measures.ranked(shown, t, items, 5) : [],
    };
  }

  function render() {
    scheduled = false;
    if (!runs.length) return;
    const begin = performance.now();
    const now = changed;
    changed = new Set();
    const scenes = runs.map(sceneOf);
    for (const view of views) view(scenes, now);
    frameTimes.push(performance.now() - begin);
    if (frameTimes.length > KEPT_TIMES) frameTimes.shift();
  }

  // Changes the state and draws it at the next animation frame.
  function set(changes) {
    for (const [name, value] of Object.entries(changes)) {
      if (state[name] === value) continue;
      state[name] = value;
      changed.add(name);
    }
    if (changed.size) schedule();
    if ("step" in changes || "episode" in changes) writeLinkSoon();
  }

  // Calls at the next animation frame; what is thrown there is shown in the page.
  function nextFrame(callback) {
    requestAnimationFrame((now) => {
      try {
        callback(now);
      } catch (error) {
        engrax.fail(error);
      }
    });
  }

  function schedule() {
    if (scheduled) return;
    scheduled = true;
    nextFrame(render);
  }

  // Draws anew for a reason outside the state: "size" or "theme".
  function refresh(reason) {
    changed.add(reason);
    schedule();
  }

  const lastStep = () => Math.max(...runs.map((run) => run.length)) - 1;
  const go = (step) => set({ step: clamp(Math.round(step), 0, lastStep()) });
  const move = (steps) => go(state.step + steps);
  const pin = (step) => set({ pinned: step === state.pinned ? null : step });

  // Where the previous (-1) or next (+1) decision of any agent lies; null if there is none.
  function decisionFrom(direction) {
    const steps = runs.flatMap(measures.decisions).filter((t) => direction * (t - state.step) > 0);
    if (!steps.length) return null;
    return direction > 0 ? Math.min(...steps) : Math.max(...steps);
  }

  function goToDecision(direction) {
    const step = decisionFrom(direction);
    if (step !== null) go(step);
  }

  const goToTelling = () => go(measures.telling(runs[0]));

  // Opens an episode at a step, or at its most telling decision; true unless another came first.
  async function open(index, step = null) {
    const token = {};
    opening = token;
    const decoded = await engrax.data.open(engrax.content, index);
    if (opening !== token) return false;
    runs = decoded;
    changed.add("episode");
    const telling = step ?? measures.telling(runs[0]);
    set({ episode: index, pinned: null, playing: false, step: clamp(telling, 0, lastStep()) });
    return true;
  }

  function readLink() {
    const fields = new URLSearchParams(location.hash.slice(1));
    const index = engrax.content.episodes.findIndex(
      ({ number }) => String(number) === fields.get("episode"),
    );
    const step = fields.has("step") ? Number(fields.get("step")) : NaN;
    return { index, step: Number.isInteger(step) ? step : null };
  }

  // Goes to the step of the link; a link to no episode opens the first one.
  function followLink() {
    const { index, step } = readLink();
    if (index >= 0 && index === state.episode && step !== null) {
      go(step);
      return Promise.resolve();
    }
    return open(Math.max(index, 0), index < 0 ? null : step);
  }

  function writeLink() {
    linkTimer = 0;
    const { number } = engrax.content.episodes[state.episode];
    history.replaceState(null, "", `#episode=${number}&step=${state.step}`);
  }

  function writeLinkSoon() {
    linkTimer ||= setTimeout(writeLink, LINK_DELAY_MS);
  }

  Object.assign(engrax, {
    state,
    views,
    frameTimes,
    set,
    refresh,
    nextFrame,
    go,
    move,
    pin,
    decisionFrom,
    goToDecision,
    goToTelling,
    open,
    followLink,
    lastStep,
    runs: () => runs,
  });
})();
