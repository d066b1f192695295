"""Supervised learning by batches: what the probes of this folder have in common."""

import equinox as eqx
import jax
import optax


def taught(model, judge, batches: int, *, rate: float, seed: int):
    """The model after each batch, the cost, and the share that was right.

    Args:
        model: any tree of arrays.
        judge: `judge(model, key)` draws a batch, and returns its cost and the share that is right.
        batches: gradient steps of Adam.
        rate: its learning rate.
        seed: of the batches.
    """
    optimiser = optax.chain(optax.clip_by_global_norm(1.0), optax.adam(rate, eps=1e-5))
    state = optimiser.init(eqx.filter(model, eqx.is_inexact_array))

    @eqx.filter_jit
    def learn(model, state, key):
        (cost, right), gradient = eqx.filter_value_and_grad(judge, has_aux=True)(model, key)
        changes, state = optimiser.update(gradient, state, eqx.filter(model, eqx.is_inexact_array))
        return eqx.apply_updates(model, changes), state, cost, right

    for number in range(1, batches + 1):
        key = jax.random.fold_in(jax.random.key(seed), number)
        model, state, cost, right = learn(model, state, key)
        yield model, float(cost), float(right)
