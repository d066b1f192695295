"""A memory of your own: the mean of all inputs of the episode; its laws, then an agent with it that
trains.
"""

import equinox as eqx
import jax
import jax.numpy as jnp

from engrax.agents import ActorCritic, ActorCriticSizes
from engrax.algorithms import PPO
from engrax.envs import Recall
from engrax.memory import AbstractMemory, MemoryOutput
from engrax.runtime import Trainer, measured
from engrax.testing import check_memory


class Average(AbstractMemory):
    """The mean of all inputs of the episode so far."""

    input_size: int = eqx.field(static=True)
    output_size: int = eqx.field(static=True)

    def init_state(self):
        """Sum and count."""
        return jnp.zeros(self.input_size), jnp.zeros(())

    def step(self, state, x, first, *, key=None):
        """Adds an input; at `first` the sum starts again."""
        total, count = (jnp.where(first, 0.0, part) for part in state)
        total, count = total + x, count + 1.0
        return (total, count), MemoryOutput(total / count)

    def unroll(self, state, xs, firsts, *, keys=None):
        """A scan of `step`."""
        state = self.init_state() if state is None else state
        return jax.lax.scan(lambda state, now: self.step(state, *now), state, (xs, firsts))


def main(updates: int = 40):
    """Checks the laws, then learns to name a cue after four steps; chance is 0.25."""
    check_memory(Average(5, 5))
    task = Recall(delay=4)
    sizes = ActorCriticSizes(hidden=32)
    memory = lambda layout, key: Average(layout.size, layout.size)  # noqa: E731
    agent = ActorCritic(task.interface, sizes, memory=memory, key=jax.random.key(0))
    learner = PPO(learning_rate=3e-3, only_effective=True)
    trainer = Trainer(agent, task, learner, streams=64, segment_length=32, key=jax.random.key(1))
    state = trainer.init()
    for update in range(updates):
        state, metrics = trainer.update(state)
        if update % 10 == 9:
            print(
                f"update {update + 1}: return {measured(metrics).get('return', float('nan')):.2f}"
            )


if __name__ == "__main__":
    main()
