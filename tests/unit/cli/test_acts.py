"""What the demo says of its two agents: what the evaluation shows, and no more."""

import pytest

from engrax.cli.acts import verdict
from engrax.evaluation.statistics import Mean
from engrax.runs.evaluating import Evaluation


def evaluated(low: float, high: float) -> Evaluation:
    rate = Mean((low + high) / 2, (low, high))
    return Evaluation(
        episodes=10,
        returns=rate,
        success=rate,
        length=9.0,
        chance=0.5,
        seed=1,
        greedy=False,
        environment={"id": "ballet"},
        agent="actor_critic",
        memory="hcam",
        updates=4,
        environment_steps=256,
    )


@pytest.mark.parametrize(
    ("remembers", "forgets", "better"),
    [
        ((0.8, 1.0), (0.4, 0.6), True),
        ((0.55, 0.7), (0.4, 0.6), False),  # not above the agent without memory
        ((0.45, 0.7), (0.2, 0.4), False),  # not above chance
    ],
)
def test_memory_is_worth_something_only_if_intervals_say_so(remembers, forgets, better: bool):
    said = verdict(evaluated(*remembers), evaluated(*forgets))
    assert said.startswith("The agent with memory is above chance") == better
