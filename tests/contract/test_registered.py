"""Everything registered keeps its contract."""

import functools

import jax
import pytest

from engrax.agents import AGENTS
from engrax.envs import TASKS
from engrax.memory import MEMORIES
from engrax.testing import check_agent, check_environment, check_memory
from engrax.types import ImageSpec, SymbolsSpec, TextSpec, VectorSpec

pytestmark = pytest.mark.slow

INPUT_SIZE = 5
SMALL_HCAM = {"width": 8, "num_heads": 2, "chunk_size": 3, "num_chunks": 2, "top_k": 2}
SMALL = {"hcam": SMALL_HCAM, "lstm": {"width": 8}, "none": {"width": 8}}
SENSES = {
    "image": ImageSpec(18, 18),
    "symbols": SymbolsSpec(4, 5, (3, 6)),
    "text": TextSpec(2, tuple("abcd")),
    "vector": VectorSpec(3),
}


@pytest.mark.parametrize("name", MEMORIES)
def test_memories(name):
    """Small, for long enough to fill and wrap around."""
    check_memory(MEMORIES[name](INPUT_SIZE, **SMALL[name], key=jax.random.key(0)), INPUT_SIZE)


@pytest.mark.parametrize("name", MEMORIES)
def test_memories_of_default_size(name):
    check_memory(MEMORIES[name](INPUT_SIZE, key=jax.random.key(0)), INPUT_SIZE, steps=160)


@pytest.mark.parametrize("name", TASKS)
def test_tasks(name):
    check_environment(TASKS[name](), steps=400)


@pytest.mark.parametrize("memory", MEMORIES)
@pytest.mark.parametrize("agent", AGENTS)
def test_agents(agent, memory):
    """With every sense there is, around every memory."""
    make = functools.partial(MEMORIES[memory], **SMALL[memory])
    check_agent(AGENTS[agent](SENSES, 5, memory=make, key=jax.random.key(0)), SENSES, 5)
