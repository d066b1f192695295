// Pictures of steps from the sprite sheet, and the enlarged picture beside the pointer.
engrax.sheet = (() => {
  const { byId, make, sized, setText, clamp } = engrax.dom;
  const PREVIEW = 132;
  let preview = null;

  const ratio = (run) => (run.sheet ? run.frame_size[0] / run.frame_size[1] : 1);

  function copy(context, run, sheet, frame, x, y, width, height) {
    const [h, w] = run.frame_size;
    const column = frame % run.sheet_columns;
    const row = Math.floor(frame / run.sheet_columns);
    context.imageSmoothingEnabled = width < w;
    context.drawImage(sheet, column * w, row * h, w, h, x, y, width, height);
  }

  // Draws what the agent saw at a step; without pictures, a tile with the number of the step.
  function draw(context, run, step, x, y, width, height) {
    if (run.sheet) {
      copy(context, run, run.sheet, run.frame_of[step], x, y, width, height);
      return;
    }
    context.fillStyle = "#4b5563";
    context.fillRect(x, y, width, height);
    if (width < 18) return;
    context.fillStyle = "#ffffff";
    context.font = `${clamp(Math.round(width / 3), 9, 28)}px system-ui, sans-serif`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillText(String(step), x + width / 2, y + height / 2);
  }

  // Draws what the memory still knows of a step.
  function drawRecalled(context, run, step, x, y, width, height) {
    copy(context, run, run.recalled.sheet, run.recalled.frameOf[step], x, y, width, height);
  }

  // Fills a canvas of the given width with the picture of a step.
  function fill(canvas, run, step, width, drawPicture = draw) {
    const height = Math.round(width * ratio(run));
    canvas.style.width = `${width}px`;
    const context = sized(canvas, width, height);
    context.clearRect(0, 0, width, height);
    drawPicture(context, run, step, 0, 0, width, height);
  }

  function makePreview() {
    const canvas = make("canvas");
    const text = make("p");
    byId("preview").append(canvas, text);
    return { canvas, text };
  }

  // Shows the picture of a step enlarged, near a point of the window.
  function showPreview(run, step, text, pointer) {
    preview ??= makePreview();
    const box = byId("preview");
    fill(preview.canvas, run, step, PREVIEW);
    setText(preview.text, text);
    box.hidden = false;
    const height = PREVIEW * ratio(run) + 70;
    const left =
      pointer.clientX + 18 + PREVIEW + 20 > innerWidth
        ? pointer.clientX - PREVIEW - 34
        : pointer.clientX + 18;
    const top = clamp(pointer.clientY - height / 2, 4, innerHeight - height - 4);
    box.style.transform = `translate(${Math.max(left, 4)}px, ${Math.max(top, 4)}px)`;
  }

  const hidePreview = () => {
    byId("preview").hidden = true;
  };

  return { draw, drawRecalled, fill, ratio, showPreview, hidePreview };
})();
