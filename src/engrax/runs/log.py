"""Where functions of this package report what is no result, unless their caller takes it."""

import logging

_LOGGER = logging.getLogger("engrax")


def warn(message: str) -> None:
    """Logs one line about something that is not as it should be."""
    _LOGGER.warning(message)
