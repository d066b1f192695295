"""Every example runs, for a few updates."""

import importlib.util
import inspect
import sys
from pathlib import Path

import jax
import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.slow
@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.stem)
def test_an_example_runs(path, capsys, monkeypatch):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, path.stem, module)
    monkeypatch.syspath_prepend(str(EXAMPLES))
    # As their users run them: with JAX's own rules of promotion.
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        spec.loader.exec_module(module)
        (length,) = inspect.signature(module.main).parameters
        module.main(**{length: 10 if path.stem == "own_memory" else 2})
    assert "return" in capsys.readouterr().out or path.stem == "hcam_in_one_file"
