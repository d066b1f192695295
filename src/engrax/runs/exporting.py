"""The step of a trained agent as a file for other runtimes: ONNX, or StableHLO.

The exported function has no state of its own. It takes what the agent remembers as inputs, and
returns what it remembers next.
"""

import json
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, NamedTuple

import jax
import numpy as np
from jax import export as jax_export

from engrax.errors import ConfigError, RunFailedError
from engrax.runs.array_step import KEY, Step, step_of
from engrax.runs.building import load_trained
from engrax.runs.directory import RunDirectory
from engrax.runs.storage import write_atomically, write_text
from engrax.types import Interface

NEEDS_ONNX = ("jax2onnx", "onnxruntime")
Format = Literal["onnx", "stablehlo"]
STEPS = 100
"""Steps over which an exported file is compared with JAX."""
TOLERANCE = 1e-4
"""How far the numbers may differ, absolute below 1 and relative above."""


class Exported(NamedTuple):
    """What was written.

    Attributes:
        path: the file.
        description: the file beside it, that names inputs and outputs.
        steps: how many steps were compared with JAX.
        difference: the largest difference of an output there.
    """

    path: Path
    description: Path
    steps: int
    difference: float


def export(
    directory: RunDirectory | Path | str,
    path: Path | str,
    format: Format,
    progress: Callable[[str], object] = lambda line: None,
) -> Exported:
    """Writes the step of a run's agent into a file, and compares the file with JAX.

    Args:
        directory: a run or a published result, or its path.
        path: the file; a description of inputs and outputs is written beside it, as `.json`.
        format: `onnx`, which needs the extra `onnx`, or `stablehlo`, which `jax.export` reads.
        progress: called with a line before what takes long.

    Returns:
        What was written, and how near it is.

    Raises:
        UserError: see `load_trained`; or the agent cannot be exported in this format.
        RunFailedError: the file does not compute what the agent does.
        OSError: the file cannot be written.
    """
    if format == "onnx" and not all(map(find_spec, NEEDS_ONNX)):
        raise ConfigError('ONNX needs jax2onnx and onnxruntime: pip install "engrax[onnx]"')
    path = Path(path)
    if path.is_dir():
        raise ConfigError(f"{path} is a directory, expected the name of a file")
    trained = load_trained(directory)
    progress(f"exporting the agent's step, and comparing it over {STEPS} steps")
    interface = trained.experiment.task.interface
    step = step_of(trained.agent, interface)
    contents, run = FORMATS[format](step)
    difference = compared(step, run, interface)
    if not difference <= TOLERANCE:
        raise RunFailedError(
            f"the exported step differs from the agent's by {difference:.2g} within {STEPS} steps, "
            f"expected at most {TOLERANCE:g}; nothing was written"
        )
    write_atomically(path, contents)
    description = path.with_suffix(path.suffix + ".json")
    write_text(description, json.dumps(_described(step, interface), indent=1))
    return Exported(path, description, STEPS, difference)


def compared(step: Step, run: Callable[..., Sequence[Any]], interface: Interface) -> float:
    """The largest difference between an exported step and the agent's, over steps of random input.

    Each goes on with its own states. Episodes begin at random. Actions are not compared, since
    rounding decides between two that are equally likely.
    """
    numbers, reference = np.random.default_rng(0), jax.jit(step.function)
    states = [part for part in step.inputs if part.name.startswith("state.")]
    ours = theirs = {f"next_{part.name}": np.zeros(part.shape, part.dtype) for part in states}
    action, largest = np.asarray(interface.actions.none()), 0.0
    for time in range(STEPS):
        given = _drawn(numbers, step, interface, time == 0, action)
        ours, theirs = (
            _named(step, function(*given, *(before[f"next_{part.name}"] for part in states)))
            for function, before in ((reference, ours), (run, theirs))
        )
        for name in ours.keys() - {"action"}:
            one, other = ours[name], theirs[name]
            if np.issubdtype(one.dtype, np.floating):
                scale = np.maximum(np.abs(one), 1.0)
                largest = max(largest, float(np.max(np.abs(one - other) / scale, initial=0.0)))
        action = ours["action"]
    return largest


def _named(step: Step, outputs: Sequence[Any]) -> dict[str, np.ndarray]:
    pairs = zip(step.outputs, outputs, strict=True)
    return {part.name: np.asarray(array) for part, array in pairs}


def to_onnx(step: Step) -> tuple[bytes, Callable[..., Sequence[Any]]]:
    """The file, and a function that runs it.

    Raises:
        ConfigError: the agent draws at random in a step, which ONNX cannot do as JAX does.
    """
    jax2onnx, onnxruntime = (import_module(name) for name in NEEDS_ONNX)
    if any(part.name == KEY for part in step.inputs):
        raise ConfigError(
            "this agent draws random numbers in every step, and ONNX has none like JAX's: export "
            "it with --stablehlo"
        )
    model = jax2onnx.to_onnx(
        step.function,
        [jax.ShapeDtypeStruct(part.shape, part.dtype) for part in step.inputs],
        model_name="engrax_step",
        input_names=[part.name for part in step.inputs],
        output_names=[part.name for part in step.outputs],
    )
    contents = model.SerializeToString()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors: it warns of every constant that it folds
    session = onnxruntime.InferenceSession(contents, options, providers=["CPUExecutionProvider"])
    names = [part.name for part in step.inputs]
    return contents, lambda *arrays: session.run(None, dict(zip(names, arrays, strict=True)))


def to_stablehlo(step: Step) -> tuple[bytes, Callable[..., Sequence[Any]]]:
    """The file, for CPUs, CUDA and TPUs, and a function that runs it."""
    shapes = [jax.ShapeDtypeStruct(part.shape, part.dtype) for part in step.inputs]
    exported = jax_export.export(jax.jit(step.function), platforms=["cpu", "cuda", "tpu"])(*shapes)
    contents = bytes(exported.serialize())
    return contents, jax.jit(jax_export.deserialize(bytearray(contents)).call)


FORMATS: dict[Format, Callable[[Step], tuple[bytes, Callable[..., Sequence[Any]]]]] = {
    "onnx": to_onnx,
    "stablehlo": to_stablehlo,
}
"""How each format is written."""


def _drawn(
    numbers: np.random.Generator, step: Step, interface: Interface, opens: bool, action: np.ndarray
) -> list[np.ndarray]:
    """Random inputs of a step, without states; some steps open an episode."""
    given = {f"observation.{name}": s.draw(numbers) for name, s in interface.observations.items()}
    given |= {
        "previous_action": action,
        "previous_reward": np.float32(numbers.standard_normal()),
        "first": np.bool_(opens or numbers.random() < 0.05),
        KEY: numbers.integers(0, 2**32, 2, np.uint32),
    }
    wanted = [part for part in step.inputs if not part.name.startswith("state.")]
    return [np.asarray(given[part.name], part.dtype) for part in wanted]


def _described(step: Step, interface: Interface) -> dict[str, Any]:
    """Inputs and outputs, and what they mean."""
    described = lambda parts: [part._asdict() for part in parts]  # noqa: E731
    return {
        "inputs": described(step.inputs),
        "outputs": described(step.outputs),
        "actions": str(interface.actions),
        "observations": {name: str(spec) for name, spec in interface.observations.items()},
        "use": (
            "Begin with states of zeros and first true. Give next_state.N back as state.N, and "
            "action, or one that is drawn by the policy's parameters, as previous_action."
        ),
    }
