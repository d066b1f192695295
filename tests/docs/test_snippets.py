"""Every Python snippet of README and docs runs, and every link to a file leads to one."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
SNIPPETS = [
    pytest.param(code, id=f"{page.relative_to(ROOT)}-{number}")
    for page in PAGES
    for number, code in enumerate(re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL))
]
LINKS = [
    pytest.param(page.parent / link, id=f"{page.relative_to(ROOT)}:{link}")
    for page in PAGES
    for link in re.findall(r"\]\((?!http)([^)#]+)", CODE.sub("", page.read_text(encoding="utf-8")))
]


def test_pages_in_folders_are_among_them():
    names = {str(page.relative_to(ROOT)) for page in PAGES}
    assert {"README.md", "docs/index.md", "docs/howto/environment.md", "docs/contracts/memory.md"} <= names


@pytest.mark.slow
@pytest.mark.parametrize("code", SNIPPETS)
def test_snippets_run(code):
    exec(compile(code, "snippet", "exec"), {"__name__": "snippet"})


@pytest.mark.parametrize("target", LINKS)
def test_links_lead_somewhere(target):
    assert target.exists()
