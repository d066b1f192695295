"""What learners share: ramps, masks, ratios of policies, and settings."""

from dataclasses import replace

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from engrax.agents import AbstractAgent
from engrax.algorithms import A2C, IMPALA, LEARNERS, PPO, Ramp
from engrax.algorithms.base import log_ratios
from engrax.algorithms.replaying import before_last, replay_to_end
from engrax.losses.policy import LARGEST_LOG_RATIO
from engrax.testing.contract import quick_jit
from engrax.types import AgentOutput

from .loops import effective_of, loss_of, ratios

SETTINGS = {"minibatches": 1, "entropy_cost": 0.03}
ONLY_EFFECTIVE = {name: kind(only_effective=True, **SETTINGS) for name, kind in LEARNERS.items()}


def test_a_ramp_is_a_line_between_two_levels():
    ramp = Ramp(end=0.2, start=10, updates=100)
    factors = [float(ramp(jnp.asarray(update))) for update in (0, 10, 35, 60, 110, 10_000)]
    np.testing.assert_allclose(factors, [1.0, 1.0, 0.8, 0.6, 0.2, 0.2], rtol=1e-6)
    assert float(Ramp()(jnp.asarray(123))) == 1.0


def test_masks_are_of_transitions_inside_episodes_and_of_effective_ones(played):
    segments = played[1]
    valid = ~np.asarray(segments.steps.last)[:, :-1]
    for learner, expected in ((PPO(), valid), (PPO(only_effective=True), effective_of(segments))):
        masks = learner.masks(segments)
        np.testing.assert_array_equal(masks[0], valid)
        np.testing.assert_array_equal(masks[1], expected)
        assert masks[0].dtype == masks[1].dtype == jnp.float32


def batch_of(learner, segments, b=0):
    """The batch of one stream."""
    return jax.tree.map(lambda leaf: leaf[b], learner.prepare(segments))


def test_log_ratios_are_those_of_the_policies_and_0_where_the_policy_is_not_trained(
    played, replayed
):
    (_, segments), (outs, logits, _) = played, replayed
    outs = before_last(jax.tree.map(lambda leaf: leaf[0], outs))
    batch = batch_of(ONLY_EFFECTIVE["ppo"], segments)
    got = np.asarray(log_ratios(outs, batch))
    np.testing.assert_allclose(got, np.log(ratios(segments, logits, 0)), atol=1e-5)
    ineffective = np.asarray(batch.effective) == 0
    assert np.all(got[ineffective] == 0)
    assert np.all(got[~ineffective] != 0)


def test_log_ratios_of_actions_that_do_not_count_have_no_gradient_even_if_impossible(
    played, replayed
):
    """The action taken is one that the learning policy rules out: log pi is minus infinity."""
    (_, segments), (outs, _, _) = played, replayed
    batch = batch_of(ONLY_EFFECTIVE["ppo"], segments)
    impossible = jnp.asarray(batch.effective == 0)
    taken = jax.nn.one_hot(batch.segment.actions, 4, dtype=jnp.bool_)
    logits = jnp.where(taken & impossible[:, None], -jnp.inf, outs.policy.logits[0, :-1])

    def total(logits):
        policy = eqx.tree_at(lambda p: p.logits, outs.policy, logits)
        return jnp.sum(jnp.exp(log_ratios(AgentOutput(policy, outs.value[0], ()), batch)))

    value, gradient = jax.value_and_grad(total)(logits)
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()
    assert not np.asarray(gradient)[np.asarray(impossible)].any()


def test_log_ratios_that_an_exponential_cannot_hold_are_clipped(played, replayed):
    (_, segments), (outs, _, _) = played, replayed
    batch = batch_of(PPO(), segments)

    def ratios_of(logits):
        policy = eqx.tree_at(lambda p: p.logits, outs.policy, logits)
        return log_ratios(AgentOutput(policy, outs.value[0], ()), batch)

    logits = 1e4 * outs.policy.logits[0, :-1]
    assert np.abs(np.asarray(ratios_of(logits))).max() == LARGEST_LOG_RATIO
    gradient = jax.grad(lambda logits: jnp.sum(jnp.exp(ratios_of(logits))))(logits)
    assert np.isfinite(gradient).all()


@pytest.mark.parametrize("name", LEARNERS)
def test_what_is_done_on_ineffective_steps_does_not_train_the_policy(name, played):
    """Whatever policy took these actions, the loss is the same."""
    agent, segments = played
    ineffective = jnp.asarray(~effective_of(segments))[..., None]
    logits = segments.policy.logits
    others = logits.at[:, :-1].set(jnp.where(ineffective, 1 - 3 * logits[:, :-1], logits[:, :-1]))
    changed = eqx.tree_at(lambda s: s.policy.logits, segments, others)
    learner = ONLY_EFFECTIVE[name]
    (one, metrics, _), (other, others, _) = (
        loss_of(learner, agent, s) for s in (segments, changed)
    )
    assert float(one) == float(other)
    assert float(metrics["ratio_change"]) == float(others["ratio_change"])
    everywhere = replace(learner, only_effective=False)
    _, metrics, _ = loss_of(everywhere, agent, segments)
    _, others, _ = loss_of(everywhere, agent, changed)
    assert float(metrics["ratio_change"]) != float(others["ratio_change"])
    if name != "a2c":  # whose loss has no ratios
        assert float(metrics["policy_loss"]) != float(others["policy_loss"])


@quick_jit
def policy_gradient_of_actions(learner, agent, segments):
    """The gradient of the policy's loss and of the entropy, in the logits of every step."""
    batch = jax.tree.map(lambda leaf: leaf[0], learner.prepare(segments))
    outs = jax.vmap(lambda segment: replay_to_end(agent, segment))(segments)
    one = jax.tree.map(lambda leaf: leaf[0], outs)

    def total(logits):
        frozen = eqx.tree_at(lambda o: o.policy.logits, one, logits)
        terms = learner.terms(Fixed(frozen), batch)
        return jnp.sum((terms.policy - terms.entropy) * batch.effective)

    return jax.grad(total)(one.policy.logits), batch.effective


class Fixed(AbstractAgent):
    """An agent whose outputs are given."""

    outs: AgentOutput

    def init_state(self):
        raise NotImplementedError

    def step(self, state, inp, *, key, greedy=False):
        raise NotImplementedError

    def unroll(self, state, inps, actions, keys):
        return state, jax.tree.map(lambda leaf: leaf[: keys.shape[0]], self.outs)


@pytest.mark.parametrize("name", LEARNERS)
def test_only_effective_steps_have_a_gradient_in_the_policy(name, played):
    agent, segments = played
    for learner, everywhere in (
        (ONLY_EFFECTIVE[name], False),
        (replace(ONLY_EFFECTIVE[name], only_effective=False), True),
    ):
        gradient, effective = policy_gradient_of_actions(learner, agent, segments)
        trained = np.any(np.asarray(gradient)[:-1] != 0, axis=-1)
        np.testing.assert_array_equal(trained, np.asarray(effective) == 1)
        assert (trained.sum() > effective_of(segments)[0].sum()) == everywhere


@pytest.mark.parametrize("only", [True, False])
def test_values_are_trained_on_effective_steps_or_on_all(only, played, replayed):
    agent, segments = played
    learner = PPO(minibatches=1, only_effective=True, value_only_effective=only)
    _, metrics, batch = loss_of(learner, agent, segments)
    errors = 0.5 * np.square(np.asarray(batch.targets.returns) - replayed[2][:, :-1])
    counted = effective_of(segments) if only else ~np.asarray(segments.void)
    assert 0 < counted.sum() < counted.size
    np.testing.assert_allclose(metrics["value_loss"], errors[counted].mean(), rtol=1e-4)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: PPO(discount=-0.1), "discount is -0.1, expected 0 to 1"),
        (lambda: IMPALA(learning_rate=0.0), "learning_rate is 0.0, expected more than 0"),
        (lambda: PPO(epochs=0), "epochs is 0, expected at least 1"),
        (lambda: PPO(minibatches=0), "minibatches is 0, expected at least 1"),
        (lambda: A2C(policy_rate=0.0), "policy_rate is 0.0, expected more than 0"),
        (lambda: A2C(policy_delay=-1), "policy_delay is -1, expected at least 0"),
        (lambda: Ramp(updates=0), "updates is 0, expected at least 1"),
        (lambda: Ramp(start=-1), "start is -1, expected at least 0"),
        (lambda: Ramp(end=-1.0), "end is -1.0, expected at least 0"),
    ],
)
def test_settings_that_make_no_sense_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()
