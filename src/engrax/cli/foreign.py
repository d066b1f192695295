"""Options of other programs that people try here, and what does the same."""

from collections.abc import Container, Iterable

from engrax.errors import UsageError

_DEVICE = "JAX chooses the device: set JAX_PLATFORMS=cpu or JAX_PLATFORMS=cuda before the command"
_STREAMS = "copies of the task that act side by side are --streams"
_LENGTH = "say how long to train by --steps or --updates"
_SEE = "see `engrax list`"

WORDS = {
    **dict.fromkeys(("device", "gpu", "cuda", "cpu", "platform", "accelerator"), _DEVICE),
    **dict.fromkeys(("num_envs", "n_envs", "num_workers", "envs"), _STREAMS),
    **dict.fromkeys(("total_timesteps", "timesteps", "total_steps", "frames"), _LENGTH),
    **dict.fromkeys(("lr", "alpha"), "the learning rate is --learner.learning_rate"),
    **dict.fromkeys(("gamma",), "the discount is --learner.discount"),
    **dict.fromkeys(("rollout_length", "n_steps", "num_steps", "unroll"), "it is --segment_length"),
    **dict.fromkeys(("batch_size",), "a batch is --streams times --segment_length steps"),
    **dict.fromkeys(("env", "env_id", "environment"), f"a preset names the task; {_SEE}"),
    **dict.fromkeys(("config", "preset"), f"the preset comes without an option name; {_SEE}"),
    **dict.fromkeys(("output", "output_dir", "logdir", "log_dir", "dir"), "it is --out"),
    **dict.fromkeys(("resume", "checkpoint"), "go on with a run by `engrax resume DIR`"),
}
"""What to say of an option, by its name with underscores."""


def check_words(words: Iterable[str], known: Container[str]) -> None:
    """Raises `UsageError` for an option of other programs, with what does the same here.

    Args:
        words: of a command line.
        known: the command's own options.
    """
    for word in words:
        option = word.partition("=")[0]
        hint = WORDS.get(option.removeprefix("--").replace("-", "_"))
        if option.startswith("--") and option not in known and hint is not None:
            raise UsageError(f"unknown argument {option!r}; {hint}")
