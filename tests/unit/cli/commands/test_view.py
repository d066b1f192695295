"""`engrax view` and `engrax recall`: the page of a run, and what it recalls over many episodes."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engrax.agents import MERLINSizes
from engrax.cli.main import main
from engrax.envs import Ballet
from engrax.viewing.page import page, read

from unit.cli.commands.test_replay import LENGTH, MEMORIES, run_directory, with_memory


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("runs")
    for name in ("hcam", "lstm"):
        run_directory(root / name, with_memory(MEMORIES[name]))
    return root


@pytest.mark.slow
def test_two_agents_on_the_same_episodes(runs: Path, tmp_path: Path, capsys: Any):
    out, arrays = tmp_path / "both.html", tmp_path / "episode.npz"
    words = ["--against", str(runs / "lstm"), "--episodes", "2", "--data", str(arrays)]
    assert main(["view", str(runs / "hcam"), "--out", str(out), *words]) == 0
    assert capsys.readouterr().out.startswith(f"{out}: 2 episodes, ")
    data = read(out)
    assert [agent["name"] for agent in data["agents"]] == ["hcam", "lstm"]
    assert [agent["unit"] for agent in data["agents"]] == ["chunk", None]
    assert [len(agent["readers"]) for agent in data["agents"]] == [2, 0]
    assert [episode["number"] for episode in data["episodes"]] == [1, 2]
    hcam, lstm = data["episodes"][0]["runs"]
    assert (hcam["length"], lstm["length"]) == (LENGTH, LENGTH)
    assert hcam["attention"]["shape"] == [LENGTH, 2, LENGTH]
    assert hcam["chunks"] == [0, 2, 4, 6, 8]
    assert lstm["attention"] is lstm["ablation"] is lstm["chunks"] is lstm["events"] is None
    assert lstm["saliency"]["shape"] == [LENGTH, LENGTH]
    with np.load(arrays) as saved:
        assert saved["attention"].shape == (LENGTH, 2, LENGTH)
        assert saved["readers"].tolist() == ["layer 1, head 1", "layer 1, head 2"]
        assert set(saved) >= {"action", "reward", "ablation", "saliency", "observation_vector"}


@pytest.mark.slow
def test_merlin_has_rows(tmp_path: Path):
    path = run_directory(tmp_path / "merlin", MERLINSizes().tiny()).path
    assert main(["view", str(path), "--out", str(tmp_path / "a.html"), "--episodes", "1"]) == 0
    (run,) = read(tmp_path / "a.html")["episodes"][0]["runs"]
    assert run["slots"]["written"]["shape"][0] == LENGTH
    assert run["chunks"] is None


@pytest.mark.slow
def test_recall_prints_shares(runs: Path, capsys: Any):
    assert main(["recall", str(runs / "hcam"), "--episodes", "3"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("3 decisions in 3 episodes\n")
    assert "steps ago" in said
    assert "first step" in said
    assert main(["recall", str(runs / "hcam"), "--episodes", "3", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert sum(share["attention"] for share in found["ages"]) == pytest.approx(1.0, abs=1e-4)
    assert sum(share["even"] for share in found["events"]) == pytest.approx(1.0, abs=1e-4)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("view {runs}/hcam --out a.htm", "--out 'a.htm': expected a file that ends in .html"),
        ("view {runs}/hcam --out {tmp}/dir.html", "--out '{tmp}/dir.html' is a directory"),
        ("view {runs}/hcam --data a.txt", "--data 'a.txt': expected a file that ends in .npz"),
        ("view nowhere", "nowhere is not a run directory"),
        ("view {runs}/hcam --against nowhere", "nowhere is not a run directory"),
        (
            "view {runs}/hcam --against {tmp}/ballet",
            "--against '{tmp}/ballet' is of another task",
        ),
        ("view {runs}/hcam --out /proc/here/a.html", "/proc/here: No such file or directory"),
        ("recall {runs}/lstm", "{runs}/lstm attends to nothing it remembers: `engrax view` shows"),
        ("recall nowhere", "nowhere is not a run directory"),
    ],
)
def test_wrong_input_is_one_line(runs: Path, tmp_path: Path, capsys: Any, words: str, message: str):
    (tmp_path / "dir.html").mkdir()
    if "ballet" in words:
        run_directory(tmp_path / "ballet", with_memory(MEMORIES["lstm"]), Ballet())
    fill = {"runs": runs, "tmp": tmp_path}
    assert main(words.format(**fill).split()) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"engrax: {message.format(**fill)}")
    assert err.count("\n") == 1
    assert not list(tmp_path.glob("*.npz"))


def test_what_breaks_off_leaves_what_was_there(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def breaks(*arguments: Any, **named: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr("engrax.runs.pages.inspect", breaks)
    out = tmp_path / "page.html"
    out.write_text("before")
    assert main(["view", str(runs / "lstm"), "--out", str(out)]) == 130
    assert out.read_text() == "before"
    assert len(list(tmp_path.iterdir())) == 1


def test_the_page_needs_no_network():
    text = page({"title": "a", "format": 1})
    assert "src=" not in text.replace('src="data:', "")
    assert "default-src 'none'" in text
