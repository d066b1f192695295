"""The phase of every step."""

import jax
import jax.numpy as jnp

from engrax.envs.grid.timeline import Timeline


def test_every_step_has_its_phase_and_the_steps_since_it_began():
    timeline = Timeline((2, 3, 1))
    assert timeline.steps == 6
    phases, elapsed = jax.vmap(timeline.at)(jnp.arange(8, dtype=jnp.int32))
    assert phases.tolist() == [0, 0, 1, 1, 1, 2, 2, 2]
    assert elapsed.tolist() == [0, 1, 0, 1, 2, 0, 1, 2]
    assert phases.dtype == elapsed.dtype == jnp.int32


def test_a_single_phase():
    phase, elapsed = Timeline((4,)).at(jnp.int32(3))
    assert (int(phase), int(elapsed)) == (0, 3)
