"""What packages add to the registries, and the errors of those that cannot be imported."""

import sys
from pathlib import Path

import pytest

from engrax.agents import ActorCriticSizes, MERLINSizes
from engrax.algorithms import IMPALA
from engrax.envs import Recall
from engrax.errors import ConfigError
from engrax.experiments import Experiment, import_packages, kind_of
from engrax.experiments.codec import decode, encode
from engrax.experiments.presets import PRESETS
from engrax.experiments.registries import imports_of
from engrax.experiments.settings import override
from engrax.memory import MEMORIES, NoMemorySizes

SOURCE = '''
from dataclasses import dataclass

from engrax.memory import MEMORIES, AbstractMemorySizes, NoMemory, NoMemorySizes


@dataclass(frozen=True, kw_only=True)
class WideSizes(AbstractMemorySizes):
    """A memory of one's own."""

    factor: int = 2
    """Of the width."""

    def build(self, layout, *, key):
        return NoMemory(input_size, NoMemorySizes(width=4 * self.factor), key=key)

    @classmethod
    def tiny(cls):
        return cls(factor=1)


MEMORIES["wide"] = WideSizes
'''


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to import from; what is imported there is forgotten."""
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)
    registered = dict(MEMORIES)
    yield tmp_path  # pyright: ignore[reportReturnType]
    for name in set(sys.modules) - before:
        del sys.modules[name]
    MEMORIES.clear()
    MEMORIES.update(registered)


def test_kinds_are_the_names_in_the_registries():
    kinds = [
        kind_of(each)
        for each in (Recall(), MERLINSizes(), ActorCriticSizes(), NoMemorySizes(), IMPALA())
    ]
    assert kinds == ["recall", "merlin", "actor_critic", "none", "impala"]


@pytest.mark.parametrize("stranger", [3, Experiment(task=Recall())])
def test_a_class_without_registry_is_named(stranger: object):
    with pytest.raises(ConfigError, match=rf"{type(stranger).__name__} is in no registry"):
        kind_of(stranger)


def test_a_package_adds_a_memory_that_configs_hold_and_settings_name(folder: Path):
    (folder / "wide_memory.py").write_text(SOURCE)
    import_packages(["wide_memory"])
    experiment = override(PRESETS["debug"], {"memory": "wide", "memory.factor": "3"})
    data = encode(experiment)
    assert data["agent"]["memory"] == {"kind": "wide", "factor": 3}
    assert decode(Experiment, data) == experiment
    import_packages(["wide_memory"])  # once more changes nothing
    assert decode(Experiment, data) == experiment


@pytest.mark.parametrize(
    ("name", "source", "message"),
    [
        (
            "nowhere_at_all",
            None,
            r"--import nowhere_at_all: there is no module 'nowhere_at_all'; install it, or add",
        ),
        ("wants", "import nowhere_at_all", r"--import wants: there is no module 'nowhere_at_all'"),
        ("broken", "def", r"--import broken: the package cannot be imported: SyntaxError: "),
        (
            "raises",
            "raise KeyError('a\\nb')",
            r"--import raises: the package cannot be imported: KeyError: ",
        ),
        ("../evil", None, r"--import '../evil': expected a package's name"),
        ("", None, r"--import '': expected a package's name"),
    ],
)
def test_what_cannot_be_imported_is_named(
    folder: Path, name: str, source: str | None, message: str
):
    if source is not None:
        (folder / f"{name}.py").write_text(source)
    with pytest.raises(ConfigError, match=message) as error:
        import_packages([name])
    assert "\n" not in str(error.value)


def test_a_config_names_its_imports():
    assert imports_of({}) == ()
    assert imports_of({"imports": ["a", "b.c"]}) == ("a", "b.c")
    for wrong in ("a", [3], {"a": 1}, None):
        with pytest.raises(ConfigError, match="imports: expected a list of packages, got"):
            imports_of({"imports": wrong})
