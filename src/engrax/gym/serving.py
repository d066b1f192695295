"""What a worker process does: it makes environments, and carries out what it is told.

Nothing here imports JAX, which would take memory and start threads in every process.
"""

import os
import signal
import time
import traceback
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

import gymnasium
from gymnasium import Env
from gymnasium.envs.registration import EnvSpec

from engrax.gym.blocks import Arrays, Layout, write_observation
from engrax.gym.finding import maker_of_id
from engrax.gym.masking import with_mask
from engrax.gym.orders import Order, carry_out, row
from engrax.gym.paths import follow

ONE_THREAD = {
    name: "1"
    for name in (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "NUMEXPR_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
    )
}
"""Variables that keep numerical libraries from starting a thread a core in every process."""
READY = "ready"


class Recipe(NamedTuple):
    """How a process makes an environment.

    Attributes:
        spec: of Gymnasium; None where a function makes it.
        function: its name, "module:function".
        kwargs: keyword arguments.
    """

    spec: EnvSpec | None
    function: str
    kwargs: Mapping[str, Any]

    @property
    def in_main(self) -> bool:
        """Whether the function is one of the main script."""
        return self.function.startswith("__main__:")

    def make(self) -> Env[Any, Any]:
        """One environment."""
        if self.spec is not None:
            return with_mask(gymnasium.make(self.spec, disable_env_checker=True, **self.kwargs))
        return maker_of_id(self.function, dict(self.kwargs))()


Orders = tuple[Mapping[int, Order], Any]
"""The orders of some streams, and the batch of actions that all others take; None: they stay."""
Said = dict[int, tuple[list[Any], dict[str, Any]]]
"""What has no place in the block, by stream: the objects of its observation and its `info`."""


class Plan(NamedTuple):
    """What a worker has to know.

    Attributes:
        recipe: makes its environments.
        layout: of the block.
        kept: the entries of `info` that are sent.
        processor: that it runs on; None leaves it to the system.
    """

    recipe: Recipe
    layout: Layout
    kept: tuple[str, ...]
    processor: int | None


class Failed(NamedTuple):
    """An environment's error, as its traceback."""

    trace: str


def serve(connection: Connection, block: Any, plan: Plan) -> None:
    """Carries out orders until the connection closes, or an environment fails.

    Args:
        connection: `Orders` come in; `Said` goes out.
        block: shared memory.
        plan: what to make.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the main process's business
    if plan.processor is not None:
        os.sched_setaffinity(0, {plan.processor})
    os.environ.update(ONE_THREAD, JAX_PLATFORMS="cpu")
    envs: list[Env[Any, Any]] = []
    try:
        envs += [plan.recipe.make() for _ in range(plan.layout.streams)]
        arrays = plan.layout.arrays(block)
        connection.send(READY)
        while (orders := connection.recv()) is not None:
            connection.send(_carried_out(envs, orders, arrays, plan))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        pass  # the main process has gone
    except Exception:
        connection.send(Failed(traceback.format_exc()))
    finally:
        for env in envs:
            env.close()


def _carried_out(envs: Sequence[Env[Any, Any]], told: Orders, arrays: Arrays, plan: Plan) -> Said:
    """Writes the turns of all that have an order or an action."""
    orders, actions = told
    said: Said = {}
    for stream, env in enumerate(envs):
        if stream in orders:
            turn = carry_out(env, orders[stream])
        elif actions is not None:
            turn = env.step(row(actions, stream))
        else:
            continue
        observation, reward, terminated, truncated, info = turn
        write_observation(arrays, plan.layout, stream, observation)
        arrays["reward"][stream] = reward
        arrays["terminated"][stream], arrays["truncated"][stream] = terminated, truncated
        objects = [follow(observation, path) for path in plan.layout.objects]
        kept = {name: info[name] for name in plan.kept if name in info}
        if objects or kept:
            said[stream] = objects, kept
    arrays["cpu_seconds"][0] = time.process_time()
    return said
