"""Training goes on while its worker processes are killed."""

import multiprocessing
import os
import random
import signal
import threading
import time
from pathlib import Path

import pytest

import engrax

SECONDS, EVERY = 300.0, 2.0


def killer(stop, killed):
    """Kills one of the workers every two seconds."""
    while not stop.wait(EVERY):
        if workers := multiprocessing.active_children():
            os.kill(random.choice(workers).pid, signal.SIGKILL)
            killed.append(time.monotonic())


def leftovers():
    """Open files of this process, and its memory in megabytes."""
    memory = next(
        int(line.split()[1]) / 1024
        for line in Path("/proc/self/status").read_text().splitlines()
        if line.startswith("VmRSS")
    )
    return len(list(Path("/proc/self/fd").iterdir())), memory


@pytest.mark.learn
def test_a_worker_is_killed_every_two_seconds_for_five_minutes(tmp_path):
    """Training goes on, every death is counted, and nothing is left behind."""
    stop, killed, rows, measured = threading.Event(), [], [], []
    thread = threading.Thread(target=killer, args=(stop, killed))

    def progress(row):
        if not rows:
            thread.start()
        rows.append(row)
        measured.append((time.monotonic(), *leftovers()))

    settings = {
        "updates": "1000000",
        "streams": "8",
        "placement.workers": "2",
        "checkpoint_every": "1000000",
    }
    run = tmp_path / "run"
    engrax.train("lstm-cartpole-hidden", run, settings=settings, progress=progress, seconds=SECONDS)
    stop.set()
    thread.join()
    restarts = sum(row["worker_restarts"] for row in rows)
    print(f"{len(killed)} killed, {restarts:.0f} restarts, {len(rows)} updates")
    assert len(killed) > 0.8 * SECONDS / EVERY
    assert len(killed) - 2 <= restarts <= len(killed)  # the last may not have been noticed
    assert rows[-1]["environment_steps"] == len(rows) * 8 * 64
    settled = [one for one in measured if one[0] > measured[0][0] + 30.0]
    files, memory = ([one[index] for one in settled] for index in (1, 2))
    print(f"open files {files[0]} to {files[-1]}, memory {memory[0]:.0f} to {memory[-1]:.0f} MB")
    assert files[-1] <= files[0] + 2
    assert memory[-1] < memory[0] + 50.0
    assert multiprocessing.active_children() == []
