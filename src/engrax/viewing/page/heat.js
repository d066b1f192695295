// A map of values on a canvas that can be zoomed, moved, read and chosen from.
engrax.heat = (() => {
  const { make, button, sized, clamp, setText, tickStep } = engrax.dom;
  const { colours } = engrax;
  const LEFT = 34;
  const BOTTOM = 18;
  const FACTOR = 1.5;
  const SMALLEST_VIEW = 6;
  const DRAG_PIXELS = 4;

  // `describe(x, y)` gives the text for a cell, `choose(x, y)` acts on it, `overlay` draws on top,
  // `start()` gives the cell at which the keyboard begins, `height(width)` the height of the map,
  // `picture(x, y)` the step whose picture belongs to a cell.
  function create({ label, hint, describe, choose, overlay, start, height: heightOf, picture }) {
    const canvas = make("canvas", {
      class: "heat",
      tabindex: "0",
      role: "application",
      "aria-label": label,
    });
    const reading = make("p", { class: "reading", "aria-live": "polite", text: hint });
    const frame = make("div", { class: "heat-frame" }, canvas);
    const buttons = make(
      "div",
      { class: "buttons" },
      button("+", `Zoom in (+): ${label}`, () => zoom(FACTOR)),
      button("−", `Zoom out (−): ${label}`, () => zoom(1 / FACTOR)),
      button("whole", `Show the whole map (0): ${label}`, () => zoom(0)),
    );
    const view = { zoom: 1, x: 0, y: 0 };
    let [width, height] = [0, 0];
    let image = null;
    // The painter changes the size of its canvas: what was shown is remembered as numbers.
    let shownSize = [0, 0];
    let cursor = null;
    let dragging = null;

    const room = () => ({ width: width - LEFT, height: height - BOTTOM });
    const scale = () => ({
      x: (room().width / image.width) * view.zoom,
      y: (room().height / image.height) * view.zoom,
    });
    const toX = (x) => LEFT + (x - view.x) * scale().x;
    const toY = (y) => (y - view.y) * scale().y;

    function keepInside() {
      view.x = clamp(view.x, 0, image.width * (1 - 1 / view.zoom));
      view.y = clamp(view.y, 0, image.height * (1 - 1 / view.zoom));
      canvas.style.touchAction = view.zoom > 1 ? "none" : "pan-y";
    }

    // Zooms by a factor around a point given in shares of the view; 0 shows the whole map.
    function zoom(factor, at = { x: 0.5, y: 0.5 }) {
      const before = view.zoom;
      const most = Math.max(Math.max(image.width, image.height) / SMALLEST_VIEW, 1);
      view.zoom = clamp(factor === 0 ? 1 : before * factor, 1, most);
      view.x += at.x * image.width * (1 / before - 1 / view.zoom);
      view.y += at.y * image.height * (1 / before - 1 / view.zoom);
      keepInside();
      draw();
    }

    function cellAt(event) {
      const box = canvas.getBoundingClientRect();
      const x = Math.floor(view.x + (event.clientX - box.left - LEFT) / scale().x);
      const y = Math.floor(view.y + (event.clientY - box.top) / scale().y);
      return { x: clamp(x, 0, image.width - 1), y: clamp(y, 0, image.height - 1) };
    }

    function shareAt(event) {
      const box = canvas.getBoundingClientRect();
      return {
        x: clamp((event.clientX - box.left - LEFT) / room().width, 0, 1),
        y: clamp((event.clientY - box.top) / room().height, 0, 1),
      };
    }

    const read = ({ x, y }) => setText(reading, describe(x, y));

    function moveCursor(dx, dy) {
      const { x, y } = cursor ?? start();
      cursor = { x: clamp(x + dx, 0, image.width - 1), y: clamp(y + dy, 0, image.height - 1) };
      const [columns, rows] = [image.width / view.zoom, image.height / view.zoom];
      view.x = clamp(view.x, cursor.x + 1 - columns, cursor.x);
      view.y = clamp(view.y, cursor.y + 1 - rows, cursor.y);
      keepInside();
      read(cursor);
      draw();
    }

    canvas.addEventListener(
      "wheel",
      (event) => {
        if (event.deltaY > 0 && view.zoom === 1) return;
        event.preventDefault();
        zoom(event.deltaY < 0 ? 1.2 : 1 / 1.2, shareAt(event));
      },
      { passive: false },
    );
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      dragging = { x: event.clientX, y: event.clientY, from: { ...view }, moved: false };
    });
    canvas.addEventListener("pointermove", (event) => {
      const cell = cellAt(event);
      read(cell);
      const step = picture?.(cell.x, cell.y);
      if (step) engrax.sheet.showPreview(step.run, step.s, reading.textContent, event);
      else engrax.sheet.hidePreview();
      if (!dragging) return;
      const [dx, dy] = [event.clientX - dragging.x, event.clientY - dragging.y];
      dragging.moved ||= Math.hypot(dx, dy) > DRAG_PIXELS;
      if (!dragging.moved || view.zoom === 1) return;
      view.x = dragging.from.x - dx / scale().x;
      view.y = dragging.from.y - dy / scale().y;
      keepInside();
      draw();
    });
    canvas.addEventListener("pointerup", (event) => {
      const cell = cellAt(event);
      if (dragging && !dragging.moved) choose(cell.x, cell.y);
      dragging = null;
    });
    canvas.addEventListener("pointercancel", () => {
      dragging = null;
    });
    canvas.addEventListener("pointerleave", () => {
      setText(reading, hint);
      engrax.sheet.hidePreview();
    });
    canvas.addEventListener("focus", () => {
      if (canvas.matches(":focus-visible")) moveCursor(0, 0);
    });
    canvas.addEventListener("blur", () => {
      cursor = null;
      draw();
    });
    const keys = {
      ArrowLeft: () => moveCursor(-1, 0),
      ArrowRight: () => moveCursor(1, 0),
      ArrowUp: () => moveCursor(0, -1),
      ArrowDown: () => moveCursor(0, 1),
      "+": () => zoom(FACTOR),
      "=": () => zoom(FACTOR),
      "-": () => zoom(1 / FACTOR),
      0: () => zoom(0),
      Enter: () => choose(cursor.x, cursor.y),
    };
    const needsCursor = (key) => key === "Enter" || key.startsWith("Arrow");
    canvas.addEventListener("keydown", (event) => {
      if (!keys[event.key] || (needsCursor(event.key) && (!cursor || event.shiftKey))) return;
      keys[event.key]();
      event.preventDefault();
    });

    function drawTicks(context) {
      context.font = "11px system-ui, sans-serif";
      context.fillStyle = colours.css("--quiet");
      const axis = (first, shown, most, write) => {
        const every = tickStep(shown, most);
        for (let tick = Math.ceil(first / every) * every; tick < first + shown; tick += every)
          write(tick);
      };
      context.textBaseline = "top";
      context.textAlign = "center";
      axis(view.x, image.width / view.zoom, room().width / 50, (x) => {
        context.fillText(String(x), clamp(toX(x + 0.5), LEFT, width - 10), room().height + 4);
      });
      context.textBaseline = "middle";
      context.textAlign = "right";
      axis(view.y, image.height / view.zoom, room().height / 40, (y) => {
        context.fillText(String(y), LEFT - 5, clamp(toY(y + 0.5), 6, room().height - 4));
      });
    }

    function draw() {
      if (!image) return;
      const context = sized(canvas, width, height);
      context.clearRect(0, 0, width, height);
      drawTicks(context);
      const { x, y } = scale();
      context.save();
      context.beginPath();
      context.rect(LEFT, 0, room().width, room().height);
      context.clip();
      context.fillStyle = colours.css("--map");
      context.fillRect(LEFT, 0, room().width, room().height);
      context.imageSmoothingEnabled = x < 1 || y < 1;
      context.drawImage(
        image,
        view.x,
        view.y,
        image.width / view.zoom,
        image.height / view.zoom,
        LEFT,
        0,
        room().width,
        room().height,
      );
      overlay(context, {
        toX,
        toY,
        sizeX: Math.max(x, 1),
        sizeY: Math.max(y, 1),
        left: LEFT,
        ...room(),
      });
      if (cursor) {
        context.strokeStyle = colours.css("--accent");
        context.lineWidth = 2;
        context.strokeRect(
          toX(cursor.x) - 1,
          toY(cursor.y) - 1,
          Math.max(x, 4) + 2,
          Math.max(y, 4) + 2,
        );
      }
      context.restore();
    }

    return {
      root: make("div", {}, frame, reading),
      buttons,
      view,
      canvas,
      draw,
      // The whole map is shown for another episode (`anew`) or another size.
      setImage: (next, anew) => {
        const fresh = anew || shownSize[0] !== next.width || shownSize[1] !== next.height;
        image = next;
        shownSize = [next.width, next.height];
        if (!fresh) return;
        Object.assign(view, { zoom: 1, x: 0, y: 0 });
        cursor = null;
        dragging = null;
        keepInside();
      },
      resize: () => {
        width = frame.clientWidth;
        height = heightOf(width);
      },
      centre: (x, y) => ({ x: toX(x + 0.5), y: toY(y + 0.5) }),
    };
  }

  return { create };
})();
