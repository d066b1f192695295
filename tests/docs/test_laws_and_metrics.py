"""Every law and every metric is explained on its page, and nothing that does not exist."""

import json
import re
from pathlib import Path

import pytest
from contract.test_planted_bugs import AGENT_BUGS, ENVIRONMENT_BUGS, MEMORY_BUGS
from contract.test_worlds import BUGS as WORLD_BUGS

from engrax.cli.main import main
from engrax.testing import AGENT_LAWS, ENVIRONMENT_LAWS, MEMORY_LAWS, WORLD_LAWS

DOCS = Path(__file__).parents[2] / "docs"
CONTRACTS = {
    "memory": (MEMORY_LAWS, MEMORY_BUGS),
    "agent": (AGENT_LAWS, AGENT_BUGS),
    "environment": (ENVIRONMENT_LAWS, ENVIRONMENT_BUGS),
    "world": (WORLD_LAWS, WORLD_BUGS),
}
OF_OTHER_TASKS = {"reconstruct_image", "reconstruct_symbols", "reconstruct_text"} | {
    "worker_restarts",
    "worker_cpu_seconds",  # see unit/runtime/test_host_worlds.py
    *("lag", "lag_max", "queue", "actors", "actor_restarts"),  # see unit/runs/test_actors.py
}


def sections(page: str) -> dict[str, str]:
    """The text under each heading that is a law's name; line ends are spaces."""
    text = (DOCS / "contracts" / f"{page}.md").read_text(encoding="utf-8")
    parts = re.split(r"^## (.*)\n", text, flags=re.MULTILINE)[1:]
    named = zip(parts[::2], parts[1::2], strict=True)
    return {
        heading.strip("`"): " ".join(body.split())
        for heading, body in named
        if heading.startswith("`")
    }


@pytest.mark.parametrize("page", CONTRACTS)
def test_every_law_is_explained(page):
    explained = sections(page)
    assert list(explained) == list(CONTRACTS[page][0])
    assert all(len(text) > 60 for text in explained.values())


@pytest.mark.parametrize(
    ("page", "bug"), [(page, bug) for page, (_, bugs) in CONTRACTS.items() for bug in bugs]
)
def test_every_planted_bug_is_named_under_its_law(page, bug):
    law = CONTRACTS[page][1][bug]
    assert f"*{bug}*" in sections(page)[law]


def explained_metrics() -> set[str]:
    rows = re.findall(
        r"^\| (`.*?) \|", (DOCS / "metrics.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    return {name for row in rows for name in re.findall(r"`(\w+)`", row)}


RUNS = {
    "debug": [
        "--memory",
        "none",
        "--memory.width",
        "8",
        "--learner",
        "ppo",
        "--agent.action_value",
        "1",
    ],
    "merlin-recall-debug": ["--learner", "a2c", "--learner.transport.share", "0.9"],
}


@pytest.mark.slow
def test_every_metric_is_explained(tmp_path):
    logged = set()
    for preset, words in RUNS.items():
        assert (
            main(["train", preset, *words, "--updates", "1", "--out", str(tmp_path / preset)]) == 0
        )
        logged |= {*json.loads((tmp_path / preset / "metrics.jsonl").read_text())}
    assert logged <= explained_metrics(), "metrics without an explanation"
    assert explained_metrics() - logged == OF_OTHER_TASKS, "explanations of what is not logged"


@pytest.mark.slow
def test_learners_log_the_same_metrics(tmp_path):
    logged = []
    for learner in ("ppo", "impala", "a2c"):
        words = [
            *RUNS["debug"][:4],
            "--learner",
            learner,
            "--updates",
            "1",
            "--out",
            str(tmp_path / learner),
        ]
        assert main(["train", "debug", *words]) == 0
        logged.append({*json.loads((tmp_path / learner / "metrics.jsonl").read_text())})
    assert logged[0] == logged[1] == logged[2]
