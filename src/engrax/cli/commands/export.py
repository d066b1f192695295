"""`engrax export`: the step of a trained agent as a file for other runtimes."""

from collections.abc import Sequence
from pathlib import Path

from engrax.cli.arguments import Parser, add_directory, add_import, add_json
from engrax.cli.output import print_json, say

_WHAT = """\
Write the step of a trained agent into a file that other programs run without engrax. States go in
and come out. Before it is written the file is compared with the agent over 100 steps."""
_EXAMPLES = """\
  engrax export results/lstm-cartpole-hidden --onnx cartpole.onnx
  engrax export runs/merlin --stablehlo merlin.bin   # read by jax.export.deserialize
"""


def run(words: Sequence[str]) -> int:
    """Runs the command; see `engrax export --help`."""
    arguments = _parser().read(words)
    from engrax.runs.exporting import export

    kind = "onnx" if arguments.onnx else "stablehlo"
    done = export(arguments.directory, arguments.onnx or arguments.stablehlo, kind, say)
    if arguments.json:
        print_json(
            {
                "path": str(done.path),
                "description": str(done.description),
                "steps": done.steps,
                "difference": done.difference,
            }
        )
        return 0
    print(
        f"wrote {done.path}; over {done.steps} steps it differs from the agent by at most "
        f"{done.difference:.1e}; {done.description} names its inputs and outputs"
    )
    return 0


def _parser() -> Parser:
    parser = Parser("export", _WHAT, _EXAMPLES)
    parser.usage = "engrax export DIR (--onnx FILE | --stablehlo FILE) [--import PACKAGE] [--json]"
    add_directory(parser)
    kinds = parser.add_mutually_exclusive_group(required=True)
    onnx = "an ONNX file, for onnxruntime and others; needs the extra `onnx`"
    kinds.add_argument("--onnx", metavar="FILE", type=Path, help=onnx)
    stablehlo = "what jax.export.deserialize reads, for CPUs, CUDA and TPUs"
    kinds.add_argument("--stablehlo", metavar="FILE", type=Path, help=stablehlo)
    add_import(parser)
    add_json(parser, "what was written")
    return parser
