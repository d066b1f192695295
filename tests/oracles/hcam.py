"""HCAM as slow float64 loops, written from the paper's description."""

import jax
import numpy as np

PROJECTIONS = (
    "relevance_query",
    "relevance_key",
    "detail_query",
    "detail_key",
    "detail_value",
    "detail_output",
)


def oracle_read(attention, query, contents, valid):
    """The output of a read."""
    return oracle_attention(attention, query, contents, valid)[0]


def oracle_attention(attention, query, contents, valid):
    """The six steps of the read, one chunk and one head at a time; of equals the first are chosen.

    Returns its output, and the attention to every row [m, c], a mean over heads.
    """
    weights = {
        name: np.asarray(getattr(attention, name).weight, np.float64) for name in PROJECTIONS
    }
    biases = {
        name: np.asarray(getattr(attention, name).bias, np.float64)
        for name in weights
        if name.startswith("detail")
    }
    query, contents = np.asarray(query, np.float64), np.asarray(contents, np.float64)
    num_chunks, size, width = contents.shape
    relevance = np.empty(num_chunks)
    for m in range(num_chunks):
        key = weights["relevance_key"] @ contents[m].mean(0)
        relevance[m] = (
            (weights["relevance_query"] @ query) @ key / np.sqrt(width) if valid[m] else -1e300
        )
    chosen = np.argsort(-relevance, kind="stable")[: attention.top_k]
    strength = np.exp(relevance[chosen] - relevance[chosen].max())
    strength /= strength.sum()
    code = np.empty((size, width))
    for c in range(size):
        for i in range(width // 2):
            angle = (size - 1 - c) * 1e4 ** (-2 * i / width)
            code[c, i], code[c, width // 2 + i] = np.sin(angle), np.cos(angle)
    head = width // attention.num_heads
    output, shown = np.zeros(width), np.zeros((num_chunks, size))
    for weight, m in zip(strength, chosen, strict=True):
        rows = contents[m] + code
        q = weights["detail_query"] @ query + biases["detail_query"]
        keys = rows @ weights["detail_key"].T + biases["detail_key"]
        values = rows @ weights["detail_value"].T + biases["detail_value"]
        mixed = np.empty(width)
        for h in range(attention.num_heads):
            part = slice(h * head, (h + 1) * head)
            scores = keys[:, part] @ q[part] / np.sqrt(head)
            probabilities = np.exp(scores - scores.max())
            probabilities /= probabilities.sum()
            mixed[part] = probabilities @ values[:, part]
            shown[m] += weight * probabilities / attention.num_heads
        output += weight * (weights["detail_output"] @ mixed + biases["detail_output"])
    return output, shown


def random_biases(attention, key):
    """Biases start at zero; an oracle must see them."""
    leaves, tree = jax.tree.flatten(attention)
    keys = jax.random.split(key, len(leaves))
    leaves = [
        a + 0.3 * jax.random.normal(k, a.shape) if a.ndim == 1 else a
        for a, k in zip(leaves, keys, strict=True)
    ]
    return jax.tree.unflatten(tree, leaves)


def linear(layer, x):
    y = np.asarray(layer.weight, np.float64) @ x
    return y if layer.bias is None else y + np.asarray(layer.bias, np.float64)


def norm(layer, x):
    normal = (x - x.mean()) / np.sqrt(x.var() + 1e-5)
    return normal * np.asarray(layer.scale, np.float64) + np.asarray(layer.offset, np.float64)


def oracle_local(local, x, past):
    """Attention of the newest of `past` (normalised inputs of the window, oldest first) to all of
    them.
    """
    width = len(x)
    head = width // local.num_heads
    query, mixed = linear(local.query, x), np.empty(width)
    for h in range(local.num_heads):
        part = slice(h * head, (h + 1) * head)
        u, v = (
            np.asarray(local.content_bias[h], np.float64),
            np.asarray(local.position_bias[h], np.float64),
        )
        scores = []
        for place, row in enumerate(past):
            angles = (len(past) - 1 - place) * 1e4 ** (-np.arange(0, width, 2) / width)
            code = linear(local.position, np.concatenate([np.sin(angles), np.cos(angles)]))
            score = (query[part] + u) @ linear(local.key, row)[part] + (query[part] + v) @ code[
                part
            ]
            scores.append(score / np.sqrt(head))
        weights = np.exp(np.array(scores) - max(scores))
        values = np.stack([linear(local.value, row)[part] for row in past])
        mixed[part] = weights / weights.sum() @ values
    return linear(local.output, mixed)


def oracle_memory(memory, xs, firsts):
    outputs, histories = [], []
    for x, first in zip(np.asarray(xs, np.float64), firsts, strict=True):
        if first:
            histories = [([], []) for _ in memory.layers]
        y = norm(memory.input_norm, linear(memory.input_projection, x))
        for layer, (inputs, stored) in zip(memory.layers, histories, strict=True):
            complete = [
                stored[i : i + layer.chunk_size] for i in range(0, len(stored), layer.chunk_size)
            ]
            complete = [c for c in complete if len(c) == layer.chunk_size][-(layer.num_slots - 1) :]
            inputs.append(norm(layer.local_norm, y))
            y = y + oracle_local(layer.local, inputs[-1], inputs[-layer.local.window :])
            stored.append((y - y.mean()) / np.sqrt(y.var() + 1e-5) if layer.normalise_stored else y)
            if complete:
                absent = [np.zeros_like(complete[0])] * (layer.attention.top_k - len(complete))
                valid = [True] * len(complete) + [False] * len(absent)  # newest first
                y = y + oracle_read(
                    layer.attention,
                    norm(layer.block_norm, y),
                    np.stack(complete[::-1] + absent),
                    valid,
                )
            hidden = np.maximum(linear(layer.mlp.layers[0], norm(layer.mlp_norm, y)), 0)
            y = y + linear(layer.mlp.layers[1], hidden)
        outputs.append(norm(memory.output_norm, y))
    return np.stack(outputs)
