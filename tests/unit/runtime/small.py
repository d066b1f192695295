"""Small agents and trainers, and a memory with a leaf that is no array."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from engrax.agents import ActorCriticSizes, MERLINSizes
from engrax.algorithms import A2C, PPO
from engrax.envs import Recall
from engrax.memory import AbstractMemory, Layout, LSTMSizes, MemoryOutput
from engrax.nn.senses import EncoderSizes
from engrax.runtime import Trainer
from engrax.testing.contract import quick_jit

TASK = Recall(delay=2)
ENCODERS = EncoderSizes(vector_features=4)
SIZES = {
    "actor_critic": ActorCriticSizes(memory=LSTMSizes(width=4), hidden=4, encoders=ENCODERS),
    "merlin": MERLINSizes(encoders=ENCODERS).tiny(),
}
LEARNERS = {"actor_critic": PPO(minibatches=2, epochs=1), "merlin": A2C()}


def make_agent(name="actor_critic", interface=TASK.interface, seed=0):
    """A small agent of a kind."""
    build = SIZES[name].build
    return quick_jit(lambda key: build(interface, key=key))(jax.random.key(seed))


def make_trainer(name="actor_critic", world=TASK, agent=None, **settings):
    """A trainer of a small agent; other settings by name."""
    agent = make_agent(name) if agent is None else agent
    usual = {"streams": 4, "segment_length": 7, "key": jax.random.key(1)}
    learner = settings.pop("learner", LEARNERS[name])
    return Trainer(agent, world, learner, **(usual | settings))


def after(trainer, updates):
    """The state after so many updates, and the metrics of each."""
    state, metrics = trainer.init(), []
    for _ in range(updates):
        state, one = trainer.update(state)
        metrics.append(one)
    return state, metrics


def expect_same(got, wanted, tolerance=0.0):
    """Compares two trees bit by bit, or their real numbers to rounding; only arrays count."""
    got, wanted = (eqx.filter(tree, eqx.is_array_like) for tree in (got, wanted))
    assert jax.tree.structure(got) == jax.tree.structure(wanted)
    pairs = zip(jax.tree_util.tree_leaves_with_path(got), jax.tree.leaves(wanted), strict=True)
    for (path, one), other in pairs:
        if jnp.issubdtype(jnp.asarray(one).dtype, jax.dtypes.prng_key):
            one, other = jax.random.key_data(one), jax.random.key_data(other)
        one, other, name = np.asarray(one), np.asarray(other), jax.tree_util.keystr(path)
        if tolerance and one.dtype.kind == "f":
            np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance, err_msg=name)
        else:
            np.testing.assert_array_equal(one, other, err_msg=name)
        assert one.dtype == other.dtype, name


class Layered(AbstractMemory[Float[Array, " h"]]):
    """A decaying trace of what `eqx.nn.MLP` makes of inputs: its activation is a leaf, no array."""

    network: eqx.nn.MLP
    input_size: int = eqx.field(static=True)
    output_size: int = eqx.field(static=True)

    def __init__(self, layout: Layout, *, key: Array):
        input_size = layout.size
        self.network = eqx.nn.MLP(input_size, 4, 5, 1, key=key)
        self.input_size, self.output_size = input_size, 4

    def init_state(self):
        return jnp.zeros(4)

    def step(self, state, x: Float[Array, " d"], first: Bool[Array, ""], *, key=None):
        state = 0.5 * jnp.where(first, 0.0, state) + self.network(x)
        return state, MemoryOutput(state)

    def unroll(self, state, xs: Float[Array, "t d"], firsts: Bool[Array, " t"], *, keys=None):
        state = self.init_state() if state is None else state
        return jax.lax.scan(lambda state, now: self.step(state, *now), state, (xs, firsts))
