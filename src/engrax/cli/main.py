"""The command `engrax`: finds the command asked for, and turns its user's errors into one line.

Nothing heavy is imported before it is needed: `engrax --help` and many mistakes answer at once.
"""

import os
import sys
from collections.abc import Sequence
from importlib import import_module

import engrax
from engrax.cli.output import give_up_closed_streams, standard_streams, warn
from engrax.cli.surroundings import prepare
from engrax.errors import RunFailedError, UsageError, UserError, describe, show, suggest
from engrax.runs.backend import backend_errors

COMMANDS = {
    "list": "what there is: memories, agents, tasks, and a line on every preset",
    "train": "train an agent, from a preset and any settings of your own",
    "resume": "go on with a run exactly where it stopped, or take it further",
    "evaluate": "play fresh episodes with a trained agent",
    "compare": "train agents side by side with several seeds, and report which is better",
    "sweep": "train a preset with many values of some settings, and list the best first",
    "view": "make a page that shows what an agent recalled, and what it is worth",
    "recall": "where an agent's attention goes: by age, and by what the steps showed",
    "replay": "watch an agent play, beside what it recalled at each step: GIF, MP4, PNG",
    "probe": "what a linear read-out finds in an agent's memory",
    "show": "how far a run is, and what it is made of",
    "watch": "what all runs are doing, and which stand still",
    "publish": "make a small folder of a run, for others to evaluate and start from",
    "export": "write the step of a trained agent for other programs: ONNX, StableHLO",
    "bench": "how fast a preset trains on this machine, and where the time goes",
    "demo": "train, evaluate and plot agents with a memory: HCAM, then MERLIN",
}
"""Every command, each a module of `engrax.cli.commands` with a function `run(words) -> int`."""

HELP = """\
usage: engrax COMMAND ...

Reinforcement-learning agents with long-term memory.

commands (engrax COMMAND --help says more):
{commands}

  --version  print the version

examples:
  engrax demo
  engrax train debug                            # a few seconds, to see that it works
  engrax train hcam-ballet-laptop --out runs/hcam
  engrax train hcam-ballet-laptop --memory.width 128 --learner.learning_rate 1e-3
  engrax train hcam-ballet-laptop --help        # every setting and its value
  engrax resume runs/hcam --updates 10000
  engrax evaluate runs/hcam --episodes 500 --seed 1 --json
  engrax replay runs/hcam --episodes 3 --out replay.gif

exit status: 0 success; 1 training broke off: it diverged, or the disk is full; 2 the input was
wrong, or a file cannot be read or written; 130 stopped by Ctrl-C, or its output was closed.
ENGRAX_DEBUG=1 shows where in the code an error comes from. JAX_COMPILATION_CACHE_DIR is where
compiled programs are kept, at most a gigabyte, so that a command given again starts sooner;
JAX_ENABLE_COMPILATION_CACHE=0 keeps none."""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command line.

    Args:
        argv: the words after `engrax`; those of this process where none are given.

    Returns:
        The exit status, see `HELP`.
    """
    with standard_streams():
        try:
            words = sys.argv[1:] if argv is None else argv
            return _answer(list(words), own_process=argv is None)
        except BrokenPipeError:
            return 1  # whoever reads the output has seen enough
        finally:
            give_up_closed_streams()


def _answer(words: list[str], own_process: bool) -> int:
    try:
        with backend_errors():
            status = _dispatch(words, own_process)
        sys.stdout.flush()
        return status
    except SystemExit as leaving:
        return int(leaving.code or 0)  # argparse has printed its help
    except BrokenPipeError:
        raise
    except KeyboardInterrupt:
        return _complain("stopped", status=130)
    except (UserError, OSError, RunFailedError) as error:
        if os.environ.get("ENGRAX_DEBUG"):
            raise
        message = describe(error) if isinstance(error, OSError) else str(error)
        return _complain(message, status=1 if isinstance(error, RunFailedError) else 2)


def _dispatch(words: list[str], own_process: bool) -> int:
    name = words[0] if words else "--help"
    if name in ("-h", "--help"):
        listed = (f"  {name:<10} {what}" for name, what in COMMANDS.items())
        print(HELP.format(commands="\n".join(listed)))
        return 0
    if name == "--version":
        print(f"engrax {engrax.__version__}")
        return 0
    _check_words(words)
    if name not in COMMANDS:
        raise UsageError(f"unknown command {show(name)}; {suggest(name, COMMANDS)}")
    prepare(os.environ, own_process)
    return import_module(f"engrax.cli.commands.{name}").run(words[1:])


def _check_words(words: Sequence[str]) -> None:
    if any("\0" in word for word in words):
        raise UsageError("no argument may contain the character 0")
    if any("\ud800" <= character <= "\udbff" for word in words for character in word):
        raise UsageError("an argument contains half a character")


def _complain(message: str, status: int) -> int:
    warn(message)
    return status


if __name__ == "__main__":
    sys.exit(main())
