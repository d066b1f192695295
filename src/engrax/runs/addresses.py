"""Addresses as they are typed: HOST:PORT."""

from engrax.errors import UserError, show


def host_and_port(option: str, address: str) -> tuple[str, int]:
    """The host and the port of an address.

    Args:
        option: on the command line, for the error.
        address: as typed.

    Raises:
        UserError: it is not HOST:PORT.
    """
    host, _, port = address.rpartition(":")
    # Python reads no number of some thousand digits.
    if not host or not port.isdecimal() or len(port) > 5 or not 0 < int(port) < 2**16:
        raise UserError(f'{option} {show(address)}: expected HOST:PORT or "auto"')
    return host, int(port)
