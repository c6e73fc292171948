"""Pages in a real browser: Debian's or Google's Chromium, driven by playwright, one browser for all tests.

Where there is none the tests are skipped, with the reason; under CI=1 they fail instead.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
REMEDY = "install one (Debian: apt-get install -y chromium) and `pip install 'selfplay-gym[test]'`"
HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder has the marker `browser`."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)


def _missing(what: str) -> None:
    say = pytest.fail if os.environ.get("CI") else pytest.skip
    say(f"no {what} to show pages with; {REMEDY}")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A running Chromium without a window."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        _missing("playwright")
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        _missing("browser")
    alone = ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium refuses its own sandbox to root
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=found, args=alone)
        yield running
        running.close()


@pytest.fixture
def network() -> dict[Any, list[str]]:
    """Page → addresses of everything it asked for, in order."""
    return {}


@pytest.fixture
def page_at(browser: Any, network: dict[Any, list[str]]) -> Iterator[Callable[..., Any]]:
    """`page_at(width, scheme)`: an empty page of that many pixels in "light" or "dark", with cookies of its own."""
    contexts = []

    def made(width: int, scheme: str = "light", height: int = 900) -> Any:
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
        contexts.append(context)
        page = context.new_page()
        asked = network[page] = []
        context.on("request", lambda request: asked.append(request.url))
        return page

    yield made
    for context in contexts:
        context.close()


@pytest.fixture
def requests_of(network: dict[Any, list[str]]) -> Callable[[Any], list[str]]:
    """`requests_of(page)`: addresses of everything that a page of `page_at` asked for, in order."""
    return lambda page: network[page]


@pytest.fixture(scope="session")
def violations() -> Callable[[Any], list[str]]:
    """`violations(page)`: what axe finds inaccessible, a line each with the element and the reason; [] is good."""
    from axe_playwright_python.sync_playwright import Axe

    axe = Axe()

    def found(page: Any) -> list[str]:
        return [
            f"{one['id']} {node['target']}: {node['failureSummary']}"
            for one in axe.run(page).response["violations"]
            for node in one["nodes"]
        ]

    return found
