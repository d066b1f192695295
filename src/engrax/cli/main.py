"""The command `engrax`: finds the command asked for, and turns errors of its user into one line.

Nothing heavy is imported before it is needed: `engrax --help` and many mistakes answer at once.
"""

import difflib
import os
import sys
from collections.abc import Sequence
from importlib import import_module

import engrax
from engrax.cli.output import warn
from engrax.cli.programs import keep_programs
from engrax.errors import RunFailedError, UsageError, UserError, describe

COMMANDS = {
    "list": "what there is: memories, agents, tasks, presets",
    "train": "train an agent, from a preset and any settings of your own",
    "resume": "go on with a run exactly where it stopped, or take it further",
    "evaluate": "play fresh episodes with a trained agent",
    "compare": "train presets side by side with several seeds, and report who is better",
    "replay": "watch an agent play, beside what it recalled at each step: GIF, MP4, PNG",
    "probe": "what can be told from an agent's memory of what the task has shown",
    "show": "how far a run is, and what it is made of",
    "publish": "make a small folder of a run, for others to evaluate and start from",
    "bench": "how fast a preset trains on this machine, and where the time goes",
    "demo": "train, evaluate and plot agents that remember: HCAM, then MERLIN",
}
"""Every command, each a module of this package with a function `run(words) -> int`."""

HELP = """\
usage: engrax COMMAND ...

Reinforcement-learning agents with long-term memory.

commands (engrax COMMAND --help tells more):
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

exit status: 0 all is well; 1 training broke off: it diverged, or the disk is full; 2 the input was wrong, or a file
cannot be read or written; 130 stopped by Ctrl-C.
ENGRAX_DEBUG=1 shows where in the code an error comes from. JAX_COMPILATION_CACHE_DIR says where compiled programs are
kept, at most a gigabyte, so that a command given again starts sooner; JAX_ENABLE_COMPILATION_CACHE=0 keeps none."""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command line.

    Args:
        argv: the words after `engrax`; those of this process where none are given.

    Returns:
        The exit status, see `HELP`.
    """
    try:
        _open_streams()
        status = _dispatch(list(sys.argv[1:] if argv is None else argv))
        sys.stdout.flush()
        return status
    except SystemExit as leaving:
        return int(leaving.code or 0)  # argparse has printed its help
    except BrokenPipeError:
        # Whoever reads our output has seen enough; without this, Python would complain as it closes it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return _complain("stopped", status=130)
    except (UserError, OSError, RunFailedError) as error:
        if os.environ.get("ENGRAX_DEBUG"):
            raise
        message = describe(error) if isinstance(error, OSError) else str(error)
        return _complain(message, status=1 if isinstance(error, RunFailedError) else 2)


def _dispatch(words: list[str]) -> int:
    name = words[0] if words else "--help"
    if name in ("-h", "--help"):
        print(HELP.format(commands="\n".join(f"  {name:<10} {what}" for name, what in COMMANDS.items())))
        return 0
    if name == "--version":
        print(f"engrax {engrax.__version__}")
        return 0
    if any("\0" in word for word in words):
        raise UsageError("no argument may contain the character 0")
    if any("\ud800" <= character <= "\udbff" for word in words for character in word):
        raise UsageError("an argument contains half a character")
    if name not in COMMANDS:
        near = difflib.get_close_matches(name, COMMANDS, n=1)
        way_out = f"did you mean {near[0]}?" if near else f"commands: {', '.join(COMMANDS)}"
        raise UsageError(f"unknown command {name[:40]!r}; {way_out}")
    keep_programs(os.environ)
    return import_module(f"engrax.cli.{name}").run(words[1:])


def _open_streams() -> None:
    # Python has None for streams that were closed before it started; what is told to them is lost.
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115


def _complain(message: str, status: int) -> int:
    warn(message)
    return status


if __name__ == "__main__":
    sys.exit(main())
