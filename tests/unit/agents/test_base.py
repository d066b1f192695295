"""What every agent shares: choosing, and errors that say what to pass."""

import equinox as eqx
import jax
import jax.numpy as jnp
import jaxtyping
import numpy as np
import pytest

from engrax.agents import AGENTS
from engrax.agents.base import check_interface, choose
from engrax.envs import Recall
from engrax.errors import UserError
from engrax.nn.policies import Categorical, SquashedNormal
from engrax.testing.contract import quick_jit
from engrax.types import AgentInput, Continuous, Discrete, Interface, VectorSpec

GAME = Recall(delay=2)


@pytest.fixture
def unchecked(monkeypatch):
    """Without the checks of annotations that tests run under: as users have it."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)


def make(name, interface=GAME.interface):
    sizes = AGENTS[name]().tiny()
    return quick_jit(lambda key: sizes.build(interface, key=key))(jax.random.key(0))


@pytest.mark.parametrize(
    "policy",
    [
        Categorical(jnp.asarray([0.0, 3.0, 1.0])),
        SquashedNormal(jnp.ones(2), jnp.zeros(2), (0.0, 0.0), (1.0, 2.0)),
    ],
    ids=["discrete", "continuous"],
)
def test_an_action_is_sampled_or_the_policy_s_mode(policy):
    key = jax.random.key(1)
    np.testing.assert_array_equal(choose(key, policy, False), policy.sample(key))
    np.testing.assert_array_equal(choose(key, policy, True), policy.mode())
    np.testing.assert_array_equal(choose(key, policy, jnp.asarray(True)), policy.mode())


@pytest.mark.slow
@pytest.mark.parametrize("name", AGENTS)
def test_a_bare_observation_is_refused_with_what_to_pass(name, unchecked):
    agent = make(name)
    observation = {"vector": jnp.zeros(6)}
    with pytest.raises(TypeError, match="an agent's input is a dict, expected an AgentInput") as e:
        agent.step(agent.init_state(), observation, key=jax.random.key(0))
    message = str(e.value)
    assert "AgentInput(observation, previous_action, previous_reward, first)" in message
    assert "\n" not in message
    first = jnp.asarray(True)
    inp = AgentInput(observation, agent.interface.actions.none(), jnp.zeros(()), first)
    eqx.filter_eval_shape(agent.step, agent.init_state(), inp, key=jax.random.key(0))


@pytest.mark.parametrize(
    ("interface", "difference"),
    [
        (
            Recall(num_cues=5).interface,
            r"actions are Discrete\(size=5\), expected Discrete\(size=4\)",
        ),
        (
            Interface({"vector": VectorSpec(7)}, Discrete(4)),
            r"observation 'vector' is VectorSpec\(size=7\), expected VectorSpec\(size=6\)",
        ),
        (
            Interface({"other": VectorSpec(6)}, Discrete(4)),
            r"observation 'other' is .*, expected nothing of that name",
        ),
        (
            Interface({"vector": VectorSpec(6)}, Continuous((0.0,), (1.0,))),
            r"actions are Continuous\(.*\), expected Discrete\(size=4\)",
        ),
    ],
)
def test_a_world_with_another_interface_is_named(interface, difference):
    agent = make("actor_critic")
    check_interface(agent, GAME.interface)
    with pytest.raises(UserError, match=f"this agent cannot play here: {difference}") as e:
        check_interface(agent, interface)
    assert "make the agent from this world's interface" in str(e.value)
    assert "\n" not in str(e.value)


def test_an_agent_that_does_not_say_its_interface_is_not_checked():
    from contract.reference_agents import Tracer

    class Silent(Tracer):
        interface = None

    check_interface(Silent(key=jax.random.key(0)), GAME.interface)
