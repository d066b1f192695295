"""Actors of a run as processes of a Ray cluster."""

import collections
import re
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import fields, replace
from typing import Any, ClassVar, NamedTuple

import numpy as np

from engrax.algorithms import IMPALA, AbstractLearner
from engrax.errors import ConfigError, EnvironmentFailedError, RunFailedError, UserError
from engrax.experiments.codec import decode, encode
from engrax.experiments.config import Experiment
from engrax.gym.host import AbstractHostTask
from engrax.runs.cluster import check_installed, check_reachable, connected
from engrax.runs.nodes import Origin, ready_for, this_process
from engrax.runtime import Placement
from engrax.runtime.apart import ActorsLostError, Collector, Parcel

IN_FLIGHT = 2
"""Segments of an actor that were asked for and not learnt from: so it never waits for the learner's
next parameters, and never runs far ahead of them."""
TRIES = 3
"""How often in turn an actor may die before it has sent anything; then it is given up."""
POLL = 0.02
"""Seconds between looks at what has arrived: a look costs Ray milliseconds with many actors."""


class Role(NamedTuple):
    """What an actor's process needs to know: plain data.

    Attributes:
        experiment: of its share of the streams, as JSON.
        origin: the learner's process.
    """

    experiment: Any
    origin: Origin


class Actor:
    """The process of an actor."""

    def __init__(self, role: Role):
        self._held = ExitStack()
        self._held.enter_context(ready_for(role.origin))
        self._collector = Collector(decode(Experiment, role.experiment).build())

    def collect(self, arrays: Sequence[np.ndarray], updates: int) -> Parcel:
        """See `Collector.collect`."""
        return self._collector.collect(arrays, updates)


class RayActors:
    """The actors of a run: asked for segments, and made again where they die.

    Args:
        experiment: of the run, with its placement decided.
        address: of the cluster, see `engrax.runs.cluster.Cluster`.

    Raises:
        ConfigError: the package ray is not installed.
        UserError: no cluster answers at the address.
    """

    process: ClassVar[type] = Actor
    """The class of an actor's process; its `collect` is called, and returns a parcel."""

    def __init__(self, experiment: Experiment, address: str | None = None):
        check_installed()
        check_reachable(address)
        self._experiment, self._address = experiment, address
        self._count = experiment.placement.actors or 1

    def __enter__(self) -> "RayActors":
        """Connects to the cluster, and has the actors start."""
        with ExitStack() as opened:
            self._ray = opened.enter_context(connected(self._address, self._count))
            there = int(self._ray.cluster_resources().get("CPU", 0))
            if there < self._count:
                raise UserError(
                    f"placement.actors is {self._count}, and the cluster has {there} processors: "
                    "lower --actors"
                )
            self._closing = opened.pop_all()
        self._make = self._ray.remote(num_cpus=1, max_restarts=0)(self.process)
        self._actors: dict[int, Any] = {}
        self._asked: dict[Any, int] = {}
        self._born = collections.Counter[int]()
        self._deaths = collections.Counter[int]()
        self._restarts = 0
        self._weights: tuple[Any, ...] = ()
        for place in range(self._count):
            self._start(place)
        return self

    def __exit__(self, *error: object) -> None:
        """Ends the actors, and leaves the cluster."""
        for actor in self._actors.values():
            self._ray.kill(actor)
        self._closing.close()

    def give(self, arrays: Sequence[np.ndarray], updates: int) -> None:
        """Stores the parameters once, for all actors."""
        first = not self._weights
        self._weights = self._ray.put(list(arrays)), updates
        for place in self._actors if first else ():
            self._ask(place)

    def take(self, count: int) -> list[Parcel]:
        """The next parcels to arrive, from whichever actors."""
        parcels: list[Parcel] = []
        while len(parcels) < count:
            asked = list(self._asked)
            most = min(count - len(parcels), len(asked))
            ready, _ = self._ray.wait(asked, num_returns=most, timeout=POLL)
            for task in ready:
                if task in self._asked:  # not if its actor was just replaced
                    parcels += self._received(task)
        return parcels

    def counted(self) -> Mapping[str, float]:
        """Parcels that have arrived and wait, actors, and those of them that were made again."""
        asked = list(self._asked)
        ready, _ = self._ray.wait(asked, num_returns=len(asked), timeout=0)
        restarts, self._restarts = self._restarts, 0
        counted = {"queue": len(ready), "actors": len(self._actors), "actor_restarts": restarts}
        return {name: float(count) for name, count in counted.items()}

    def _received(self, task: Any) -> list[Parcel]:
        """What a task brought, and a new one in its place; nothing where its actor has died."""
        place = self._asked.pop(task)
        errors = self._ray.exceptions
        try:
            parcel = self._ray.get(task)
        except errors.RayTaskError as error:
            if isinstance(error.cause, UserError | RunFailedError):
                raise error.cause from error
            what = f"an actor's environment failed: {error.cause!r}"
            raise EnvironmentFailedError(what, str(error)) from error
        except errors.RayError as error:  # its process has died, or its node, and what it had sent
            self._replace(place, error)
            return []
        self._deaths[place] = 0
        self._ask(place)
        return [parcel]

    def _ask(self, place: int) -> None:
        """Has an actor collect as many segments as may be in flight."""
        there = sum(owner == place for owner in self._asked.values())
        for _ in range(IN_FLIGHT - there):
            task = self._actors[place].collect.remote(*self._weights)
            self._asked[task] = place

    def _replace(self, place: int, error: Exception) -> None:
        """Makes an actor again, with the newest parameters and a fresh key; its tasks are void."""
        self._ray.kill(self._actors.pop(place))
        self._asked = {task: owner for task, owner in self._asked.items() if owner != place}
        self._deaths[place] += 1
        if self._deaths[place] < TRIES:
            self._restarts += 1
            self._start(place)
            self._ask(place)
        elif len(self._actors) < self._experiment.placement.min_actors:
            raise ActorsLostError(
                f"{len(self._actors)} of {self._count} actors are left, fewer than "
                f"placement.min_actors, {self._experiment.placement.min_actors}: {_reason(error)}"
            )

    def _start(self, place: int) -> None:
        self._born[place] += 1
        share = share_of(self._experiment, place, self._born[place])
        self._actors[place] = self._make.remote(Role(encode(share), this_process()))


def share_of(experiment: Experiment, place: int, born: int) -> Experiment:
    """What an actor plays: its share of the streams, with a seed of its own.

    Args:
        experiment: of the run.
        place: of the actor, from 0.
        born: how often an actor was made in this place; each has other random numbers.
    """
    seed = np.random.SeedSequence([experiment.seed, place, born]).generate_state(1)[0]
    placement = Placement(devices=1, workers=0, precision=experiment.placement.precision)
    return replace(
        experiment,
        streams=experiment.streams // (experiment.placement.actors or 1),
        learner=replace(experiment.learner, minibatches=1),
        placement=placement,
        seed=int(seed),
    )


def with_impala(experiment: Experiment) -> Experiment:
    """The experiment with IMPALA in place of another learner.

    IMPALA has the settings of that which all learners have, one pass over the segments, and a
    quarter of its learning rate: on CartPole without velocities, without actors, it had a return of
    439 after 410,000 steps, and 222 with all of it.
    """
    learner = experiment.learner
    if isinstance(learner, IMPALA):
        return experiment
    common = {field.name: getattr(learner, field.name) for field in fields(AbstractLearner)}
    learner = replace(IMPALA(**common), epochs=1, learning_rate=learner.learning_rate / 4)
    return replace(experiment, learner=learner)


def check_actors(experiment: Experiment) -> None:
    """Raises ConfigError unless an experiment can be trained with actors."""
    if not isinstance(experiment.task, AbstractHostTask):
        raise ConfigError(
            "placement.actors: this task is compiled with its agent, and actors step environments "
            "in Python: leave it out (placement.devices and --together use more processors)"
        )
    if not isinstance(experiment.learner, IMPALA):
        raise ConfigError(
            "placement.actors: what actors collect is some updates old, and only V-trace corrects "
            "for that: give --learner impala"
        )


def _reason(error: Exception) -> str:
    """Why an actor died, in one line: the error in its process, or what Ray says of its end."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    raised = [line for line in lines if re.match(r"[\w.]+Error: ", line)]
    return (raised[-1:] or lines[:1] or ["it died"])[0][:300]
