"""The log of metrics: its last line is found without the others."""

import json

import pytest

from engrax.errors import RunError
from engrax.runs.metrics import MetricsLog


@pytest.mark.parametrize("count", [0, 1, 2, 5000])
def test_the_last_line_is_that_of_all_lines(tmp_path, count):
    log = MetricsLog(tmp_path / "metrics.jsonl")
    assert log.last() is None
    rows = [{"update": update, "loss": 0.5 * update, "note": None} for update in range(count)]
    log.path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert log.last() == (log.rows() or [None])[-1]
    with log.path.open("a") as file:
        file.write('{"update": 7000, "lo')  # a process was killed here
    assert log.last() == (log.rows() or [None])[-1]


def test_what_is_no_file_is_no_log(tmp_path):
    log = MetricsLog(tmp_path)
    assert log.last() is None
    with pytest.raises(RunError, match="is not a regular file"):
        log.rows()
