"""An update: minibatches of segments, losses, gradient steps. The same for every learner."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Int, Key, PyTree

from engrax.agents.base import AbstractAgent
from engrax.algorithms.base import AbstractLearner, Batch, Terms
from engrax.algorithms.numbers import with_numbers
from engrax.algorithms.optimiser import apply_gradient
from engrax.algorithms.tiles import cut, joined, number_of_tiles
from engrax.algorithms.transport import with_transport
from engrax.losses.masks import Moments, Total, alone, masked_sum, moments, pooled, pooled_all
from engrax.losses.value import squared_error
from engrax.types import Segment

Metrics = dict[str, Float[Array, ""]]


class Weights(NamedTuple):
    """What each step [streams, t] weighs in the means that make up the loss.

    Attributes:
        policy: in those of the policy and the entropy.
        value: in that of the value.
        every: in those of the agent's own losses.
    """

    policy: Float[Array, "*t"]
    value: Float[Array, "*t"]
    every: Float[Array, "*t"]


def update(
    learner: AbstractLearner,
    optimiser: optax.GradientTransformation,
    agent: AbstractAgent[Any],
    optimiser_state: PyTree,
    segments: Segment[Any],
    key: Key[Array, ""],
    updates: Int[Array, ""],
    *,
    tile: int | None = None,
    total: Total = alone,
) -> tuple[AbstractAgent[Any], PyTree, Metrics]:
    """All gradient steps over one batch of segments.

    Args:
        learner: its settings and equations.
        optimiser: as `make_optimiser` makes it.
        agent: to be changed.
        optimiser_state: belongs to the agent.
        segments: [streams, ...], those of this device.
        key: shuffles the streams.
        updates: made before this one; schedules depend on it.
        tile: streams whose gradient is computed at once; all of a minibatch if not given.
        total: sums over the devices that share the update.

    Returns:
        The agent, the optimiser's state, and metrics, means over the gradient steps.
    """
    if (factor := agent.reward_factor) is not None:
        learner = with_numbers(learner, {"reward_scale": learner.reward_scale * factor})
    segments = with_transport(learner.transport, learner.discount, agent, segments)
    whole = learner.prepare(segments, total)
    rate = lambda group: learner.rate(group, updates)  # noqa: E731
    entropy_cost = learner.entropy_cost * learner.entropy_ramp(updates)
    # What is no array, such as an activation function, cannot be carried by a scan.
    parameters, rest = eqx.partition(agent, eqx.is_array)

    def gradient_step(carry, minibatch):
        (streams, counts), agent, state = minibatch, eqx.combine(carry[0], rest), carry[1]
        batch = jax.tree.map(lambda x: x[streams], whole)
        cost, gradient, found = gradient_of(
            learner, agent, batch, counts, entropy_cost, tile, total
        )
        agent, state = apply_gradient(optimiser, agent, state, gradient, rate)
        scalars = {"loss": cost, "gradient_norm": optax.tree.norm(gradient)}
        return (eqx.filter(agent, eqx.is_array), state), (found, scalars)

    streams = shuffled_minibatches(
        key, segments.values.shape[0], learner.epochs, learner.minibatches
    )
    # Of all gradient steps at once: devices wait for one another at every sum.
    counts = total(counts_of(masks_of(learner, whole), streams))
    carry, (found, scalars) = jax.lax.scan(
        gradient_step, (parameters, optimiser_state), (streams, counts)
    )
    metrics = metrics_of(pooled_all(found, total))
    metrics |= jax.tree.map(jnp.mean, scalars)
    metrics |= {"learning_rate": rate("agent"), "entropy_cost": entropy_cost}
    if whole.segment.transported is not None:
        of_valid = moments(whole.segment.transported, whole.valid)
        metrics["transported"] = pooled(of_valid, total).mean
    agent = eqx.combine(carry[0], rest).after(segments, total)
    return agent, carry[1], metrics


def gradient_of(
    learner: AbstractLearner,
    agent: AbstractAgent[Any],
    batch: Batch,
    counts: Weights,
    entropy_cost: Float[Array, ""],
    tile: int | None = None,
    total: Total = alone,
) -> tuple[Float[Array, ""], PyTree, dict[str, Moments]]:
    """The loss over the batches of all devices, its gradient, and the moments of what is measured
    over this device's batch.

    The gradient is a sum over streams. Computed for a few of them at a time, what the backward pass
    needs stays in the caches of a processor.

    Args:
        learner: its settings and equations.
        agent: whose parameters the gradient is of.
        batch: of this device.
        counts: steps of the batches of all devices that count; see `counts_of`.
        entropy_cost: of this update.
        tile: streams whose gradient is computed at once; all if not given.
        total: sums over the devices; once, so that they wait for one another once.
    """
    with_aux = eqx.filter_value_and_grad(loss, has_aux=True)
    of_part = lambda part: with_aux(agent, learner, part[0], part[1], entropy_cost)  # noqa: E731
    masks = masks_of(learner, batch)
    whole = (batch, weights_of(masks, counts))
    tiles = number_of_tiles(batch.valid.shape[0], tile)
    if tiles == 1:
        (cost, terms), gradient = of_part(whole)
    else:
        (cost, terms), gradient = summed_over(of_part, agent, cut(whole, tiles))
        terms = joined(terms)
    return *total((cost, gradient)), moments_of(terms, masks.policy, masks.value)


def summed_over(
    of_part: Callable[[PyTree], tuple[tuple[Float[Array, ""], Terms], PyTree]],
    agent: AbstractAgent[Any],
    parts: PyTree,
) -> tuple[tuple[Float[Array, ""], Terms], PyTree]:
    """Loss and gradient, summed over parts [parts, streams, ...] one after the other, and the terms
    of all.
    """

    def add(sums, part):
        (cost, terms), gradient = of_part(part)
        return jax.tree.map(jnp.add, sums, (cost, gradient)), terms

    zeros = jax.tree.map(jnp.zeros_like, eqx.filter(agent, eqx.is_inexact_array))
    (cost, gradient), terms = jax.lax.scan(add, (jnp.zeros((), jnp.float32), zeros), parts)
    return (cost, terms), gradient


def masks_of(learner: AbstractLearner, batch: Batch) -> Weights:
    """1 for each step [streams, t] that counts, 0 for the others."""
    counted = batch.effective if learner.value_only_effective else batch.valid
    return Weights(batch.effective, counted, jnp.ones_like(counted))


def counts_of(masks: Weights, minibatches: Int[Array, "m b"]) -> Weights:
    """How many steps count in each of some minibatches, given as the numbers of their streams."""
    return jax.tree.map(lambda mask: jnp.sum(jnp.sum(mask, 1)[minibatches], 1), masks)


def weights_of(masks: Weights, counts: Weights) -> Weights:
    """Each step's mask, divided by the number of steps of all devices that count."""
    return jax.tree.map(lambda mask, count: mask / jnp.maximum(count, 1.0), masks, counts)


def loss(
    agent: AbstractAgent[Any],
    learner: AbstractLearner,
    batch: Batch,
    weights: Weights,
    entropy_cost: Float[Array, ""],
) -> tuple[Float[Array, ""], Terms]:
    """What some streams [streams, ...] add to the loss, and its terms.

    policy - entropy_cost * entropy, over steps whose action had an effect; value_cost * half the
    squared error of the value, over steps that are not void, or over the same; the agent's own
    losses, over all steps.
    """
    terms = jax.vmap(lambda one: learner.terms(agent, one))(batch)
    policy = masked_sum(terms.policy - entropy_cost * terms.entropy, weights.policy)
    value = masked_sum(jax.vmap(squared_error)(terms.values, terms.returns), weights.value)
    own = (masked_sum(cost, weights.every) for cost in terms.auxiliary.values())
    return sum(own, start=policy + learner.value_cost * value), terms


def moments_of(
    terms: Terms, effective: Float[Array, "b t"], counted: Float[Array, "b t"]
) -> dict[str, Moments]:
    """The moments of the terms over the steps where they count, and of returns and errors."""
    every = jnp.ones_like(counted)
    shown = {
        name: (x, every) for part in (terms.auxiliary, terms.metrics) for name, x in part.items()
    }
    shown |= {
        "policy_loss": (terms.policy, effective),
        "entropy": (terms.entropy, effective),
        "value_loss": (jax.vmap(squared_error)(terms.values, terms.returns), counted),
        "ratio_change": (terms.ratio_change, effective),
        "returns": (terms.returns, counted),
        "errors": (terms.returns - terms.values, counted),
    }
    return {name: moments(*numbers) for name, numbers in shown.items()}


def metrics_of(found: Mapping[str, Moments]) -> Metrics:
    """Means over the gradient steps, and what share of the returns' variance the values explain."""
    metrics = {name: jnp.mean(of.mean) for name, of in found.items()}
    del metrics["errors"], metrics["returns"]
    unexplained, variance = (jnp.mean(found[name].variance) for name in ("errors", "returns"))
    metrics["explained_variance"] = 1.0 - unexplained / jnp.maximum(variance, 1e-8)
    return metrics


def shuffled_minibatches(key: Key[Array, ""], streams: int, epochs: int, minibatches: int):
    """Indices of streams [epochs * minibatches, streams / minibatches], every stream once an
    epoch.
    """
    orders = jax.vmap(lambda k: jax.random.permutation(k, streams))(jax.random.split(key, epochs))
    return orders.reshape(epochs * minibatches, streams // minibatches)
