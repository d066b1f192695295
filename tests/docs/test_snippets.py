"""Every Python snippet of README and docs runs, and every link to a file leads to one."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
BLOCK = re.compile(r"^```\w+\n(.*?)^```", re.DOTALL | re.MULTILINE)
COLUMNS = 80
"""Longer lines of code are cut at the edge of a page's column."""
SNIPPETS = [
    pytest.param(code, id=f"{page.relative_to(ROOT)}-{number}")
    for page in PAGES
    for number, code in enumerate(
        re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    )
]
LINKS = [
    pytest.param(page.parent / link, id=f"{page.relative_to(ROOT)}:{link}")
    for page in PAGES
    for link in re.findall(r"\]\((?!http)([^)#]+)", CODE.sub("", page.read_text(encoding="utf-8")))
]


def test_pages_in_folders_are_among_them():
    names = {str(page.relative_to(ROOT)) for page in PAGES}
    assert {
        "README.md",
        "docs/index.md",
        "docs/howto/environment.md",
        "docs/contracts/memory.md",
    } <= names


@pytest.mark.slow
@pytest.mark.parametrize("code", SNIPPETS)
def test_snippets_run(code):
    exec(compile(code, "snippet", "exec"), {"__name__": "snippet"})


def lines_of_code(text: str) -> list[str]:
    """The lines of all code blocks that name a language."""
    return [line for block in BLOCK.findall(text) for line in block.splitlines()]


def test_a_line_of_code_that_is_too_long_is_seen():
    assert lines_of_code("text\n```sh\nab\ncd\n```\n") == ["ab", "cd"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_lines_of_code_fit_into_the_column(page):
    long = [line for line in lines_of_code(page.read_text(encoding="utf-8")) if len(line) > COLUMNS]
    assert not long


@pytest.mark.parametrize("target", LINKS)
def test_links_lead_somewhere(target):
    assert target.exists()
