"""The documentation of a config's settings: the strings below the fields of its class."""

import ast
import functools
import inspect
import itertools
import textwrap
from typing import Any


@functools.cache
def attribute_docs(config: Any) -> dict[str, str]:
    """The strings below the fields of a class, and of those it inherits from, by field."""
    try:
        body = ast.parse(textwrap.dedent(inspect.getsource(config))).body[0]
    except (OSError, TypeError, SyntaxError):
        return {}
    inherited = [attribute_docs(base) for base in reversed(config.__bases__)]
    docs: dict[str, str] = {
        name: doc for documented in inherited for name, doc in documented.items()
    }
    statements = body.body if isinstance(body, ast.ClassDef) else []
    for field, below in itertools.pairwise(statements):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(below, ast.Expr)
        ):
            docs[field.target.id] = " ".join(str(getattr(below.value, "value", "")).split())
    return docs
