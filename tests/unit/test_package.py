"""What `import engrax` offers, and that it costs next to nothing."""

import subprocess
import sys
from pathlib import Path

import pytest

import engrax


def test_importing_the_package_imports_nothing_heavy():
    heavy = "{'jax', 'numpy', 'equinox', 'matplotlib', 'rich'}"
    code = f"import sys, engrax; print(sorted({heavy} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert run.stdout == "[]\n"


def test_all_that_is_offered_is_there():
    assert set(engrax.__all__) <= set(dir(engrax))
    for name in engrax.__all__:
        assert getattr(engrax, name) is not None
    assert engrax.train.__module__ == "engrax.runs.training"


def test_what_is_not_offered_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'engrax' has no attribute 'trian'"):
        engrax.trian  # noqa: B018


def test_python_dash_m_is_the_command():
    command = [sys.executable, "-m", "engrax", "--version"]
    run = subprocess.run(command, check=True, capture_output=True, text=True)
    assert run.stdout == f"engrax {engrax.__version__}\n"


ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not a repository")
def test_git_ignores_no_file_of_ours():
    folders = ["src", "tests", "docs", "examples", "benchmarks"]
    asked = ["git", "ls-files", "--others", "--ignored", "--exclude-standard", *folders]
    ignored = subprocess.run(asked, check=True, capture_output=True, text=True, cwd=ROOT).stdout
    assert not [name for name in ignored.splitlines() if name.endswith((".py", ".md"))]
