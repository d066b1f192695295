"""The page that shows what an agent recalled: one HTML file that needs no network."""

import html
import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

_OPEN = 'id="engrax-data">'


def write(path: Path, data: dict[str, Any]) -> None:
    """Writes the page.

    Args:
        path: the file.
        data: see `engrax.viewing.packing`.

    Raises:
        OSError: it cannot be written.
    """
    path.write_text(page(data), encoding="utf-8")


def read(path: Path) -> dict[str, Any]:
    """The data of a page that `write` has written."""
    return json.loads(
        path.read_text(encoding="utf-8").partition(_OPEN)[2].partition("</script>")[0]
    )


def page(data: dict[str, Any]) -> str:
    """The page as HTML, with the data in it."""
    parts = {
        "TITLE": html.escape(data["title"]),
        "STYLE": _text("uplot.css") + _text("page.css"),
        "SCRIPT": "\n".join(_text(name) for name in _text("order.txt").split()),
        # "<" could end the data's element, or begin a comment in it.
        "DATA": json.dumps(data, allow_nan=False).replace("<", "\\u003c"),
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda place: parts[place[1]], _text("page.html"))


def _text(name: str) -> str:
    return files(__name__).joinpath(name).read_text(encoding="utf-8")
