"""The figures of a comparison: success where there is one, and means by repetition."""

import pytest

from engrax.runs.scoreboard import Agent, ScoredRun, page, score_rows

LEVEL = "wayfinding"


def run(agent, returns, success, means):
    entry = {
        "mean_return": returns,
        "success_rate": success,
        "chance": 0.5,
        "repetitions": means
        and {"value": "taken", "by": "sub_episode", "means": [{"mean": mean} for mean in means]},
    }
    rows = [{"environment_steps": 10, "seconds": 1.0, "return": returns}]
    return ScoredRun(agent, rows, 5, {LEVEL: entry})


def test_the_score_is_the_success_where_the_task_has_one():
    with_success = Agent("a", (run("a", 7.0, 0.25, None), run("a", 9.0, 0.75, None)))
    without = Agent("b", (run("b", 7.0, None, None),))
    assert with_success.scores(LEVEL) == [0.25, 0.75]
    assert without.scores(LEVEL) == [7.0]
    assert score_rows([with_success], LEVEL)[0][1] == "0.500"


def test_means_by_repetition_are_over_runs_and_as_far_as_all_have_them():
    agent = Agent("a", (run("a", 1.0, None, [8.0, 4.0, 3.0]), run("a", 1.0, None, [6.0, 2.0])))
    assert agent.repetitions(LEVEL) == [7.0, 3.0]
    other = Agent("b", (run("b", 1.0, None, [9.25]),))
    shown = page([agent, other])
    assert "<th>taken by sub_episode</th><th>0</th><th>1</th>" in shown
    assert "<td>a</td><td>7</td><td>3</td>" in shown
    assert "<td>b</td><td>9.25</td><td></td>" in shown


@pytest.mark.parametrize("means", [None, []])
def test_nothing_is_shown_where_nothing_is_repeated(means):
    shown = page([Agent("a", (run("a", 1.0, None, means),))])
    assert "by sub_episode" not in shown
