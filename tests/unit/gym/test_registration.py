"""Gymnasium finds the environments by itself, or by an import of engrax."""

import subprocess
import sys
from pathlib import Path

import gymnasium
import numpy as np
import pytest

import engrax.gym
from engrax.gym.registration import ENVIRONMENTS, register, wait_for_gymnasium

SOURCE = Path(__file__).parents[3] / "src"


def run(program, *options):
    return subprocess.run(
        [sys.executable, *options, "-c", program], capture_output=True, text=True, check=False
    )


def test_an_environment_is_found_without_importing_engrax():
    program = """
import gymnasium, sys
assert "jax" not in sys.modules, "Gymnasium's users must not pay for JAX"
env = gymnasium.make("engrax/Ballet-v0", num_dancers=2, max_steps=320, view="pixels")
print(env.reset(seed=0)[1]["instruction"])
"""
    result = run(program)
    assert (result.returncode, result.stdout) == (0, "watch\n"), result.stderr


def test_nothing_is_imported_while_gymnasium_is_not():
    program = "import sys; print(sorted({'jax', 'numpy', 'gymnasium'} & set(sys.modules)))"
    assert run(program).stdout == "[]\n"


def test_where_no_pth_file_is_read_an_import_registers():
    paths = f"import sys; sys.path[:0] = [{str(SOURCE)!r}, *{sys.path!r}]; "
    for program in (
        "import gymnasium; print(gymnasium.make('engrax.envs:engrax/Ballet-v0').spec.id)",
        "import gymnasium, engrax.envs; print(gymnasium.spec('engrax/Ballet-v0').id)",
        "import engrax.envs, gymnasium; print(gymnasium.spec('engrax/Ballet-v0').id)",
    ):
        result = run(paths + program, "-S")
        assert result.stdout == "engrax/Ballet-v0\n", result.stderr


def test_the_package_itself_is_light():
    program = (
        "import sys, engrax, engrax.gym.registration; print({'jax', 'numpy'} & set(sys.modules))"
    )
    assert run(program).stdout == "set()\n"


def test_the_file_that_python_runs_at_start_up():
    lines = (SOURCE / "engrax_gymnasium.pth").read_text()
    assert lines == "import engrax.gym.registration; engrax.gym.registration.wait_for_gymnasium()\n"


def test_registering_again_changes_nothing():
    before = dict(gymnasium.registry)
    register(gymnasium.envs.registration)
    wait_for_gymnasium()
    assert gymnasium.registry == before
    assert set(ENVIRONMENTS) <= set(before)


# Classic control with hidden velocities


def test_cart_pole_without_velocities():
    env = gymnasium.make("engrax/CartPoleHidden-v0")
    assert env.spec.max_episode_steps == 500
    assert gymnasium.make(env.spec).observation_space.shape == (2,)


def test_pendulum_without_velocity():
    env = gymnasium.make("engrax/PendulumHidden-v0")
    seen, _ = env.reset(seed=0)
    assert seen.shape == (2,)
    np.testing.assert_allclose(np.linalg.norm(seen), 1, rtol=1e-6)
    assert [env.step([0.0])[3] for _ in range(200)] == [False] * 199 + [True]


def test_the_package_offers_its_main_names():
    for name in engrax.gym.__all__:
        assert getattr(engrax.gym, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = engrax.gym.Nothing
