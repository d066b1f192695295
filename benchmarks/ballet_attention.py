"""Whose dance an HCAM agent looks at as it decides, and whether looking at a dancer speaks for that
dancer.

    python benchmarks/ballet_attention.py results/hcam-ballet-2_delay16 [--dancers 4] [--delay 16]
    [--episodes 400]

At the first step of the choice phase, in the first layer: how much of the attention to chunks lies
on the steps of the target's dance, on those of the others', and on steps where nobody danced. Then
all attention is put on the chunk of the first dancer's dance, and on that of the second's: by how
much does the logit of walking to the first, less that of walking to the second, differ between the
two? Above zero, what is looked at is what is walked to; below, an agent can only learn to look at
those who are not meant.
"""

import argparse
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from ballet_supervised import decide, directions, watch

from engrax.envs.ballet import Ballet
from engrax.envs.ballet.stage import choice_time
from engrax.envs.ballet.tables import DANCE_LENGTH
from engrax.memory.hcam import AbstractRead, HierarchicalRead
from engrax.runs.building import load_trained


class ForcedRead(AbstractRead):
    """The last query has nothing but one chunk to read."""

    inner: HierarchicalRead
    chunk: int = eqx.field(static=True)

    @property
    def least(self):
        """As many as the inner read."""
        return self.inner.least

    def read(self, query, chunks, valid):
        """As it is: which query is the last is not known here."""
        return self.inner.read(query, chunks, valid)

    def read_sequence(self, queries, chunks, valid):
        """Reads, and reads again with the last query."""
        only = jnp.arange(valid.shape[1]) == self.chunk
        last = self.inner.read(queries[-1], chunks, only).output
        return self.inner.read_sequence(queries, chunks, valid).at[-1].set(last)


def main():
    arguments = parse()
    task = Ballet(num_dancers=arguments.dancers, dance_delay=arguments.delay)
    _, environment, agent, *_ = load_trained(arguments.directory, task)
    keys = jax.random.split(jax.random.key(arguments.seed), arguments.episodes)
    own, others = looks(agent, environment, keys)
    print(
        f"attention  target's dance {jnp.mean(own):.2f}  the others' {jnp.mean(others):.2f}", end=""
    )
    print(f"  nobody's {1 - jnp.mean(own) - jnp.mean(others):.2f}")
    middles = [choice_time(turn, environment.dance_delay) + DANCE_LENGTH // 2 for turn in (0, 1)]
    agents = [forced(agent, middle // agent.memory.layers[0].chunk_size) for middle in middles]
    first, second = (np.asarray(preferences(one, environment, keys)) for one in agents)
    error = np.std(first - second) / len(keys) ** 0.5
    print(
        f"looking at a dancer speaks for that dancer by {np.mean(first - second):+.2f} (standard "
        f"error {error:.2f})"
    )


@eqx.filter_jit
def looks(agent, environment, keys):
    """The first layer's attention to the steps of the target's dance, and to those of the others',
    in each episode.
    """
    layer = agent.memory.layers[0]

    def look(key):
        inputs, cast = watch(environment, key)
        xs, firsts = agent.embed(inputs), inputs.first
        state, _ = agent.memory.unroll(None, xs[:-1], firsts[:-1])
        recall = agent.memory.step(state, xs[-1], firsts[-1])[1].recall
        weights = jnp.mean(recall.weights[: layer.attention.num_heads], axis=0)
        steps = state.count - recall.steps_ago
        turn, elapsed = jnp.divmod(steps, choice_time(1, environment.dance_delay))
        danced = weights * (elapsed < DANCE_LENGTH)
        own = jnp.sum(danced * (turn == cast.target))
        return own, jnp.sum(danced) - own

    return jax.vmap(look)(keys)


@eqx.filter_jit
def preferences(agent, environment, keys):
    """The logit of walking to the first dancer less that of walking to the second, in each
    episode.
    """

    def preference(key):
        inputs, cast = watch(environment, key)
        first, second = decide(agent, inputs).logits[directions(cast)[:2]]
        return first - second

    return jax.vmap(preference)(keys)


def forced(agent, chunk: int):
    """The agent with eyes for one chunk."""
    where = lambda a: a.memory.layers[0].attention  # noqa: E731
    return eqx.tree_at(where, agent, ForcedRead(where(agent), chunk))


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "directory", type=Path, help="a run or a published result: an HCAM agent on Ballet"
    )
    parser.add_argument("--dancers", type=int, default=2)
    parser.add_argument("--delay", type=int, default=16)
    parser.add_argument("--episodes", type=int, default=400)
    parser.add_argument("--seed", type=int, default=5)
    return parser.parse_args()


if __name__ == "__main__":
    main()
