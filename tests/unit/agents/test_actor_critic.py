"""What an actor-critic may leave out, what it may predict besides, and which memories it takes."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from engrax.agents import ActorCritic, ActorCriticSizes, ReconstructionWeights
from engrax.algorithms.replaying import before_last, replay
from engrax.envs import Recall
from engrax.memory import LSTM, LSTMSizes, NoMemorySizes
from engrax.nn.senses import EncoderSizes
from engrax.runtime import Pure, collect, open_streams
from engrax.testing import check_agent, random_observations
from engrax.testing.contract import quick_jit
from engrax.types import AgentInput, Continuous, Discrete, ImageSpec, Interface, VectorSpec

GAME, LENGTH = Recall(delay=2), 13
SMALL_LSTM = LSTMSizes(width=8)


def build(key, interface=GAME.interface, **sizes):
    """A small agent with an LSTM; other settings by name."""
    sizes = ActorCriticSizes(**{"memory": SMALL_LSTM, "hidden": 8, **sizes})
    return ActorCritic(interface, sizes, key=key)


def agent_of(*interface, **sizes):
    """The same, drawn in one compiled program."""
    return quick_jit(lambda key: build(key, *interface, **sizes))(jax.random.key(0))


def shapes_of(*interface, **sizes):
    """The same without numbers."""
    return eqx.filter_eval_shape(lambda: build(jax.random.key(0), *interface, **sizes))


@pytest.fixture(scope="module")
def played():
    """An agent that predicts values of actions, and a segment that it acted in."""
    agent, world = agent_of(action_value=3.0, reconstruction=False), Pure(GAME)

    @quick_jit
    def segment(agent, key):
        open_key, act_key = jax.random.split(key)
        streams = open_streams(agent, world, open_key[None])
        return jax.tree.map(
            lambda x: x[0], collect(agent, world, streams, act_key[None], LENGTH)[1]
        )

    return agent, segment(agent, jax.random.key(1))


def pair(leading=()):
    """Two inputs that differ in the previous action and reward alone."""
    shapes = GAME.interface.observations.items()
    observation = {name: jnp.ones((*leading, *spec.shape)) for name, spec in shapes}
    first = jnp.zeros(leading, bool)
    return [
        AgentInput(observation, jnp.full(leading, action), jnp.full(leading, reward), first)
        for action, reward in ((1, 0.0), (2, 1.0))
    ]


@pytest.mark.parametrize("past", [True, False])
def test_the_memory_s_input_has_the_past_or_not(past):
    agent = agent_of(past_in_memory=past)
    one, other = (agent.embed(inp) for inp in pair((1,)))
    assert one.shape == (1, agent.memory.input_size)
    assert np.array_equal(one, other) != past


@pytest.mark.parametrize("past", [True, False])
def test_heads_may_have_the_past_that_the_memory_has_not(past):
    agent = agent_of(past_in_memory=False, past_in_heads=past)
    key, empty = jax.random.key(0), agent.init_state()
    (state, _, one), (same, _, other) = (agent.step(empty, inp, key=key) for inp in pair())
    assert eqx.tree_equal(state, same)
    assert np.array_equal(one.auxiliary.h, other.auxiliary.h)
    assert np.array_equal(one.policy.logits, other.policy.logits) != past
    assert np.array_equal(one.value, other.value) != past


def test_heads_may_look_for_what_the_memory_recalls_in_the_present_view():
    """The laws hold with attention over all parts with places; the memory does not change."""
    interface = Interface({"camera": ImageSpec(9, 9), "touch": VectorSpec(3)}, Discrete(3))
    sizes = {"encoders": EncoderSizes(image_features=6, vector_features=4, part_features=4)}
    agent = agent_of(interface, spatial_attention=2, **sizes)
    assert set(agent.attention) == {"camera"}
    read = agent.attention["camera"].output_size
    assert agent.policy.layers[0].weight.shape[1] == agent.memory.output_size + read
    check_agent(agent, interface, steps=12)


def test_attention_over_a_view_is_refused_where_there_is_none():
    with pytest.raises(ValueError, match=r"spatial_attention is 2.*set it to 0"):
        shapes_of(Interface({"touch": VectorSpec(3)}, Discrete(3)), spatial_attention=2)


def hidden_layer_and_output(network, x):
    (w, b), (v, c) = (
        (np.asarray(layer.weight, np.float64), np.asarray(layer.bias, np.float64))
        for layer in network.layers
    )
    return np.maximum(x @ w.T + b, 0) @ v.T + c


def test_the_return_of_the_action_taken_is_predicted_where_actions_count(played):
    agent, segment = played
    effective = np.asarray([t % 3 == 0 for t in range(LENGTH)], np.float32)
    returns = np.linspace(-1, 1, LENGTH, dtype=np.float32)
    inputs, outs = before_last(segment.inputs), replay(agent, segment)
    given = (inputs, outs, segment.actions, jnp.asarray(returns), jnp.asarray(effective))
    got = agent.auxiliary_losses(*given)
    codes = np.eye(4)[np.asarray(segment.actions)]
    judged = np.concatenate([np.asarray(outs.auxiliary.h), codes], axis=-1)
    predicted = hidden_layer_and_output(agent.action_value, judged)[:, 0]
    assert set(got) == {"action_value"}
    expected = 3.0 * 0.5 * effective * (returns - predicted) ** 2
    np.testing.assert_allclose(got["action_value"], expected, rtol=1e-4, atol=1e-6)


def reconstruction_losses(observations, **weights):
    """The auxiliary losses of four steps, and the costs that they are weighted from."""
    sizes = {"weights": ReconstructionWeights(**weights)}
    sizes["encoders"] = EncoderSizes(image_features=6, vector_features=4)
    agent = agent_of(Interface(observations, Discrete(3)), **sizes)
    seen = random_observations(observations, jax.random.key(1), (4,))
    inps = AgentInput(seen, jnp.zeros(4, jnp.int32), jnp.zeros(4), jnp.zeros(4, bool))

    @quick_jit
    def losses(agent, inps):
        actions, zeros = jnp.zeros(4, jnp.int32), jnp.zeros(4)
        outs = agent.unroll(None, inps, actions, jax.random.split(jax.random.key(0), 4))[1]
        hs, decoders = outs.auxiliary.h, agent.decoders.items()
        costs = {name: d.loss(d(hs), inps.observation[name]) for name, d in decoders}
        return agent.auxiliary_losses(inps, outs, actions, zeros, zeros), costs

    return losses(agent, inps)


def test_parts_of_any_name_are_reconstructed_with_the_weight_of_their_kind():
    observations = {"camera": ImageSpec(9, 9), "touch": VectorSpec(3)}
    losses, costs = reconstruction_losses(observations, image=0.5, vector=2.0)
    assert set(losses) == {"reconstruct_camera", "reconstruct_touch"}
    np.testing.assert_allclose(losses["reconstruct_camera"], 0.5 * costs["camera"], rtol=1e-5)
    np.testing.assert_allclose(losses["reconstruct_touch"], 2.0 * costs["touch"], rtol=1e-5)
    assert np.all(np.asarray(costs["camera"]) > 0)


def test_kinds_without_a_weight_are_not_decoded():
    interface = Interface({"camera": ImageSpec(9, 9), "touch": VectorSpec(3)}, Discrete(3))
    agent = shapes_of(interface, weights=ReconstructionWeights(image=0.0))
    assert set(agent.encoders) == {"camera", "touch"}
    assert set(agent.decoders) == {"touch"}


def test_a_kind_of_another_package_has_weight_1():
    class Sound(VectorSpec):
        kind = "sound"

    assert ReconstructionWeights().of(Sound(3)) == 1.0


@pytest.mark.parametrize(
    "memory",
    [
        "lstm",
        SMALL_LSTM,
        LSTMSizes,
        lambda size, key: LSTM(size, SMALL_LSTM, key=key),
        "built",
    ],
    ids=["name", "settings", "class", "function", "built"],
)
def test_a_memory_is_given_in_any_way(memory):
    width = shapes_of().memory.input_size
    memory = LSTM(width, SMALL_LSTM, key=jax.random.key(3)) if memory == "built" else memory
    sizes = ActorCriticSizes(memory=NoMemorySizes(), hidden=8)
    make = lambda: ActorCritic(GAME.interface, sizes, memory=memory, key=jax.random.key(0))  # noqa: E731
    agent = eqx.filter_eval_shape(make)
    assert isinstance(agent.memory, LSTM)


def test_a_memory_of_another_width_is_named():
    memory = LSTM(3, SMALL_LSTM, key=jax.random.key(0))
    with pytest.raises(ValueError, match=r"the LSTM has input_size 3, expected \d+: build it with"):
        ActorCritic(GAME.interface, memory=memory, key=jax.random.key(0))


def test_the_interface_is_that_it_was_made_for():
    interface = Interface({"b": VectorSpec(2), "a": VectorSpec(3)}, Continuous((0.0,), (1.0,)))
    agent = shapes_of(interface)
    assert agent.interface.difference(interface) is None
    assert interface.difference(agent.interface) is None
