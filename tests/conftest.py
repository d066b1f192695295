"""Strict numerics for every test: checked shapes, no silent promotion, warnings as errors."""

import os
from pathlib import Path

os.environ.setdefault("JAX_PLATFORMS", "cpu")
# Tests compile for longer than they compute: a third as long without XLA's optimisations. `make
# learn` keeps them.
QUICK_COMPILATION = (
    "--xla_backend_optimization_level=0",
    "--xla_llvm_disable_expensive_passes=true",
    "--xla_cpu_use_fusion_emitters=false",
    "--xla_cpu_parallel_codegen_split_count=1",
)
os.environ.setdefault("XLA_FLAGS", " ".join(QUICK_COMPILATION))

from engrax.cli.programs import keep_programs

keep_programs(
    os.environ, Path(__file__).parents[1] / ".pytest_cache" / "programs"
)  # tests compile much twice

from jaxtyping import install_import_hook

install_import_hook("engrax", "beartype.beartype")

import jax
import pytest

from engrax.experiments import registries

DEVICES = int(os.environ.get("ENGRAX_TEST_DEVICES", "2"))
jax.config.update("jax_num_cpu_devices", DEVICES)  # for tests of several; others use the first
jax.config.update("jax_numpy_dtype_promotion", "strict")
jax.config.update("jax_numpy_rank_promotion", "raise")


@pytest.fixture(autouse=True)
def forget_imported_packages(monkeypatch: pytest.MonkeyPatch):
    """Or the processes of a cluster would be told to import those of an earlier test."""
    monkeypatch.setattr(registries, "_IMPORTED", dict(registries._IMPORTED))


@pytest.fixture(autouse=True, scope="module")
def forget_compiled_programs():
    """After each module: a process has room for so many mapped regions (`vm.max_map_count`), and
    programs take them.
    """
    yield
    jax.clear_caches()
