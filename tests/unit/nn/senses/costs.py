"""Costs of predictions as slow loops in float64."""

import jax.numpy as jnp
import numpy as np


def sigmoid_costs(logits, targets):
    """-t log p - (1 - t) log(1 - p), element by element."""
    p = 1 / (1 + np.exp(-np.asarray(logits, np.float64)))
    return -(targets * np.log(p) + (1 - targets) * np.log(1 - p))


def softmax_cost(logits, value):
    """-log softmax(logits)[value]."""
    logits = np.asarray(logits, np.float64)
    return np.log(np.exp(logits).sum()) - logits[value]


def affine(layer, x):
    """W x + b in float64."""
    return np.asarray(layer.weight, np.float64) @ x + np.asarray(layer.bias, np.float64)


def random_features(decoder, *, size=7, shape=(2, 3)):
    """Inputs `[*shape, size]` of a decoder, and predictions away from where they start."""
    numbers = np.random.default_rng(2)
    h = jnp.asarray(numbers.standard_normal((*shape, size)), jnp.float32)
    prediction = np.asarray(decoder(h))
    return h, prediction + numbers.standard_normal(prediction.shape).astype(np.float32)
