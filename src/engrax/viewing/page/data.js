// Reads the data of the page: JSON at once, arrays and pictures when an episode is opened.
engrax.data = (() => {
  const KEPT_EPISODES = 3;
  const ARRAYS = [
    "frame_of",
    "effective",
    "reward",
    "value",
    "policy",
    "chosen",
    "attention",
    "visible",
    "saliency",
    "ablation",
  ];
  const TYPES = {
    u8: Uint8Array,
    i16: Int16Array,
    u16: Uint16Array,
    f16: Uint16Array,
    f32: Float32Array,
  };
  const opened = new Map();
  let halves = null;

  // Why the page cannot be shown, in words for its reader.
  class Unreadable extends Error {}

  function read() {
    if (typeof DecompressionStream === "undefined") {
      throw new Unreadable(
        "This browser cannot decompress the data (it lacks DecompressionStream). " +
          "Open the file in a newer browser: Chrome 80, Safari 16.4, Firefox 113 or later.",
      );
    }
    const data = JSON.parse(document.getElementById("engrax-data").textContent);
    if (data.format !== 1) {
      throw new Unreadable(
        `The data has format ${data.format}, and this page reads format 1. ` +
          "Write the page again with the version of engrax that you use.",
      );
    }
    return data;
  }

  function half(bits) {
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    if (exponent === 0) return sign * fraction * 2 ** -24;
    if (exponent === 31) return fraction ? NaN : sign * Infinity;
    return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  }

  // The values of all 65536 numbers of 16 bits.
  function halfTable() {
    halves ??= Float32Array.from({ length: 65536 }, (_, bits) => half(bits));
    return halves;
  }

  const toFloats = (bits) => {
    const table = halfTable();
    return Float32Array.from(bits, (value) => table[value]);
  };

  async function inflate(text) {
    const raw = atob(text);
    const bytes = new Uint8Array(raw.length);
    for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Response(stream).arrayBuffer();
  }

  // The array of a blob; numbers of 16 bits stay as they are stored.
  async function decode(blob) {
    return blob ? new TYPES[blob.dtype](await inflate(blob.data)) : null;
  }

  async function decodeFloats(blob) {
    const array = await decode(blob);
    return array && blob.dtype === "f16" ? toFloats(array) : array;
  }

  async function picture(url) {
    if (!url) return null;
    const image = new Image();
    image.src = url;
    await image.decode();
    return createImageBitmap(image);
  }

  async function openSlots(slots) {
    if (!slots) return null;
    const [written, usage] = await Promise.all([decode(slots.written), decodeFloats(slots.usage)]);
    return { written, usage, count: slots.written.shape[1] };
  }

  async function openRecalled(recalled) {
    if (!recalled) return null;
    const [sheet, frameOf] = await Promise.all([
      picture(recalled.frames),
      decode(recalled.frame_of),
    ]);
    return { sheet, frameOf };
  }

  // Pages written before events were known have none.
  async function openEvents(events) {
    return events ? { names: events.names, of: await decode(events.of) } : null;
  }

  // A run with arrays in place of blobs. Attention keeps its 16 bits until a reader is shown.
  async function openRun(run, agent) {
    const arrays = Promise.all(
      ARRAYS.map((name) => (name === "attention" ? decode(run[name]) : decodeFloats(run[name]))),
    );
    const [values, sheet, slots, recalled, events] = await Promise.all([
      arrays,
      picture(run.frames),
      openSlots(run.slots),
      openRecalled(run.recalled),
      openEvents(run.events),
    ]);
    const result = Object.fromEntries(ARRAYS.map((name, index) => [name, values[index]]));
    return {
      ...run,
      ...result,
      sheet,
      slots,
      recalled,
      events,
      agent,
      bars: run.policy.shape[1],
      readers: run.attention ? run.attention.shape[1] : 0,
      matrices: new Map(),
    };
  }

  // The runs of one episode; those opened last are kept.
  function open(data, index) {
    const runs =
      opened.get(index) ??
      Promise.all(data.episodes[index].runs.map((run, i) => openRun(run, data.agents[i])));
    opened.delete(index);
    opened.set(index, runs);
    if (opened.size > KEPT_EPISODES) opened.delete(opened.keys().next().value);
    return runs;
  }

  return { Unreadable, read, open, halfTable };
})();
