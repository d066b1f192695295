"""TensorBoard's events say what metrics.jsonl says."""

import struct
from pathlib import Path

import pytest
from tensorboardX.proto.event_pb2 import Event, SessionLog

from engrax.runs.events import EventLog


def read(path: Path) -> list[Event]:
    """The events of a file of length-prefixed records."""
    data, events = path.read_bytes(), []
    while data:
        (length,) = struct.unpack("<Q", data[:8])
        events.append(Event.FromString(data[12 : 12 + length]))
        data = data[12 + length + 4 :]
    return events


def test_numbers_are_written_over_environment_steps_and_what_was_not_measured_is_left_out(
    tmp_path: Path,
):
    with EventLog(tmp_path, 0) as log:
        log.append(
            {
                "update": 1,
                "environment_steps": 64,
                "seconds": 1.5,
                "loss": 0.25,
                "return": float("nan"),
            }
        )
        (path,) = tmp_path.iterdir()
        assert read(path)[-1].step == 64  # on the disk at once
        log.append(
            {"update": 2, "environment_steps": 128, "seconds": 2.5, "loss": 0.125, "return": 1.0}
        )
    *_, first, second = read(path)
    assert {value.tag: value.simple_value for value in first.summary.value} == {"loss": 0.25}
    assert {value.tag: value.simple_value for value in second.summary.value} == {
        "loss": 0.125,
        "return": 1.0,
    }
    assert second.step == 128
    assert path.name.startswith("events.out.tfevents.")


def test_a_resumed_run_withdraws_what_it_makes_again(tmp_path: Path):
    with EventLog(tmp_path, 640):
        pass
    (path,) = tmp_path.iterdir()
    start = read(path)[-1]
    assert (start.session_log.status, start.step) == (SessionLog.SessionStatus.START, 641)


def test_a_directory_that_is_not_there_is_the_systems_error(tmp_path: Path):
    with pytest.raises(OSError, match="nowhere"):
        EventLog(tmp_path / "nowhere", 0)
