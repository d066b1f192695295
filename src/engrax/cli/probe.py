"""`engrax probe`: what a linear read-out can tell from the agent's memory of what the task has shown."""

from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax

from engrax.cli.arguments import Parser, add_directory, add_json, integer
from engrax.cli.experiment import building, load_trained
from engrax.cli.output import print_json
from engrax.errors import ConfigError
from engrax.evaluation.readout import read_out
from engrax.runs.directory import RunDirectory

_EXAMPLES = """\
  engrax probe runs/merlin
  engrax probe results/merlin-memory-game-3-pairs --untrained --json
"""


def run(words: Sequence[str]) -> int:
    """Runs the command; see `engrax probe --help`."""
    parser = Parser(
        "probe",
        "Tell what the task has shown so far from what the agent has in mind, with a linear map fitted on the side.\n"
        "In the Memory Game: which glyph each card has that was turned up so far.",
        _EXAMPLES,
    )
    add_directory(parser, "a run directory, or a published result")
    parser.add_argument("--streams", metavar="N", type=integer(2, 10**5), default=512, help="played side by side (512)")
    parser.add_argument("--steps", metavar="T", type=integer(1, 10**5), default=48, help="of each stream (48)")
    parser.add_argument("--seed", metavar="S", type=integer(0, 2**32 - 1), default=0, help="which episodes (0)")
    parser.add_argument("--untrained", action="store_true", help="the same agent with parameters drawn afresh instead")
    add_json(parser, "the result")
    arguments = parser.read(words)
    result = probe(
        RunDirectory.open(arguments.directory), arguments.streams, arguments.steps, arguments.seed, arguments.untrained
    )
    if arguments.json:
        print_json(result)
    else:
        print(
            f"of what was shown so far a linear read-out tells {result['accuracy']:.3f}, of what was not "
            f"{result['unseen']:.3f}; chance {result['chance']:.3f} ({result['steps']:,} steps)"
        )
    return 0


def probe(directory: RunDirectory, streams: int, steps: int, seed: int, untrained: bool = False) -> dict[str, Any]:
    """A read-out of the agent of a run, as plain JSON; raises `ConfigError` where task or agent do not allow it."""
    experiment, environment, agent, updates, _ = load_trained(directory)
    if untrained:
        with building():
            agent = eqx.filter_jit(experiment.build_agent)(environment, jax.random.key(seed))
    try:
        found = read_out(agent, environment, streams=streams, steps=steps, seed=seed)
    except ValueError as error:
        raise ConfigError(f"{directory.path}: {error}") from error
    return {**found._asdict(), "seed": seed, "updates": 0 if untrained else updates}
