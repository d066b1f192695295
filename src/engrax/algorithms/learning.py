"""An update: minibatches of segments, losses, gradient steps. The same for every learner."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Int, Key, PyTree

from engrax.agents.base import AbstractAgent
from engrax.algorithms.base import AbstractLearner, Batch
from engrax.algorithms.optimiser import apply_gradient
from engrax.losses.masks import masked_mean, masked_variance
from engrax.losses.value import squared_error
from engrax.types import Segment

Metrics = dict[str, Float[Array, ""]]


def update(
    learner: AbstractLearner,
    optimiser: optax.GradientTransformation,
    agent: AbstractAgent[Any],
    optimiser_state: PyTree,
    segments: Segment[Any],
    key: Key[Array, ""],
    updates: Int[Array, ""],
) -> tuple[AbstractAgent[Any], PyTree, Metrics]:
    """All gradient steps over one batch of segments.

    Args:
        learner: its settings and equations.
        optimiser: as `make_optimiser` makes it.
        agent: to be changed.
        optimiser_state: belongs to the agent.
        segments: [streams, ...].
        key: shuffles the streams.
        updates: made before this one; schedules depend on it.

    Returns:
        The agent, the optimiser's state, and metrics, means over the gradient steps.
    """
    whole = learner.prepare(segments)
    rate = lambda group: learner.rate(group, updates)  # noqa: E731
    entropy_cost = learner.entropy_cost * learner.entropy_ramp(updates)
    # What is no array, such as an activation function, cannot be carried by a scan.
    parameters, rest = eqx.partition(agent, eqx.is_array)

    def gradient_step(carry, streams):
        agent, state = eqx.combine(carry[0], rest), carry[1]
        batch = jax.tree.map(lambda x: x[streams], whole)
        gradient, metrics = gradient_of(learner, agent, batch, entropy_cost)
        agent, state = apply_gradient(optimiser, agent, state, gradient, rate)
        return (eqx.filter(agent, eqx.is_array), state), metrics

    streams = shuffled_minibatches(
        key, segments.values.shape[0], learner.epochs, learner.minibatches
    )
    carry, metrics = jax.lax.scan(gradient_step, (parameters, optimiser_state), streams)
    metrics = jax.tree.map(jnp.mean, metrics)
    metrics |= {"learning_rate": rate("agent"), "entropy_cost": entropy_cost}
    unexplained = metrics.pop("error_variance") / jnp.maximum(metrics.pop("return_variance"), 1e-8)
    metrics["explained_variance"] = 1.0 - unexplained
    return eqx.combine(carry[0], rest), carry[1], metrics


def gradient_of(
    learner: AbstractLearner,
    agent: AbstractAgent[Any],
    batch: Batch,
    entropy_cost: Float[Array, ""],
) -> tuple[PyTree, Metrics]:
    """The gradient of the loss over a batch, and metrics with the loss and the gradient's norm."""
    with_aux = eqx.filter_value_and_grad(
        lambda agent: loss(learner, agent, batch, entropy_cost), has_aux=True
    )
    (total, metrics), gradient = with_aux(agent)
    return gradient, metrics | {"loss": total, "gradient_norm": optax.tree.norm(gradient)}


def loss(
    learner: AbstractLearner,
    agent: AbstractAgent[Any],
    batch: Batch,
    entropy_cost: Float[Array, ""],
) -> tuple[Float[Array, ""], Metrics]:
    """The loss over a batch [streams, ...], and its parts.

    policy - entropy_cost * entropy, over steps whose action had an effect; value_cost * half the
    squared error of the value, over steps that are not void, or over the same; the agent's own
    losses, over all steps.
    """
    terms = jax.vmap(lambda one: learner.terms(agent, one))(batch)
    metrics = {name: jnp.mean(value) for name, value in terms.auxiliary.items()}
    auxiliary = sum(metrics.values(), start=jnp.float32(0))
    metrics |= {name: jnp.mean(value) for name, value in terms.metrics.items()}
    metrics["policy_loss"] = masked_mean(terms.policy, batch.effective)
    metrics["entropy"] = masked_mean(terms.entropy, batch.effective)
    counted = batch.effective if learner.value_only_effective else batch.valid
    metrics["value_loss"] = masked_mean(
        jax.vmap(squared_error)(terms.values, terms.returns), counted
    )
    metrics["ratio_change"] = masked_mean(terms.ratio_change, batch.effective)
    metrics["return_variance"] = masked_variance(terms.returns, counted)
    metrics["error_variance"] = masked_variance(terms.returns - terms.values, counted)
    total = metrics["policy_loss"] - entropy_cost * metrics["entropy"] + auxiliary
    return total + learner.value_cost * metrics["value_loss"], metrics


def shuffled_minibatches(key: Key[Array, ""], streams: int, epochs: int, minibatches: int):
    """Indices of streams [epochs * minibatches, streams / minibatches], every stream once an
    epoch.
    """
    orders = jax.vmap(lambda k: jax.random.permutation(k, streams))(jax.random.split(key, epochs))
    return orders.reshape(epochs * minibatches, streams // minibatches)
