"""Everything registered keeps its contract."""

from dataclasses import replace

import equinox as eqx
import jax
import pytest

from engrax.agents import AGENTS, MERLINSizes
from engrax.envs import TASKS
from engrax.memory import (
    MEMORIES,
    DNCSizes,
    GTrXLSizes,
    HCAMSizes,
    NTMSizes,
    RetroactiveSizes,
    RLMEMSizes,
    TrXLSizes,
)
from engrax.testing import check_agent, check_environment, check_memory
from engrax.testing.contract import quick_jit
from engrax.types import ImageSpec, SymbolsSpec, TextSpec, VectorSpec

pytestmark = pytest.mark.slow

INPUT_SIZE = 5
SMALL = {name: sizes.tiny() for name, sizes in MEMORIES.items()} | {
    "dnc": replace(DNCSizes.tiny(), heads=2),
    "gtrxl": replace(GTrXLSizes.tiny(), num_layers=2),
    "hcam": replace(HCAMSizes.tiny(), chunk_size=3, num_chunks=2),
    "ntm": replace(NTMSizes.tiny(), heads=2),
    "rl_mem": replace(RLMEMSizes.tiny(), heads=2, store=RetroactiveSizes(rows=5)),
    "trxl": replace(TrXLSizes.tiny(), num_layers=2),
}
"""Small, with several layers and heads, and full within the steps of a test."""
SENSES = {
    "image": ImageSpec(18, 18),
    "symbols": SymbolsSpec(4, 5, (3, 6)),
    "text": TextSpec(2, tuple("abcd")),
    "vector": VectorSpec(3),
}


@pytest.fixture(autouse=True)
def forget_programs():
    """After each test: all of them together are more than a process has room for, see `conftest`."""
    yield
    jax.clear_caches()


@pytest.mark.parametrize("name", MEMORIES)
def test_memories(name):
    """Small, for long enough to fill and wrap around."""
    check_memory(SMALL[name].build(INPUT_SIZE, key=jax.random.key(0)), INPUT_SIZE)


TOLERANCE = {"dnc": 1e-3}
"""Where it is not 1e-4: rows of nearly the same usage are allocated in either order, by rounding."""


@pytest.mark.parametrize("name", MEMORIES)
def test_memories_of_default_size(name):
    memory = MEMORIES[name]().build(INPUT_SIZE, key=jax.random.key(0))
    check_memory(memory, INPUT_SIZE, steps=160, tolerance=TOLERANCE.get(name, 1e-4))


@pytest.mark.parametrize("name", TASKS)
def test_tasks(name):
    check_environment(TASKS[name](), steps=400)


AGENT_CASES = [("actor_critic", {"memory": SMALL[name]}) for name in MEMORIES]
SMALL_MERLIN = {"store": RetroactiveSizes(rows=5).build(4), "sizes": MERLINSizes(latent=4, width=8, hidden=8, heads=2)}
AGENT_CASES += [("merlin", SMALL_MERLIN)]


@pytest.mark.parametrize(("agent", "settings"), AGENT_CASES, ids=[*MEMORIES, "merlin"])
def test_agents(agent, settings):
    """With every sense there is: an actor-critic around every memory, and MERLIN around a store that overwrites."""
    made = quick_jit(lambda: AGENTS[agent](SENSES, 5, **settings, key=jax.random.key(0)))()
    check_agent(made, SENSES, 5)


@pytest.mark.parametrize("name", AGENTS)
def test_agents_can_be_made_by_name(name):
    made = eqx.filter_eval_shape(lambda: AGENTS[name](SENSES, 5, key=jax.random.key(0)))
    assert made.num_actions == 5


def test_every_agent_is_tried():
    assert {agent for agent, _ in AGENT_CASES} == set(AGENTS)
