// Attention, saliency and ablation as matrices of time by past, and what follows from them.
engrax.measures = (() => {
  const ORDER = ["attention", "saliency", "ablation"];
  const NAMES = {
    attention: "Attention",
    saliency: "Saliency",
    ablation: "Effect of leaving it out",
  };
  const HINTS = {
    attention: "How the agent divides its reading of memory among past steps.",
    saliency:
      "How strongly a small change of a past observation changes the log-probability " +
      "of the chosen action.",
    ablation:
      "Log-probability of the chosen action with the whole memory, minus that without this part, in nats. " +
      "Where the step is no decision, it concerns an action without effect.",
  };
  const HEADINGS = {
    attention: "Most recalled",
    saliency: "Most salient",
    ablation: "Largest effects",
  };
  // Colours end at this quantile, so that a few extreme values do not hide the others.
  const QUANTILE = 0.998;

  const available = (run) => ORDER.filter((name) => run[name] !== null);

  // Readers by layer: the part of a name before the last comma.
  function layers(names) {
    const groups = new Map();
    names.forEach((name, index) => {
      const comma = name.lastIndexOf(",");
      const layer = comma < 0 ? "readers" : name.slice(0, comma).trim();
      const label = comma < 0 ? name : name.slice(comma + 1).trim();
      if (!groups.has(layer)) groups.set(layer, []);
      groups.get(layer).push({ index, label });
    });
    return groups;
  }

  // The readers of a choice: "all", "layer:NAME" or an index.
  function chosenReaders(run, choice) {
    if (choice === "all") return Array.from({ length: run.readers }, (_, index) => index);
    if (!choice.startsWith("layer:")) return [Number(choice)];
    return layers(run.agent.readers)
      .get(choice.slice("layer:".length))
      .map(({ index }) => index);
  }

  function averageAttention(run, choice) {
    const { length, readers, attention: bits } = run;
    const table = engrax.data.halfTable();
    const chosen = chosenReaders(run, choice);
    const values = new Float32Array(length * length).fill(NaN);
    for (let t = 0; t < length; t++) {
      for (let s = 0; s < t; s++) {
        let sum = 0;
        for (const reader of chosen) sum += table[bits[(t * readers + reader) * length + s]];
        values[t * length + s] = sum / chosen.length;
      }
    }
    return values;
  }

  function once(compute) {
    let result = null;
    return () => (result ??= compute());
  }

  function colourLimit(values, length) {
    const sizes = new Float32Array((length * (length - 1)) / 2);
    let count = 0;
    for (let t = 1; t < length; t++) {
      for (let s = 0; s < t; s++) {
        const size = Math.abs(values[t * length + s]);
        if (size > 0) sizes[count++] = size;
      }
    }
    const sorted = sizes.subarray(0, count).sort();
    return count ? sorted[Math.floor(QUANTILE * (count - 1))] : 1;
  }

  // {values, length, signed, limit()} of one measure, computed once for each choice of readers.
  function matrix(run, name, choice) {
    const key = name === "attention" ? `attention ${choice}` : name;
    if (!run[name]) return null;
    if (!run.matrices.has(key)) {
      const values = name === "attention" ? averageAttention(run, choice) : run[name];
      run.matrices.set(key, {
        name,
        values,
        length: run.length,
        signed: name === "ablation",
        limit: once(() => colourLimit(values, run.length)),
      });
    }
    return run.matrices.get(key);
  }

  const at = (matrix, t, s) => matrix.values[t * matrix.length + s];

  // Whether step t has a value for any step up to itself.
  function isMeasured(matrix, t) {
    for (let s = 0; s <= t; s++) if (!Number.isNaN(at(matrix, t, s))) return true;
    return false;
  }

  // The largest size and the sum of the values of step t for its past.
  function rowTotals(matrix, t) {
    let [largest, sum] = [0, 0];
    for (let s = 0; s < t; s++) {
      const size = Math.abs(at(matrix, t, s));
      if (size > largest) largest = size;
      if (size > 0) sum += size;
    }
    return { largest, sum };
  }

  // What a full bar stands for at step t. Effects of nearly nothing stay small.
  const LEAST_EFFECT = 0.1;
  const scaleOf = (largest, signed) => Math.max(largest, signed ? LEAST_EFFECT : 0) || 1;
  const rowScale = (matrix, t) => scaleOf(rowTotals(matrix, t).largest, matrix.signed);

  // The value of an item (steps first to last): a sum of shares, or the effect of largest size.
  function itemValue(matrix, t, item, totals) {
    if (!matrix) return null;
    let [sum, largest, found] = [0, NaN, false];
    for (let s = item.first; s <= item.last; s++) {
      const value = at(matrix, t, s);
      if (Number.isNaN(value)) continue;
      found = true;
      sum += value;
      if (!(Math.abs(value) <= Math.abs(largest))) largest = value;
    }
    if (!found) return null;
    if (matrix.signed) return largest;
    return matrix.name === "saliency" ? sum / (totals.sum || 1) : sum;
  }

  // The chunks of a run as items, cut at the present step t; without chunks, null.
  function chunkItems(run, t) {
    if (!run.chunks) return null;
    return run.chunks
      .map((first, index) => ({
        first,
        last: Math.min((run.chunks[index + 1] ?? run.length) - 1, t - 1),
        chunk: index,
      }))
      .filter((item) => item.first < t);
  }

  const stepItems = (t) =>
    Array.from({ length: t }, (_, s) => ({ first: s, last: s, chunk: null }));

  // What a step shows, by its name; null where the run names nothing.
  const eventOf = ({ events }, s) => (events ? (events.names[events.of[s]] ?? null) : null);

  function chunkOf(run, s) {
    if (!run.chunks) return null;
    let chunk = run.chunks.length - 1;
    while (chunk > 0 && run.chunks[chunk] > s) chunk--;
    return chunk;
  }

  // The `count` items with the largest values at step t: [{first, last, chunk, value}].
  function ranked(matrix, t, items, count) {
    const totals = rowTotals(matrix, t);
    return items
      .map((item) => ({ ...item, value: itemValue(matrix, t, item, totals) }))
      .filter((item) => item.value !== null && item.value !== 0)
      .sort((one, other) => Math.abs(other.value) - Math.abs(one.value))
      .slice(0, count);
  }

  // Entropy (in nats) and largest value of the shares of step t; NaN where nothing was measured.
  function concentration(matrix, t) {
    let [entropy, top] = [0, NaN];
    const { sum } = rowTotals(matrix, t);
    for (let s = 0; s < t; s++) {
      const value = at(matrix, t, s);
      const share = Math.abs(value) / sum;
      if (share > 0) entropy -= share * Math.log(share);
      if (Number.isNaN(top) || Math.abs(value) > Math.abs(top)) top = value;
    }
    if (matrix.name === "saliency") top = sum > 0 ? top / sum : NaN;
    return { entropy: sum > 0 ? entropy : NaN, top };
  }

  const decisions = (run) =>
    Array.from({ length: run.length }, (_, t) => t).filter((t) => run.effective[t]);

  // The decision that depends most on one item: by effect where it was measured, else by share.
  // An equal share is subtracted: at the first steps one item has all of the attention.
  function telling(run) {
    const name = run.ablation ? "ablation" : available(run)[0];
    const steps = decisions(run);
    const candidates = steps.length ? steps : Array.from({ length: run.length }, (_, t) => t);
    if (!name) return candidates[0];
    const shown = matrix(run, name, "all");
    const score = (t) => {
      const { top } = concentration(shown, t);
      const size = shown.signed ? Math.abs(top) : top - 1 / Math.max(t, 1);
      return Number.isNaN(size) ? -Infinity : size;
    };
    return candidates.reduce((best, t) => (score(t) > score(best) ? t : best), candidates[0]);
  }

  return {
    ORDER,
    NAMES,
    HINTS,
    HEADINGS,
    available,
    layers,
    matrix,
    at,
    isMeasured,
    rowTotals,
    rowScale,
    scaleOf,
    itemValue,
    chunkItems,
    stepItems,
    chunkOf,
    eventOf,
    ranked,
    concentration,
    decisions,
    telling,
  };
})();
