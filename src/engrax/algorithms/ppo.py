"""Proximal policy optimisation over segments that carry the agent's memory."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Key, PyTree

from engrax.agents.base import AbstractAgent
from engrax.algorithms.optimiser import apply_gradient
from engrax.losses.policy import clipped_surrogate, entropies, log_probabilities
from engrax.losses.returns import generalised_advantages
from engrax.losses.value import explained_variance, squared_error
from engrax.types import Segment

Metrics = dict[str, Float[Array, ""]]


@dataclass(frozen=True)
class PPO:
    """Proximal policy optimisation (Schulman et al. 2017, arXiv 1707.06347), recurrent, whole segments a minibatch."""

    learning_rate: float = 1e-3
    """Of Adam."""
    epochs: int = 2
    """Passes over the segments of an update."""
    minibatches: int = 4
    """Parts of the streams, each of which makes one gradient step in a pass."""
    discount: float = 0.99
    """Factor on future rewards, a step."""
    trace: float = 0.95
    """Lambda of the advantages."""
    clip: float = 0.2
    """How far the policy's ratio counts."""
    entropy_cost: float = 0.01
    """Weight of the policy's entropy."""
    value_cost: float = 0.5
    """Weight of half the squared error of the value."""
    max_gradient_norm: float = 0.5
    """Gradients are scaled down to this norm."""
    adam_epsilon: float = 1e-5
    """Adam's epsilon."""
    policy_mask: str = ""
    """Name of a flag in the steps' `info`: where it is false the action had no effect, and policy and entropy are not
    trained. Empty: every step counts."""

    def __post_init__(self):
        for name in ("epochs", "minibatches"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}, expected at least 1")
        for name in ("discount", "trace"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(f"{name} is {getattr(self, name)}, expected 0 to 1")
        for name in ("learning_rate", "clip", "max_gradient_norm", "adam_epsilon"):
            if getattr(self, name) <= 0.0:
                raise ValueError(f"{name} is {getattr(self, name)}, expected more than 0")


class Lesson(NamedTuple):
    """A segment with its learning targets, `[t]` each; masks are 0 or 1."""

    segment: Segment[Any]
    advantages: Float[Array, "*t"]
    returns: Float[Array, "*t"]
    valid: Float[Array, "*t"]
    acted: Float[Array, "*t"]


def prepare(settings: PPO, segment: Segment[Any]) -> Lesson:
    """Targets of one segment, from the values recorded while acting."""
    steps, valid = segment.steps, ~segment.void
    discounts = settings.discount * steps.discount[1:]
    advantages = generalised_advantages(steps.reward[1:], discounts, segment.values, segment.void, settings.trace)
    acted = valid & steps.info[settings.policy_mask][:-1] if settings.policy_mask else valid
    return Lesson(
        segment, advantages, advantages + segment.values[:-1], valid.astype(jnp.float32), acted.astype(jnp.float32)
    )


def normalise(lessons: Lesson) -> Lesson:
    """Advantages with zero mean and unit variance over the steps whose policy is trained."""
    mean = masked_mean(lessons.advantages, lessons.acted)
    variance = masked_mean(jnp.square(lessons.advantages - mean), lessons.acted)
    return lessons._replace(advantages=(lessons.advantages - mean) * jax.lax.rsqrt(variance + 1e-8))


def masked_mean(x: Float[Array, "*n"], mask: Float[Array, "*n"]) -> Float[Array, ""]:
    """The mean over the steps whose mask is 1; 0 where there are none."""
    return jnp.sum(x * mask) / jnp.maximum(jnp.sum(mask), 1.0)


def loss(settings: PPO, agent: AbstractAgent, lessons: Lesson) -> tuple[Float[Array, ""], Metrics]:
    """The loss over a batch of lessons, and its parts."""
    parts = jax.vmap(lambda lesson: _losses(settings, agent, lesson))(lessons)
    acted, valid = lessons.acted, lessons.valid
    metrics = {name: jnp.mean(value) for name, value in parts.items() if name.startswith("reconstruct")}
    auxiliary = sum(metrics.values(), start=jnp.zeros(()))
    metrics["policy_loss"] = masked_mean(parts["policy_loss"], acted)
    metrics["entropy"] = masked_mean(parts["entropy"], acted)
    metrics["value_loss"] = masked_mean(parts["value_loss"], valid)
    metrics["ratio_change"] = masked_mean(parts["ratio_change"], acted)
    total = metrics["policy_loss"] - settings.entropy_cost * metrics["entropy"] + auxiliary
    return total + settings.value_cost * metrics["value_loss"], metrics


def _losses(settings: PPO, agent: AbstractAgent, lesson: Lesson) -> dict[str, Float[Array, " t"]]:
    """Every part of the loss, a step, for one segment."""
    segment, inputs = lesson.segment, lesson.segment.inputs
    state = None if segment.state is None else agent.refresh(jax.lax.stop_gradient(segment.state))
    _, outs = agent.unroll(state, inputs, segment.actions, segment.keys)
    logits = outs.logits[:-1]
    behaviour = log_probabilities(segment.logits[:-1], segment.actions)
    log_ratios = log_probabilities(logits, segment.actions) - behaviour
    return {
        **agent.auxiliary_losses(inputs, outs, segment.actions, lesson.returns),
        "policy_loss": clipped_surrogate(log_ratios, lesson.advantages, settings.clip),
        "entropy": entropies(logits),
        "value_loss": squared_error(outs.value[:-1], lesson.returns),
        "ratio_change": jnp.abs(jnp.exp(log_ratios) - 1.0),
    }


def update(
    settings: PPO,
    optimiser: optax.GradientTransformation,
    agent: AbstractAgent,
    optimiser_state: PyTree,
    segments: Segment[Any],
    key: Key[Array, ""],
) -> tuple[AbstractAgent, PyTree, Metrics]:
    """All epochs over one batch of segments [streams, ...]. Returns agent, optimiser state, and mean metrics."""
    lessons = jax.vmap(lambda segment: prepare(settings, segment))(segments)
    value_quality = explained_variance(segments.values[:, :-1], lessons.returns, lessons.valid)
    lessons = normalise(lessons)

    def gradient_step(carry, streams):
        agent, state = carry
        batch = jax.tree.map(lambda x: x[streams], lessons)
        (total, metrics), gradient = eqx.filter_value_and_grad(
            lambda agent: loss(settings, agent, batch), has_aux=True
        )(agent)
        metrics |= {"loss": total, "gradient_norm": optax.tree.norm(gradient)}
        return apply_gradient(optimiser, agent, state, gradient), metrics

    streams = shuffled_minibatches(key, segments.values.shape[0], settings.epochs, settings.minibatches)
    (agent, optimiser_state), metrics = jax.lax.scan(gradient_step, (agent, optimiser_state), streams)
    return agent, optimiser_state, {**jax.tree.map(jnp.mean, metrics), "explained_variance": value_quality}


def shuffled_minibatches(key: Key[Array, ""], streams: int, epochs: int, minibatches: int):
    """Indices of streams [epochs * minibatches, streams / minibatches], every stream once an epoch."""
    orders = jax.vmap(lambda k: jax.random.permutation(k, streams))(jax.random.split(key, epochs))
    return orders.reshape(epochs * minibatches, streams // minibatches)
