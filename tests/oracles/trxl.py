"""Transformer-XL, plain and gated, as slow float64 loops over time, layers and heads, written from
the papers.

Dai et al. 2019, arXiv 1901.02860, section 3.3; Parisotto et al. 2019, arXiv 1910.06764, section
3.2.
"""

import numpy as np

from oracles.hcam import linear, norm
from oracles.merlin import mlp, sigmoid, softmax


def numbers(array):
    return np.asarray(array, np.float64)


def relative_code(distance, width):
    """R_{i-j}: sines, then cosines."""
    angles = [distance / 10000 ** (2 * i / width) for i in range(width // 2)]
    return np.array([np.sin(angle) for angle in angles] + [np.cos(angle) for angle in angles])


def head_scores(attention, head, past):
    """A_{i,j} = E_i W_q^T W_kE E_j + E_i W_q^T W_kR R_{i-j} + u^T W_kE E_j + v^T W_kR R_{i-j}, i
    the last of past.
    """
    width, size = len(past[0]), attention.content_bias.shape[1]
    part = slice(head * size, (head + 1) * size)
    query = linear(attention.query, past[-1])[part]
    u, v = numbers(attention.content_bias)[head], numbers(attention.position_bias)[head]
    scores = []
    for j, row in enumerate(past):
        key = linear(attention.key, row)[part]
        position = (numbers(attention.position.weight) @ relative_code(len(past) - 1 - j, width))[
            part
        ]
        scores.append((query @ key + query @ position + u @ key + v @ position) / np.sqrt(size))
    return scores


def attend(attention, past):
    """What the last row of `past` gets from all of them, and its weights, a mean over heads."""
    size, heads = attention.content_bias.shape[1], attention.num_heads
    mixed, shown = np.zeros(len(past[0])), np.zeros(len(past))
    for head in range(heads):
        part = slice(head * size, (head + 1) * size)
        weights = softmax(head_scores(attention, head, past))
        for weight, row in zip(weights, past, strict=True):
            mixed[part] += weight * linear(attention.value, row)[part]
        shown += weights / heads
    return linear(attention.output, mixed), shown


def gate(layer, x, y):
    """r, z and h from W_r, W_z, W_g of the sub-layer's output y and U_r, U_z, U_g of the stream
    x.
    """
    w_r, w_z, w_g = np.split(numbers(layer.from_output.weight), 3)
    u_r, u_z = np.split(numbers(layer.from_stream.weight), 2)
    r = sigmoid(w_r @ y + u_r @ x)
    z = sigmoid(w_z @ y + u_z @ x - numbers(layer.bias))
    h = np.tanh(w_g @ y + numbers(layer.from_reset.weight) @ (r * x))
    return (1 - z) * x + z * h


def plain_layer(layer, x, inputs):
    attended, shown = attend(layer.attention, inputs)
    x = norm(layer.attention_residual.norm, x + attended)
    return norm(layer.mlp_residual.norm, x + mlp(layer.mlp, x)), shown


def gated_layer(layer, x, inputs):
    attended, shown = attend(
        layer.attention, [norm(layer.attention_residual.norm, row) for row in inputs]
    )
    x = gate(layer.attention_residual.gate, x, np.maximum(attended, 0))
    put_out = mlp(layer.mlp, norm(layer.mlp_residual.norm, x))
    return gate(layer.mlp_residual.gate, x, np.maximum(put_out, 0)), shown


def run(memory, one_layer, xs, firsts):
    """Outputs, and for each step its mean attention to 0, 1, ... window - 1 steps ago."""
    outputs, shown, window = [], [], memory.layers[0].attention.window
    for x, first in zip(numbers(xs), firsts, strict=True):
        if first:
            histories = [[] for _ in memory.layers]
        x, mean = linear(memory.input_projection, x), np.zeros(window)
        for layer, history in zip(memory.layers, histories, strict=True):
            history.append(x)
            x, weights = one_layer(layer, x, history[-window:])
            mean[: len(weights)] += weights[::-1] / len(memory.layers)
        outputs.append(x)
        shown.append(mean)
    return np.stack(outputs), np.stack(shown)
