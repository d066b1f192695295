"""The pages build without a warning, and the API reference leaves nothing public out."""

import importlib
import inspect
import pkgutil
import subprocess
import sys
import zlib
from pathlib import Path
from types import ModuleType

import pytest

import engrax
from engrax.viewing.page import read

DOCS = Path(__file__).parents[2] / "docs"


def public_modules() -> list[ModuleType]:
    names = [module.name for module in pkgutil.walk_packages(engrax.__path__, "engrax.")]
    return [importlib.import_module(name) for name in names if "._" not in name]


def defined_in(module: ModuleType) -> list[str]:
    """Names of the public classes and functions that a module defines."""
    members = [(name, member) for name, member in vars(module).items() if not name.startswith("_")]
    kinds = lambda member: inspect.isclass(member) or inspect.isroutine(member)  # noqa: E731
    return [
        name for name, member in members if kinds(member) and member.__module__ == module.__name__
    ]


def methods_of(owner: type) -> list[str]:
    """Names of the public methods and properties that a class itself defines in its source."""
    kinds = (property, classmethod, staticmethod)
    return [
        name
        for name, member in vars(owner).items()
        if not name.startswith("_") and (isinstance(member, kinds) or inspect.isroutine(member))
    ]


def documented(build: Path) -> set[str]:
    """The names in Sphinx's inventory of Python objects."""
    text = zlib.decompress((build / "objects.inv").read_bytes().split(b"\n", 4)[4]).decode()
    return {line.split()[0] for line in text.splitlines() if line.split()[1].startswith("py:")}


def missing_from(names: set[str]) -> list[str]:
    """Public symbols that appear neither where they are exported nor where they are defined."""
    missing = []
    for module in public_modules():
        for name in {*getattr(module, "__all__", ()), *defined_in(module)}:
            shown = {found for found in names if found.endswith(f".{name}")}
            inside = f"{module.__name__}."
            around = tuple(
                module.__name__.rsplit(".", depth)[0]
                for depth in range(module.__name__.count(".") + 1)
            )
            if not any(
                found.startswith(inside) or found.removesuffix(f".{name}") in around
                for found in shown
            ):
                missing.append(f"{module.__name__}.{name}")
    return missing


@pytest.mark.slow
def test_pages_build_without_a_warning_and_show_every_public_symbol(tmp_path):
    command = [
        "-W",
        "--keep-going",
        "--quiet",
        "-d",
        tmp_path / "cache",
        "-b",
        "html",
        # Pages with the source of each module take most of the time, and cannot be wrong.
        "-D",
        "extensions=myst_parser,sphinx.ext.autodoc,sphinx.ext.napoleon,sphinx_copybutton",
        DOCS,
        tmp_path / "html",
    ]
    built = subprocess.run(
        [sys.executable, "-m", "sphinx", *command], capture_output=True, text=True
    )
    assert built.returncode == 0, built.stderr
    assert missing_from(documented(tmp_path / "html")) == []
    assert len(read(tmp_path / "html" / "recall.html")["episodes"]) == 4


def test_a_symbol_that_is_left_out_is_missed():
    everything = {
        f"{module.__name__}.{name}" for module in public_modules() for name in defined_in(module)
    }
    left_out = "engrax.memory.ring.episode_steps"
    assert left_out in missing_from(everything - {left_out})
    assert left_out not in missing_from(everything)


@pytest.mark.parametrize("module", public_modules(), ids=lambda module: module.__name__)
def test_everything_public_has_a_docstring(module):
    assert module.__doc__
    for name in defined_in(module):
        member = getattr(module, name)
        assert member.__doc__, f"{name} has no docstring"
        for method in methods_of(member) if inspect.isclass(member) else []:
            assert inspect.getdoc(getattr(member, method)), f"{name}.{method} has no docstring"
