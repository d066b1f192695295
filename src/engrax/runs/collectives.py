"""The address at which the processor of a process listens for the other processes of its run.

Processors add up over the network by gloo, a library in JAX. It listens at the address that the
machine's name stands for. On many machines this is 127.0.0.1, which no other machine can reach. JAX
has no setting for it. So this module uses private parts of JAX, and leaves JAX as it is where a
version does not have them.
"""

import socket
from contextlib import suppress
from importlib import import_module
from typing import Any

from engrax.runs.addresses import host_and_port

_FIRST = "engrax/first"
_MODULES = ("jaxlib._jax", "jaxlib.xla_extension")
"""Where versions of JAX keep the maker of gloo's collectives."""


def listen_where_others_reach(seconds: float) -> None:
    """Has gloo listen at the address by which this machine reaches the coordinator.

    The first process is the coordinator. It listens at the address by which the second one reaches
    it. Must come after `jax.distributed.initialize`, and before JAX computes.

    Args:
        seconds: to wait for the second process.

    Raises:
        RuntimeError: it does not come.
        OSError: the coordinator's name stands for no address.
    """
    parts = _private_parts()
    if parts is None:
        return
    maker, private, bridge = parts
    if private.num_processes < 2:
        return
    mine, coordinator = way_to(*host_and_port("--coordinator", private.coordinator_address))
    if private.process_id == 1:
        private.client.key_value_set(_FIRST, coordinator)
    if private.process_id == 0:
        found = private.client.blocking_key_value_get(_FIRST, int(1000 * seconds))
        mine = found if is_own(found) else mine

    def client() -> Any:
        collectives = maker(distributed_client=private.client, hostname=mine)
        return bridge.make_cpu_client(collectives)

    bridge.register_backend_factory("cpu", client, priority=0, fail_quietly=False)


def way_to(host: str, port: int) -> tuple[str, str]:
    """This machine's address on the way to another, and the other's address. Nothing is sent.

    Raises:
        OSError: the host has no address, or there is no way to it.
    """
    errors: list[OSError] = []
    for family, kind, _, _, place in socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM):
        with socket.socket(family, kind) as way:
            try:
                way.connect(place)
            except OSError as error:
                errors.append(error)
                continue
            return way.getsockname()[0], way.getpeername()[0]
    raise errors[0]


def is_own(address: str) -> bool:
    """Whether this machine has an address: of a network that translates them, it may not."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with suppress(OSError), socket.socket(family, socket.SOCK_STREAM) as listening:
        listening.bind((address, 0))
        return True
    return False


def _private_parts() -> tuple[Any, Any, Any] | None:
    """The maker of collectives, JAX's state of processes, and where clients are made."""
    for name in _MODULES:
        with suppress(ImportError, AttributeError):
            maker = import_module(name).make_gloo_tcp_collectives
            state = import_module("jax._src.distributed").global_state
            bridge = import_module("jax._src.xla_bridge")
            needed = {bridge: ("register_backend_factory", "make_cpu_client"), state: ("client",)}
            if all(hasattr(where, part) for where, parts in needed.items() for part in parts):
                return maker, state, bridge
    return None
