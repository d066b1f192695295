"""Everything is float32 and int32 where JAX's default is 64 bits, in a process of its own."""

import os
import subprocess
import sys

import pytest

BEGIN = """
import jax
import jax.numpy as jnp
from engrax.memory import MEMORIES
from engrax.testing import MEMORY_LAWS, Settings, check_memory

jax.config.update("jax_numpy_dtype_promotion", "strict")
assert jnp.zeros(()).dtype == jnp.float64
build = lambda name: MEMORIES[name].tiny().build(5, key=jax.random.key(0))
"""
QUICK = """
for name in MEMORIES:
    kinds = {leaf.dtype.name for leaf in jax.tree.leaves((build(name), build(name).init_state()))}
    assert kinds <= {"float32", "int32"}, (name, kinds)
    MEMORY_LAWS["state_is_stable"](build(name), Settings(jax.random.key(0), steps=12))
"""


def run_in_64_bits(program):
    environment = {**os.environ, "JAX_ENABLE_X64": "1", "PYTHONWARNINGS": "error"}
    command = [sys.executable, "-c", BEGIN + program]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=900)
    assert result.returncode == 0, result.stderr[-3000:]


def test_parameters_states_and_outputs():
    run_in_64_bits(QUICK)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["hcam", "dnc"])  # between them, all that memories compute with
def test_every_law(name):
    run_in_64_bits(f"check_memory(build({name!r}))")
