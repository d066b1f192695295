// The keys of the page and the dialog that lists them.
engrax.keys = (() => {
  const { byId, make, button } = engrax.dom;
  const LIST = [
    ["← →", "one step back, one step on"],
    ["Shift + ← →, PageUp PageDown", "ten steps back, ten steps on"],
    ["Home End", "first step, last step"],
    ["Space", "play or pause"],
    ["p n", "previous decision, next decision"],
    ["m", "most telling decision"],
    ["1 2 3", "attention, saliency, effect of leaving it out"],
    ["Escape", "unpin"],
    ["Tab", "next control, film, map or curve"],
    ["In the film: arrows, Enter", "choose a frame, pin it"],
    ["In a map: arrows, Enter, + − 0", "choose a cell, go there and pin its past step, zoom"],
    ["?", "this list"],
  ];

  const chooseMeasure = (index) => () => {
    const name = engrax.measures.ORDER[index];
    if (engrax.runs().some((run) => run[name] !== null)) engrax.set({ measure: name });
  };

  const ACTIONS = {
    ArrowLeft: (event) => engrax.move(event.shiftKey ? -10 : -1),
    ArrowRight: (event) => engrax.move(event.shiftKey ? 10 : 1),
    PageUp: () => engrax.move(-10),
    PageDown: () => engrax.move(10),
    Home: () => engrax.go(0),
    End: () => engrax.go(engrax.lastStep()),
    " ": () => engrax.controls.togglePlay(),
    p: () => engrax.goToDecision(-1),
    n: () => engrax.goToDecision(1),
    m: () => engrax.goToTelling(),
    1: chooseMeasure(0),
    2: chooseMeasure(1),
    3: chooseMeasure(2),
    Escape: () => engrax.set({ pinned: null }),
    "?": () => byId("keys").showModal(),
  };

  // Whether the focused element needs the key itself.
  function belongsToControl(event) {
    const { target, key } = event;
    if (target.closest("select, dialog, input[type=radio]")) return true;
    const pressed = "button, summary, a, input[type=checkbox]";
    return (key === " " || key === "Enter") && target.closest(pressed) !== null;
  }

  function onKey(event) {
    const action = ACTIONS[event.key];
    if (!action || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (!engrax.runs().length || belongsToControl(event)) return;
    event.preventDefault();
    action(event);
  }

  function start() {
    const dialog = byId("keys");
    dialog.append(
      make("h2", { id: "keys-title", text: "Keys" }),
      make(
        "table",
        {},
        ...LIST.map(([keys, text]) =>
          make("tr", {}, make("th", { scope: "row", text: keys }), make("td", { text })),
        ),
      ),
      button("close", "Close (Escape)", () => dialog.close()),
    );
    byId("show-keys").addEventListener("click", () => dialog.showModal());
    document.addEventListener("keydown", onKey);
  }

  return { start };
})();
