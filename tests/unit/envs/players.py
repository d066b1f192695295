"""Scripted players: one Python object an episode, which looks at the state and remembers."""

from collections import deque

import jax
import jax.numpy as jnp
import numpy as np

from engrax.testing.contract import quick_jit

from oracles.grid import DIRECTIONS
from unit.envs.steps import played


def played_by(task, player, episodes, steps, seed=0):
    """The time steps of players, `[t, episodes, ...]`, each from a fresh episode.

    Args:
        task: what is played.
        player: makes a player of a random generator; called with a state, it returns an action.
        episodes: how many.
        steps: actions of each.
        seed: which episodes.
    """
    key = jax.random.key(seed)
    states, opening = jax.jit(jax.vmap(task.reset))(jax.random.split(key, episodes))
    step = jax.jit(jax.vmap(task.step))
    players = [player(np.random.default_rng((seed, number))) for number in range(episodes)]
    told = [opening]
    for time in range(steps):
        seen = jax.tree.map(np.asarray, states)
        each = [jax.tree.map(lambda leaf, n=n: leaf[n], seen) for n in range(episodes)]
        actions = [act(state) for act, state in zip(players, each, strict=True)]
        keys = jax.random.split(jax.random.fold_in(key, time), episodes)
        states, now = step(states, jnp.asarray(actions, jnp.int32), keys)
        told.append(now)
    return jax.tree.map(lambda *leaves: np.stack([np.asarray(leaf) for leaf in leaves]), *told)


def towards(free, where, wanted, moves):
    """The first move of a shortest path to a square that is wanted; None if none can be reached.

    Args:
        free: whether a square can be walked on, by row and column.
        where: row and column.
        wanted: whether a square is a destination, by row and column.
        moves: rows and columns of each action.
    """
    queue, first = deque([where]), {where: None}
    while queue:
        place = queue.popleft()
        if wanted(place) and place != where:
            return first[place]
        for action, (down, along) in enumerate(moves):
            ahead = place[0] + down, place[1] + along
            if ahead not in first and free(ahead):
                first[ahead] = action if first[place] is None else first[place]
                queue.append(ahead)
    return None


def distance(one, other):
    """Moves between two squares; of equal ones the upper left first."""
    return max(abs(np.subtract(one, other))), other


def direction(where, there):
    """The action of the first move to a square."""
    step = tuple(np.sign(np.subtract(there, where)).tolist())
    return DIRECTIONS.index(step)


def anywhere(actions):
    """A player who moves anywhere."""
    return lambda numbers: lambda state: numbers.integers(actions)


def uniform_returns(task, steps, episodes=2000):
    """The returns of a player who moves anywhere, [episodes].

    Args:
        task: which; its episodes are of one length.
        steps: actions of an episode.
        episodes: how many.
    """

    def one(key):
        actions = jax.random.randint(key, (steps,), 0, task.interface.actions.size, jnp.int32)
        return jnp.sum(played(task, actions, key)[1].reward)

    return quick_jit(jax.vmap(one))(jax.random.split(jax.random.key(0), episodes))


def assert_scores(values, wanted, error=0.0):
    """That a mean is a simulated one, within three standard errors of both together."""
    values = np.asarray(values, float)
    found, own = values.mean(), values.std() / np.sqrt(values.size)
    assert abs(found - wanted) < 3 * np.hypot(own, error) + 0.005 * abs(wanted), (found, own)
