"""Asks open pages what they show."""

import shutil
from collections.abc import Callable
from typing import Any

BROWSERS = ("chromium", "chromium-browser", "google-chrome")

OpenPage = Callable[..., Any]


def chromium() -> str | None:
    """The path of an installed Chromium; None if there is none."""
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


def settle(page: Any) -> None:
    """Waits until what was asked for is drawn."""
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def plain(text: str) -> str:
    """A text with hyphens in place of minus signs and dashes."""
    return text.replace("\N{MINUS SIGN}", "-").replace("\N{EN DASH}", "-")


def step_of(page: Any) -> int:
    """The step that the page says it shows."""
    settle(page)
    return int(page.locator("#step").inner_text().split()[1])


def recalled_rows(page: Any, agent: int = 0) -> list[list[str]]:
    """The texts of the table of the most recalled items, without its pictures."""
    settle(page)
    rows = page.locator(".agent").nth(agent).locator(".recalled tbody tr:visible")
    texts = [row.locator("td").all_inner_texts() for row in rows.all()]
    return [[plain(text) for text in row if text] for row in texts]


def colour_at(page: Any, selector: str, x: float, y: float) -> list[int]:
    """Red, green and blue of a canvas at a point in CSS pixels."""
    settle(page)
    return page.locator(selector).evaluate(
        """(canvas, [x, y]) => {
          const ratio = canvas.width / canvas.clientWidth;
          const copy = new OffscreenCanvas(1, 1).getContext("2d", {willReadFrequently: true});
          copy.drawImage(canvas, -Math.floor(x * ratio), -Math.floor(y * ratio));
          return [...copy.getImageData(0, 0, 1, 1).data.slice(0, 3)];
        }""",
        [x, y],
    )


def overflows(page: Any) -> bool:
    """Whether the page is wider than its window."""
    return page.evaluate("document.documentElement.scrollWidth > innerWidth")
