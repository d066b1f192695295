"""Errors of the command line itself. They are apart from `UserError`, which takes a second to import."""


class UsageError(ValueError):
    """A command line that cannot be understood."""


class RunFailedError(Exception):
    """Training that broke off; the message says why, and what to do. What was saved before is kept."""


def describe(error: OSError) -> str:
    """The system's error in one line, the file first."""
    if error.strerror is None:
        return str(error)
    return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
