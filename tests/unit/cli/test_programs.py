"""What is compiled is kept, where the user says or in a place of the user's own, and never in the
way.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from engrax.cli.programs import LIMIT, keep_programs

COMPILE = "import jax; print(jax.jit(lambda x: x + 1)(1))"


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr("platformdirs.user_cache_dir", lambda name: str(tmp_path / name))
    return tmp_path


def kept(directory: Path, suffix: str) -> set[str]:
    return {path.name.removesuffix(suffix) for path in directory.glob(f"*{suffix}")}


def test_programs_are_kept_in_a_place_of_the_users(home: Path):
    environment: dict[str, str] = {}
    keep_programs(environment)
    assert Path(environment["JAX_COMPILATION_CACHE_DIR"]) == home / "engrax" / "programs"
    assert environment["JAX_COMPILATION_CACHE_MAX_SIZE"] == str(LIMIT)


def test_what_the_user_says_stands(home: Path):
    environment = {"JAX_COMPILATION_CACHE_DIR": "elsewhere"}
    keep_programs(environment)
    assert environment == {"JAX_COMPILATION_CACHE_DIR": "elsewhere"}
    assert not (home / "engrax").exists()


def test_nothing_is_kept_where_nothing_can_be(home: Path):
    (home / "engrax").write_text("a file where the directory would be", encoding="utf-8")
    environment: dict[str, str] = {}
    keep_programs(environment)
    assert environment == {}


def test_jax_keeps_programs_and_is_not_stopped_by_one_half_written(tmp_path: Path):
    settings: dict[str, str] = {}
    (tmp_path / "jit_cut_short-cache").write_bytes(b"half")
    keep_programs(settings, tmp_path)
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith("JAX_COMPILATION")
    }
    environment = {**inherited, **settings, "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"}
    command = [sys.executable, "-W", "error", "-c", COMPILE]
    assert (
        subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
        == "2\n"
    )
    assert kept(tmp_path, "-cache")
    assert kept(tmp_path, "-cache") == kept(tmp_path, "-atime")
