"""Sphinx's settings; `make docs` builds the pages."""

import importlib
import inspect
import json
import os
import pkgutil
import re
import sys
from pathlib import Path
from types import ModuleType

import jax
from sphinx import addnodes

import engrax
from engrax.viewing.page import write

os.environ.setdefault("JAX_PLATFORMS", "cpu")
jax.Array.__name__ = (
    "Array"  # before jaxtyping makes names of it: it would be Float[jaxlib._jax.Array, "t d"]
)

project = "engrax"
author = "the engrax authors"
version = release = engrax.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
]
exclude_patterns = ["_build"]
myst_heading_anchors = 3
highlight_language = "none"
default_role = "py:obj"

html_theme = "furo"
html_title = f"engrax {release}"
html_show_copyright = False
copybutton_exclude = ".linenos, .gp, .go"

autoclass_content = "both"
autodoc_default_options = {"members": True, "show-inheritance": True, "special-members": "__call__"}
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_attr_annotations = False
napoleon_use_rtype = False
python_maximum_signature_line_length = 100
maximum_signature_line_length = 100

_MODULES = re.compile(r"<!-- modules of (\S+) -->")
_CLASS = re.compile(r"<class '(?:\w+\.)*(\w+)'>")
_OBJECT = re.compile(r"(?<== )(\w+)\((?:[^()]|\((?:[^()]|\([^()]*\))*\))+\)")
_LONGEST_VALUE = 80
_INLINE = ("attribute", "data", "property")
_as_written: dict[str, list[str]] = {}


def expand_modules(app, docname, source):
    """Replaces a page's `<!-- modules of PACKAGE -->` by the documentation of every public module
    of the package.
    """
    source[0] = _MODULES.sub(
        lambda match: "\n\n".join(map(_section, public_modules(match[1]))), source[0]
    )


def pages_to_read_again(app, env, added, changed, removed):
    """The API's pages: modules may have come or gone since they were last read."""
    return [page for page in env.found_docs if page.startswith("api/")]


def public_modules(name: str) -> list[ModuleType]:
    """A module and all its public submodules, depth first."""
    module = importlib.import_module(name)
    found = [module]
    for child in pkgutil.iter_modules(getattr(module, "__path__", [])):
        found += [] if child.name.startswith("_") else public_modules(f"{name}.{child.name}")
    return found


def _section(module: ModuleType) -> str:
    """A module's members, under its name; classes and functions that a package above imports are
    documented there.

    What a package offers lazily is documented where it is defined.
    """
    name = module.__name__
    packages = [sys.modules[name.rsplit(".", depth)[0]] for depth in range(1, name.count(".") + 1)]
    exported = {
        symbol
        for package in packages
        for symbol in getattr(package, "__all__", [])
        if symbol in vars(package)
    }
    kinds = lambda member: inspect.isclass(member) or inspect.isroutine(member)  # noqa: E731
    elsewhere = sorted(symbol for symbol in exported if kinds(getattr(module, symbol, None)))
    lines = [f".. automodule:: {name}"] + [f"   :exclude-members: {', '.join(elsewhere)}"] * bool(
        elsewhere
    )
    heading = f"## {name}" if name.count(".") > 1 else ""
    return "\n".join([heading, "```{eval-rst}", *lines, "```"])


def shorten_defaults(app, what, name, obj, options, arguments, returned):
    """Defaults that are objects are shown as names: `HCAM`, `ActorCriticSizes(...)`."""
    if arguments:
        arguments = _CLASS.sub(r"\1", arguments)
        arguments = _OBJECT.sub(r"\1(...)", arguments)
    return arguments, returned


def drop_long_values(app, doctree):
    """Leaves out the values of constants that do not fit into a line."""
    for signature in doctree.findall(addnodes.desc_signature):
        for part in list(signature.findall(addnodes.desc_annotation)):
            text = part.astext()
            if text.strip().startswith("=") and (len(text) > _LONGEST_VALUE or "<" in text):
                part.parent.remove(part)


def keep_as_written(app, what, name, obj, options, lines):
    """Remembers docstrings of one line or so, of which napoleon would take all before a colon for a
    type.
    """
    if what in _INLINE:
        _as_written[name] = list(lines)


def tidy_docstring(app, what, name, obj, options, lines):
    """Brings these back, and leaves out what Python says of every named tuple."""
    if what in _INLINE:
        lines[:] = _as_written[name]
    lines[:] = [line for line in lines if not line.startswith("Create new instance of ")]


def skip_fields(app, what, name, obj, skip, options):
    """Leaves out the fields of named tuples, which their class describes."""
    return True if str(getattr(obj, "__doc__", "")).startswith("Alias for field number") else skip


def write_recall(app, error):
    """Writes the page of recall, with today's scripts; `make page` makes its data."""
    if error is None and app.builder.format == "html":
        data = json.loads((Path(app.srcdir) / "recall.json").read_text())
        write(Path(app.outdir) / "recall.html", data)


def setup(app):
    """Connects the functions above; napoleon has priority 500."""
    app.connect("source-read", expand_modules)
    app.connect("env-get-outdated", pages_to_read_again)
    app.connect("autodoc-process-signature", shorten_defaults)
    app.connect("doctree-read", drop_long_values)
    app.connect("autodoc-process-docstring", keep_as_written, priority=100)
    app.connect("autodoc-process-docstring", tidy_docstring, priority=900)
    app.connect("autodoc-skip-member", skip_fields)
    app.connect("build-finished", write_recall)
