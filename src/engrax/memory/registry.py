"""Every memory by name, and the making of a memory from whatever names or holds one."""

from collections.abc import Callable
from typing import Any

from jaxtyping import Array, Key

from engrax.errors import suggest
from engrax.memory.base import AbstractMemory, AbstractMemorySizes
from engrax.memory.dnc import DNCSizes
from engrax.memory.hcam import HCAMSizes
from engrax.memory.layout import Layout
from engrax.memory.lstm import LSTMSizes
from engrax.memory.none import NoMemorySizes
from engrax.memory.ntm import NTMSizes
from engrax.memory.rl_mem import RLMEMSizes
from engrax.memory.trxl import GTrXLSizes, TrXLSizes

MEMORIES: dict[str, type[AbstractMemorySizes]] = {
    "dnc": DNCSizes,
    "gtrxl": GTrXLSizes,
    "hcam": HCAMSizes,
    "lstm": LSTMSizes,
    "none": NoMemorySizes,
    "ntm": NTMSizes,
    "rl_mem": RLMEMSizes,
    "trxl": TrXLSizes,
}
"""The settings of every memory by name; code, command line and tests read this registry.

It is open: a package adds its own memory with `MEMORIES["mine"] = MySizes`, where `MySizes` extends
`AbstractMemorySizes`. `MEMORIES[name]().build(layout, key=key)` makes a memory.
"""

MemoryChoice = (
    str
    | AbstractMemorySizes
    | type[AbstractMemorySizes]
    | AbstractMemory[Any]
    | Callable[..., AbstractMemory[Any]]
)
"""What names, describes or holds a memory; see `make_memory`."""


def make_memory(
    choice: MemoryChoice, layout: Layout | int, *, key: Key[Array, ""]
) -> AbstractMemory[Any]:
    """Makes a memory from whatever names or holds one.

    Args:
        choice: a name in `MEMORIES`, a sizes object or its class, a callable `(layout, key=key)`
            that makes a memory, or a memory that is already built.
        layout: of the inputs that the memory will have, or their width d.
        key: draws the parameters; not used by a memory that is already built.

    Raises:
        ValueError: the name is unknown, or the memory is built for inputs of another width.
        TypeError: the choice is nothing that makes a memory.
    """
    memory, input_size = _built(choice, layout, key), Layout.of(layout).size
    if memory.input_size != input_size:
        raise ValueError(
            f"the {type(memory).__name__} has input_size {memory.input_size}, expected "
            f"{input_size}: "
            f"build it with input_size {input_size}, or pass its sizes and it is built to fit"
        )
    return memory


def _built(choice: MemoryChoice, layout: Layout | int, key: Key[Array, ""]) -> AbstractMemory[Any]:
    if isinstance(choice, str):
        choice = sizes_named(choice)
    if isinstance(choice, type) and issubclass(choice, AbstractMemorySizes):
        choice = choice()
    if isinstance(choice, AbstractMemorySizes):
        return choice.build(layout, key=key)
    memory: Any = choice
    if callable(choice) and not isinstance(choice, AbstractMemory):
        memory = choice(layout, key=key)
    if not isinstance(memory, AbstractMemory):
        raise TypeError(
            f"{choice!r} makes no memory, expected a name ({', '.join(sorted(MEMORIES))}), sizes, "
            "a callable (layout, key=key) that returns a memory, or a memory"
        )
    return memory


def sizes_named(name: str) -> type[AbstractMemorySizes]:
    """The class of settings that is registered under a name.

    Raises:
        ValueError: there is none; the nearest names are in the message.
    """
    if name in MEMORIES:
        return MEMORIES[name]
    way_out = suggest(name.lower(), MEMORIES)
    raise ValueError(f"memory is {name!r}, expected a name in MEMORIES: {way_out}")
