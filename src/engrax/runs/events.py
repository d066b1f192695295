"""What was measured, for TensorBoard: the numbers of `metrics.jsonl` once more, as events beside
it.
"""

import time
from collections.abc import Mapping
from pathlib import Path

from engrax.runs.metrics import measured_in


class EventLog:
    """A file of events over environment steps; events of steps that a resumed run makes again are
    withdrawn.

    Args:
        directory: where the file goes; a new one each time, as TensorBoard expects it.
        step: environment steps made so far.
    """

    def __init__(self, directory: Path, step: int):
        # Half a second to import; whatever only reads runs does without it.
        from tensorboardX.event_file_writer import EventsWriter
        from tensorboardX.proto.event_pb2 import Event, SessionLog  # pyright: ignore[reportAttributeAccessIssue]

        self._writer = EventsWriter(str(directory / "events"))
        self._event = Event
        start = SessionLog(status=SessionLog.SessionStatus.START)
        self._writer.write_event(Event(wall_time=time.time(), step=step + 1, session_log=start))

    def __enter__(self) -> "EventLog":
        """Itself."""
        return self

    def __exit__(self, *error: object) -> None:
        """Closes the file."""
        self._writer.close()

    def append(self, row: Mapping[str, int | float | None]) -> None:
        """Adds what a row measured, under the same names; raises `OSError` if it cannot be
        written.
        """
        event = self._event(wall_time=time.time(), step=int(row["environment_steps"] or 0))
        for name, value in measured_in(row).items():
            event.summary.value.add(tag=name, simple_value=value)
        self._writer.write_event(event)
        self._writer.flush()
