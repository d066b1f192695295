"""The step of an agent as a file: it computes what the agent does."""

from importlib.util import find_spec

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import export as jax_export

from engrax.agents import AGENTS, ActorCritic, ActorCriticSizes
from engrax.envs import Recall
from engrax.errors import ConfigError, RunFailedError
from engrax.memory import MEMORIES, MemoryOutput, NoMemory, NoMemorySizes
from engrax.runs import exporting
from engrax.runs.array_step import KEY, step_of
from engrax.runs.exporting import compared, to_onnx, to_stablehlo
from engrax.testing.contract import quick_jit
from engrax.types import AgentInput, Continuous, Interface, VectorSpec

GAME = Recall(delay=2)


def agent_of(sizes, interface=GAME.interface):
    return quick_jit(lambda key: sizes.build(interface, key=key))(jax.random.key(0))


def with_memory(name):
    return ActorCriticSizes(memory=MEMORIES[name].tiny(), hidden=8)


def test_the_step_of_arrays_is_the_agent_s():
    agent = agent_of(with_memory("lstm"))
    step = step_of(agent, GAME.interface)
    names = [part.name for part in step.inputs]
    parts = [f"observation.{name}" for name in GAME.interface.observations]
    assert names == [*parts, "previous_action", "previous_reward", "first", "state.0", "state.1"]
    outputs = ["action", "policy.logits", "value", "next_state.0", "next_state.1"]
    assert [part.name for part in step.outputs] == outputs
    numbers = np.random.default_rng(0)
    parts = GAME.interface.observations.items()
    observation = {name: jnp.asarray(spec.draw(numbers)) for name, spec in parts}
    inp = AgentInput(observation, jnp.asarray(1), jnp.asarray(0.5), jnp.asarray(False))
    state = jax.tree.map(lambda leaf: leaf + 0.1, agent.init_state())
    after, action, output = agent.step(state, inp, key=jax.random.key(0), greedy=True)
    got = step.function(*jax.tree.leaves((inp, state)))
    wanted = [action, output.policy.logits, output.value, *jax.tree.leaves(after)]
    for one, other in zip(got, wanted, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_only_an_agent_that_draws_has_a_key():
    has_key = lambda agent: KEY in [part.name for part in step_of(agent, GAME.interface).inputs]  # noqa: E731
    assert not has_key(agent_of(with_memory("hcam")))
    assert has_key(agent_of(AGENTS["merlin"]().tiny()))


@pytest.mark.parametrize("kind", AGENTS)
def test_stablehlo_is_the_agent_s_step(kind):
    step = step_of(agent_of(AGENTS[kind]().tiny()), GAME.interface)
    contents, run = to_stablehlo(step)
    assert compared(step, run, GAME.interface) < 1e-5
    assert jax_export.deserialize(bytearray(contents)).platforms == ("cpu", "cuda", "tpu")


def test_continuous_actions():
    interface = Interface({"touch": VectorSpec(2)}, Continuous((-1.0,), (1.0,)))
    step = step_of(agent_of(with_memory("lstm"), interface), interface)
    names = [part.name for part in step.outputs]
    assert names[:4] == ["action", "policy.mean", "policy.log_scale", "value"]
    assert compared(step, to_stablehlo(step)[1], interface) < 1e-5


class Noting(NoMemory):
    """Has a state that counts steps, before one that no step reads."""

    def init_state(self):
        return jnp.zeros(()), jnp.zeros(3)

    def step(self, state, x, first, *, key=None):
        h = super().step((), x, first)[1].h
        count = jnp.where(first, 0.0, state[0]) + 1.0
        return (count, h[:3]), MemoryOutput(h + count)


def test_states_go_on_by_their_names_where_some_are_never_read():
    memory = lambda layout, key: Noting(layout, NoMemorySizes(width=4), key=key)  # noqa: E731
    agent = ActorCritic(
        GAME.interface, ActorCriticSizes(hidden=8), memory=memory, key=jax.random.key(0)
    )
    step = step_of(agent, GAME.interface)
    inputs = [part.name for part in step.inputs]
    assert "state.1" not in inputs
    assert "state.0" in inputs
    assert compared(step, to_stablehlo(step)[1], GAME.interface) < 1e-5


def test_a_difference_is_found():
    step = step_of(agent_of(with_memory("lstm")), GAME.interface)

    def wrong(*arrays):
        action, logits, value, *states = step.function(*arrays)
        return action, logits, value + 0.01, *states

    assert compared(step, wrong, GAME.interface) == pytest.approx(0.01, rel=0.01)


@pytest.mark.skipif(find_spec("jax2onnx") is None, reason="needs the extra `onnx`")
@pytest.mark.parametrize("name", MEMORIES)
def test_onnx_is_the_agent_s_step(name):
    step = step_of(agent_of(with_memory(name)), GAME.interface)
    assert compared(step, to_onnx(step)[1], GAME.interface) < 1e-5


class TestExport:
    """`export`, with a trained agent and a file system that are not there."""

    @pytest.fixture(autouse=True)
    def trained(self, monkeypatch):
        from types import SimpleNamespace

        trained = SimpleNamespace(
            agent=agent_of(with_memory("lstm")), experiment=SimpleNamespace(task=GAME)
        )
        monkeypatch.setattr(exporting, "load_trained", lambda directory: trained)

    def test_writes_the_file_and_what_its_arrays_are(self, tmp_path):
        done = exporting.export("runs/x", tmp_path / "step.bin", "stablehlo")
        assert done.path.stat().st_size > 1000
        assert done.description == tmp_path / "step.bin.json"
        assert '"next_state.1"' in done.description.read_text()
        assert done.difference < 1e-5

    def test_writes_nothing_that_differs(self, tmp_path, monkeypatch):
        monkeypatch.setattr(exporting, "compared", lambda *_: float("nan"))
        with pytest.raises(RunFailedError, match=r"differs .* by nan within 100 steps, expected"):
            exporting.export("runs/x", tmp_path / "step.bin", "stablehlo")
        assert not list(tmp_path.iterdir())

    def test_says_which_extra_is_missing(self, tmp_path, monkeypatch):
        monkeypatch.setattr(exporting, "find_spec", lambda name: None)
        with pytest.raises(ConfigError, match=r'pip install "engrax\[onnx\]"'):
            exporting.export("runs/x", tmp_path / "step.onnx", "onnx")
