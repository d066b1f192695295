"""What the oracles need of segments, and the loss that they are compared with."""

import jax
import jax.numpy as jnp
import numpy as np

from engrax.algorithms import learning
from engrax.algorithms.replaying import before_last
from engrax.testing.contract import quick_jit

from oracles import learners as oracle


def as_a(kind, agent):
    """The same agent, of another class that adds no fields."""
    other = object.__new__(kind)
    for name, value in vars(agent).items():
        object.__setattr__(other, name, value)
    return other


def transitions(segments, b, discount):
    """Rewards, discounts and void transitions of one stream."""
    steps = jax.tree.map(lambda leaf: np.asarray(leaf[b], np.float64), segments.steps)
    return steps.reward[1:], discount * steps.discount[1:], steps.last[:-1] > 0


def actions_of(segments):
    """The actions taken [streams, t]."""
    return np.asarray(segments.previous_actions)[:, 1:]


def effective_of(segments):
    """Where an action had an effect: never on the last step of an episode."""
    steps = segments.steps
    return (np.asarray(steps.effective) & ~np.asarray(steps.last))[:, :-1]


def ratios(segments, logits, b):
    """pi / mu of each action of one stream, 1 where it had no effect."""
    behaviour = np.asarray(segments.policy.logits[b])
    found = [
        oracle.softmax(logits[b][t])[action] / oracle.softmax(behaviour[t])[action]
        for t, action in enumerate(actions_of(segments)[b])
    ]
    return np.where(effective_of(segments)[b], found, 1.0)


def auxiliary_losses(agent, segments, outs, effective):
    """The agent's own losses over every stream, of its T+1 outputs."""

    def one(s, outs, effective):
        inputs, outs = before_last((s.inputs, outs))
        return agent.auxiliary_losses(inputs, outs, s.actions, s.values[:-1], effective)

    return jax.vmap(one)(segments, outs, effective)


def counts(learner, batch):
    """How many steps count in a batch that is all there is."""
    return jax.tree.map(jnp.sum, learning.masks_of(learner, batch))


@quick_jit
def loss_of(learner, agent, segments):
    """The learner's loss, its metrics, and the batch it was made of."""
    batch = learner.prepare(segments)
    cost = jnp.asarray(learner.entropy_cost)
    total, _, found = learning.gradient_of(learner, agent, batch, counts(learner, batch), cost)
    return total, learning.metrics_of(found), batch


def check_loss(learner, policy_loss, targets, played, replayed):
    """Compares a learner's loss with the oracle's, whose policy is trained where actions count.

    Args:
        learner: with `only_effective`.
        policy_loss: of one step, from `oracles.learners`.
        targets: advantages and returns [streams, t].
        played: an agent and segments.
        replayed: its T+1 outputs over them, logits and values.
    """
    (agent, segments), (outs, logits, values) = played, replayed
    got, _, batch = loss_of(learner, agent, segments)
    effective, valid = effective_of(segments), ~np.asarray(segments.steps.last[:, :-1])
    np.testing.assert_array_equal(batch.valid, valid)
    np.testing.assert_array_equal(batch.effective, effective)
    assert 0 < effective.sum() < valid.sum() < valid.size
    own = quick_jit(auxiliary_losses)(agent, segments, outs, batch.effective)
    want = oracle.loss(
        learner,
        policy_loss,
        (np.asarray(segments.policy.logits), actions_of(segments)),
        targets,
        (logits, values),
        jax.tree.map(np.asarray, own),
        effective,
        valid,
    )
    np.testing.assert_allclose(got, want, rtol=1e-4)
