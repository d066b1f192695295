"""Steps of an environment beside those of an oracle."""

import jax
import jax.numpy as jnp
import numpy as np

from engrax.envs.grid.picture import render


def played(task, actions, key):
    """The states and the steps of a fresh episode under given actions; see `followed`."""
    return followed(task, task.draw(key), actions, key)


def followed(task, state, actions, key):
    """The states and the steps from a state on under given actions, its own included.

    Args:
        task: whose episode.
        state: where it begins.
        actions: `[t]`.
        key: every action has a key made from it.
    """

    def follow(carry, action):
        state, number = carry
        after = task.advance(state, action, jax.random.fold_in(key, number))
        return (after, number + 1), (after, task.observe(after))

    later = jax.lax.scan(follow, (state, jnp.int32(0)), actions)[1]
    opening = state, task.observe(state)
    return jax.tree.map(lambda one, more: jnp.concatenate([one[None], more]), opening, later)


def assert_as_told(found, wanted):
    """That parts of time steps are an oracle's, until its episode ends.

    Args:
        found: the parts, `[t, ...]` each, in the oracle's order.
        wanted: the oracle's steps, each with as many parts.
    """
    for time, step in enumerate(wanted):
        for part, other in zip(found, step, strict=True):
            np.testing.assert_array_equal(part[time], other)


def ending(steps, wanted):
    """The reward and discount of an episode's last step, which both agree is the last."""
    end = len(wanted) - 1
    assert steps.last[end]
    return steps.reward[end].item(), steps.discount[end].item()


def assert_pixels_are_the_symbols(task):
    """That a task in pixels shows the picture of what it shows in symbols.

    Args:
        task: the class of a task on a grid.
    """
    pixels, symbols = task(view="pixels"), task()
    seen = pixels.reset(jax.random.key(0))[1].observation["image"]
    wanted = render(symbols.reset(jax.random.key(0))[1].observation["symbols"])
    np.testing.assert_array_equal(seen, wanted)
    np.testing.assert_array_equal(pixels.picture({"image": seen}), wanted)
