"""Gymnasium finds the environments by itself."""

import subprocess
import sys

import gymnasium

from engrax.registration import ENVIRONMENTS, register, wait_for_gymnasium


def run(program):
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)


def test_an_environment_is_found_without_importing_engrax():
    program = """
import gymnasium, sys
assert "jax" not in sys.modules, "Gymnasium's users must not pay for JAX"
env = gymnasium.make("engrax/Ballet-v0", num_dancers=2, dance_delay=16, max_steps=320, view="pixels")
print(env.reset(seed=0)[1]["instruction"])
"""
    result = run(program)
    assert (result.returncode, result.stdout) == (0, "watch\n"), result.stderr


def test_nothing_is_imported_while_gymnasium_is_not():
    program = "import sys; print(sorted({'jax', 'numpy', 'gymnasium'} & set(sys.modules)))"
    assert run(program).stdout == "[]\n"


def test_registering_again_changes_nothing():
    before = dict(gymnasium.registry)
    register(gymnasium.envs.registration)
    wait_for_gymnasium()
    assert gymnasium.registry == before
    assert set(ENVIRONMENTS) <= set(before)
