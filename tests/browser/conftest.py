"""One headless Chromium for all tests; each page that a test opens must stay silent and offline."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from browser.pages import OpenPage, chromium

from engrax.viewing.page import write

DataMaker = Callable[[], dict[str, Any]]


@pytest.fixture(scope="session")
def context() -> Iterator[Any]:
    """A window of a headless Chromium; tests are skipped where there is none."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = chromium()
    if path is None:
        pytest.skip("no chromium, chromium-browser or google-chrome on PATH")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser.new_context()
        browser.close()


@pytest.fixture(scope="session")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Callable[[DataMaker], Path]:
    """Writes the page of a data maker once."""
    directory = tmp_path_factory.mktemp("pages")
    files: dict[DataMaker, Path] = {}

    def write_once(maker: DataMaker) -> Path:
        if maker not in files:
            files[maker] = directory / f"{len(files)}.html"
            write(files[maker], maker())
        return files[maker]

    return write_once


@pytest.fixture
def open_page(context: Any, page_file: Callable[[DataMaker], Path]) -> Iterator[OpenPage]:
    """Opens pages; afterwards, none has asked for anything else or written to its console."""
    pages = []
    said: list[str] = []
    requested: list[str] = []

    def open_one(
        maker: DataMaker,
        *,
        fragment: str = "",
        width: int = 1280,
        dark: bool = False,
        script: str | None = None,
    ) -> Any:
        url = page_file(maker).as_uri()

        def refuse_others(route: Any) -> None:
            if route.request.url.split("#")[0] == url:
                route.continue_()
                return
            requested.append(route.request.url)
            route.abort()

        page = context.new_page()
        pages.append(page)
        page.set_default_timeout(5000)
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme="dark" if dark else "light")
        page.route("**/*", refuse_others)
        if script is not None:
            page.add_init_script(script)
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(url + fragment)
        page.evaluate("engrax.ready")
        return page

    yield open_one
    for page in pages:
        page.close()
    assert said == []
    assert requested == []
