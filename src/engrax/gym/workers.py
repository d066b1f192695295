"""Worker processes that step environments, and are started again where they die or hang."""

import logging
import multiprocessing
import os
import select
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import cycle
from multiprocessing import forkserver
from types import ModuleType
from typing import Any

import numpy as np
from gymnasium import Space

from engrax.errors import EnvironmentFailedError
from engrax.gym.blocks import layout_of, nested
from engrax.gym.choosing import processors_here
from engrax.gym.drivers import AbstractSeededDriver, Moves
from engrax.gym.infos import kept_of
from engrax.gym.orders import Order
from engrax.gym.serving import ONE_THREAD, READY, Failed, Plan, Recipe, Said, serve
from engrax.gym.spaces import Translator

FAILURES = 3
"""Failures of a worker in a row that end a run."""
STARTING = 60.0
"""Seconds that a worker has, at least, to make its environments."""
GOODBYE = 2.0
"""Seconds that a worker has to close its environments."""

_LOGGER = logging.getLogger("engrax")


class WorkerDriver(AbstractSeededDriver):
    """Steps the environments of one worker process.

    A worker that dies, raises an error, or does not answer in time is replaced. Where it was to
    open an episode the new one does; the other episodes are lost (`Moves.lost`).
    """

    in_process = True

    def __init__(self, plan: Plan, translator: Translator, timeout: float):
        """Starts the process.

        Args:
            plan: for the process.
            translator: of the environments' spaces.
            timeout: seconds that an answer may take, in which environments are reset or stepped.
        """
        streams = plan.layout.streams
        super().__init__(streams, translator)
        self._plan, self._timeout = plan, timeout
        self._context = multiprocessing.get_context("forkserver")
        self._block = self._context.RawArray("B", plan.layout.size)
        self._arrays = plan.layout.arrays(self._block)
        self._orders: Mapping[int, Order] = {}
        self._actions: Any = None
        self._objects: list[list[Any]] = [[] for _ in range(streams)]
        self._infos: list[Mapping[str, Any]] = [{} for _ in range(streams)]
        self._failures, self._spent = 0, 0.0
        self._ready = False
        self._start()

    @property
    def cpu_seconds(self) -> float:
        """CPU time of the process, and of those that it replaced."""
        return self._spent + float(self._arrays["cpu_seconds"][0])

    def order(self, orders: Mapping[int, Order], actions: np.ndarray | None = None) -> None:
        """Sends orders and actions to the process."""
        self._orders = orders
        self._actions = None if actions is None else self._translator.write_batch(actions)
        self._send()

    def receive(self) -> Moves:
        """Waits for the process, or for the one that replaces it.

        Raises:
            EnvironmentFailedError: it failed again and again.
        """
        lost: set[int] = set()
        while (problem := self._answered()) is not None:
            self._replace(problem)
            lost = set(range(self.num_streams)) - set(self._orders)
            self._actions = None
            self._send()
        if self._actions is not None and len(self._orders) < self.num_streams:
            self._failures = 0  # an environment took a step
        return self._moves(frozenset(lost))

    def close(self) -> None:
        """Ends the process, and waits for it; again changes nothing."""
        if self._connection.closed:
            return
        with suppress(OSError):
            self._connection.send(None)
        self._process.join(GOODBYE if self._ready else 0.0)
        self._kill()

    def _start(self) -> None:
        here, there = self._context.Pipe()
        given = (there, self._block, self._plan)
        self._process = self._context.Process(target=serve, args=given, daemon=True)
        with _bare_main(self._plan):
            _start_server()
            self._process.start()
        there.close()
        self._connection, self._ready = here, False
        self._incoming = select.poll()  # made once: `Connection.poll` makes one in every call
        self._incoming.register(here.fileno(), select.POLLIN)

    def _send(self) -> None:
        with suppress(OSError):  # a worker that has died is found out when it is to answer
            self._connection.send((self._orders, self._actions))

    def _answered(self) -> str | None:
        """Takes the answer to the orders. Returns what went wrong, if anything did."""
        while True:
            try:
                seconds = self._timeout if self._ready else max(self._timeout, STARTING)
                if not self._incoming.poll(1000 * seconds):
                    return f"it did not answer within {seconds:g} seconds"
                answer = self._connection.recv()
            except (EOFError, OSError):
                self._process.join(GOODBYE)
                return f"it ended with exit status {self._process.exitcode}"
            if isinstance(answer, Failed):
                return answer.trace
            if answer == READY:
                self._ready = True
                continue
            self._take(answer)
            return None

    def _take(self, said: Said) -> None:
        """Keeps what has no place in the block."""
        everyone = range(self.num_streams)
        for stream in self._orders if self._actions is None else everyone:
            self._objects[stream], self._infos[stream] = said.get(stream, ([], {}))

    def _replace(self, problem: str) -> None:
        self._kill()
        self._failures += 1
        last = problem.strip().splitlines()[-1]
        if self._failures == FAILURES:
            raise EnvironmentFailedError(
                f"a worker process failed {FAILURES} times in a row: {last}", problem
            )
        self.restarts += 1
        self._spent = self.cpu_seconds
        self._arrays["cpu_seconds"][0] = 0.0
        _LOGGER.warning("a worker process is started again: %s", last)
        self._start()

    def _kill(self) -> None:
        self._process.kill()
        self._process.join()
        self._process.close()
        self._connection.close()

    def _moves(self, lost: frozenset[int]) -> Moves:
        layout, arrays = self._plan.layout, self._arrays
        leaves: dict[Any, Any] = {path: arrays[path] for path in layout.paths}
        for index, path in enumerate(layout.objects):
            leaves[path] = [objects[index] for objects in self._objects]
        return Moves(
            self._translator.read_batch(nested(leaves)) | self._translator.masks(self._infos),
            arrays["reward"].astype(np.float32),
            arrays["terminated"].copy(),
            arrays["truncated"].copy(),
            kept_of(self._infos, self._translator.answers),
            lost,
        )


def started(
    recipe: Recipe,
    space: Space[Any],
    shares: Sequence[Sequence[int]],
    translator: Translator,
    timeout: float,
) -> list[list[WorkerDriver]]:
    """Worker processes, each on one processor.

    Args:
        recipe: how they make an environment.
        space: of one environment's observations.
        shares: how many environments each process has, by group.
        translator: of the spaces.
        timeout: see `WorkerDriver`.
    """
    processors = cycle(reversed(processors_here()) if hasattr(os, "sched_setaffinity") else [None])

    def driver(streams: int) -> WorkerDriver:
        plan = Plan(recipe, layout_of(space, streams), translator.kept, next(processors))
        return WorkerDriver(plan, translator, timeout)

    return [[driver(streams) for streams in group] for group in shares]


def _start_server() -> None:
    """Starts the process that workers are forked from; it has the libraries, and no threads."""
    multiprocessing.get_context("forkserver").set_forkserver_preload(["engrax.gym.serving"])
    before = {name: os.environ.get(name) for name in ONE_THREAD}
    os.environ.update(ONE_THREAD)
    try:
        forkserver.ensure_running()
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def _bare_main(plan: Plan) -> Iterator[None]:
    """Starts processes that do not run the main script again, unless the plan needs it."""
    if plan.recipe.in_main:
        yield
        return
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main
