"""Steps of an environment beside those of an oracle."""

import numpy as np


def assert_as_told(found, wanted):
    """That parts of time steps are an oracle's, until its episode ends.

    Args:
        found: the parts, `[t, ...]` each, in the oracle's order.
        wanted: the oracle's steps, each with as many parts.
    """
    for time, step in enumerate(wanted):
        for part, other in zip(found, step, strict=True):
            np.testing.assert_array_equal(part[time], other)


def ending(steps, wanted):
    """The reward and discount of an episode's last step, which both agree is the last."""
    end = len(wanted) - 1
    assert steps.last[end]
    return steps.reward[end].item(), steps.discount[end].item()
