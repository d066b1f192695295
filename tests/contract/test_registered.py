"""Everything registered keeps its contract."""

from dataclasses import replace

import equinox as eqx
import jax
import pytest

from engrax.agents import AGENTS, ActorCriticSizes, MERLINSizes
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
from engrax.nn.policies import POLICIES
from engrax.nn.senses import SENSES
from engrax.testing import check_agent, check_environment, check_memory
from engrax.testing.contract import quick_jit
from engrax.types import (
    Continuous,
    Discrete,
    ImageSpec,
    Interface,
    MaskSpec,
    MultiDiscrete,
    SymbolsSpec,
    TextSpec,
    VectorSpec,
)

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
OBSERVATIONS = {
    "image": ImageSpec(18, 18),
    "symbols": SymbolsSpec(4, 5, (3, 6)),
    "text": TextSpec(2, tuple("abcd")),
    "vector": VectorSpec(3),
}


@pytest.fixture(autouse=True)
def forget_programs():
    """After each test: together they are more than a process has room for, see `conftest`."""
    yield
    jax.clear_caches()


@pytest.mark.parametrize("name", MEMORIES)
def test_memories(name):
    """Small, for long enough to fill and wrap around."""
    check_memory(SMALL[name].build(INPUT_SIZE, key=jax.random.key(0)), INPUT_SIZE)


def test_rows_in_bfloat16():
    """Where two ways differ by a rounding of float32, they may differ by one of bfloat16."""
    memory = replace(SMALL["hcam"], row_dtype="bfloat16").build(INPUT_SIZE, key=jax.random.key(0))
    check_memory(memory, INPUT_SIZE, tolerance=2e-2)


TOLERANCE = {"dnc": 1e-3}
"""Where it is not 1e-4: rows of nearly the same usage are allocated in either order."""


@pytest.mark.parametrize("name", sorted(set(MEMORIES) - {"none", "trxl"}))
def test_memories_of_default_size(name):
    """TrXL is GTrXL without its gates."""
    memory = MEMORIES[name]().build(INPUT_SIZE, key=jax.random.key(0))
    check_memory(memory, INPUT_SIZE, steps=160, tolerance=TOLERANCE.get(name, 1e-4))


@pytest.mark.parametrize("name", sorted(set(TASKS) - {"gymnax"}))  # in test_gymnax.py
def test_tasks(name):
    check_environment(TASKS[name](), steps=400)


ACTIONS = {
    "discrete": Discrete(5),
    "multi_discrete": MultiDiscrete((2, 4)),
    "continuous": Continuous((-1.0, 0.0), (1.0, 3.0)),
}
SMALL_ACTOR_CRITIC = ActorCriticSizes().tiny()
SMALL_MERLIN = replace(MERLINSizes().tiny(), heads=2, store=RetroactiveSizes(rows=5))
SMALL_RMA = replace(
    SMALL_MERLIN,
    sampled=False,
    policy_shapes_latent=True,
    store=RetroactiveSizes(rows=5, retroactive=False, read_rows=2),
)
CHEAP = replace(SMALL_ACTOR_CRITIC, memory=SMALL["lstm"])
AGENT_CASES = {
    **{name: (replace(SMALL_ACTOR_CRITIC, memory=SMALL[name]), "discrete") for name in MEMORIES},
    **{f"lstm-{kind}": (CHEAP, kind) for kind in ACTIONS if kind != "discrete"},
    **{f"merlin-{kind}": (SMALL_MERLIN, kind) for kind in ACTIONS},
    "rma": (SMALL_RMA, "discrete"),
}


@pytest.mark.parametrize(("sizes", "kind"), AGENT_CASES.values(), ids=AGENT_CASES)
def test_agents(sizes, kind):
    """An actor-critic with every memory, MERLIN and RMA with a store that overwrites, all actions,
    and a mask where there are choices.
    """
    actions = ACTIONS[kind]
    mask = {"possible": MaskSpec(actions.choices)} if actions.choices else {}
    interface = Interface(OBSERVATIONS | mask, actions)
    agent = quick_jit(lambda key: sizes.build(interface, key=key))(jax.random.key(0))
    check_agent(agent, interface)


@pytest.mark.parametrize("name", AGENTS)
def test_agents_are_built_by_their_default_settings(name):
    interface = Interface(OBSERVATIONS, Discrete(5))
    agent = eqx.filter_eval_shape(lambda: AGENTS[name]().build(interface, key=jax.random.key(0)))
    assert agent.interface.difference(interface) is None


def test_every_agent_every_memory_and_every_kind_of_action_is_tried():
    tried = {type(sizes) for sizes, _ in AGENT_CASES.values()}
    assert tried == set(AGENTS.values())
    assert {AGENT_CASES[name][0].memory for name in MEMORIES} == set(SMALL.values())
    for agent in tried:
        kinds = {kind for sizes, kind in AGENT_CASES.values() if type(sizes) is agent}
        assert {type(ACTIONS[kind]) for kind in kinds} == set(POLICIES)
    assert {type(spec) for spec in OBSERVATIONS.values()} == set(SENSES)
