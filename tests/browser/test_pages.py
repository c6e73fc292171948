"""Report, diagnosis, benchmark, ablation and evaluations on a telephone, a tablet and a screen."""

import importlib.util
import re
from functools import cache
from pathlib import Path

import pytest

from selfplay_gym.selfplay.storage.run_folder import RunFolder

HERE = Path(__file__).parent
LOOKS = (HERE / "looks.js").read_text(encoding="utf-8")
WHOLE_NAMES = (HERE / "whole_names.js").read_text(encoding="utf-8")
WIDTHS = (360, 768, 1440)


def load(name, path):
    """A module of the tests, which are no package."""
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SAMPLES = load("page_samples", HERE / "page_samples.py")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A finished run of scripted agents."""
    scripted = load("scripted_runs", HERE.parent / "selfplay" / "conftest.py")
    folder = RunFolder.vacant(tmp_path_factory.mktemp("run") / ("a run named at length, " * 9))
    scripted.play(scripted.CONFIG, folder, scripted.scripted_roles(), stop=lambda run: False)
    return folder


@pytest.fixture(scope="module")
def stored(run, tmp_path_factory):
    """`stored(name)`: the address of one of the pages."""
    made = {**SAMPLES.ordinary(run), **SAMPLES.extreme()}
    folder = tmp_path_factory.mktemp("pages")

    @cache
    def address(name):
        path = folder / f"{name}.html"
        path.write_text(made[name](), encoding="utf-8")
        return path.as_uri()

    return address


def opened(page, address):
    """A page with everything unfolded."""
    page.goto(address)
    page.evaluate("document.querySelectorAll('details').forEach((e) => { e.open = true; })")
    return page


def inaccessible(page, violations):
    """What axe finds, without the insides of figures: each is an image with a name, and axe would take far longer."""
    page.evaluate("document.querySelectorAll('svg').forEach((e) => e.replaceChildren())")
    return violations(page)


ORDINARY = ("report", "diagnosis", "bench", "ablation", "evaluations", "pairs", "policies")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ORDINARY)
def test_a_page_is_readable_at_any_width_and_sends_for_nothing(page_at, requests_of, violations, stored, name, scheme):
    page = page_at(WIDTHS[0], scheme)
    opened(page, stored(name))
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate(LOOKS) == [], width
    page.set_viewport_size({"width": WIDTHS[0], "height": 900})
    assert inaccessible(page, violations) == []
    assert requests_of(page) == [stored(name)]


@pytest.mark.parametrize("width", [320, 360, 400])
def test_names_of_stages_are_not_broken(page_at, stored, width):
    page = page_at(width)
    opened(page, stored("report"))
    assert page.get_by_text("train(challenger)", exact=True).count()
    assert page.evaluate(WHOLE_NAMES) == []


@pytest.mark.parametrize("name", SAMPLES.extreme())
def test_pages_of_nothing_of_very_much_and_of_hostile_names_hold(page_at, requests_of, violations, stored, name):
    page = page_at(360)
    said = []
    page.on("dialog", lambda dialog: said.append(dialog.message))
    opened(page, stored(name))
    for width in (360, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate(LOOKS) == [], width
    assert inaccessible(page, violations) == []
    assert page.evaluate("document.querySelectorAll('script, img, [onerror], [onmouseover]').length") == 0
    assert requests_of(page) == [stored(name)]
    assert said == []


@pytest.mark.parametrize("name", ORDINARY)
def test_a_page_opens_with_its_verdict_and_its_numbers(page_at, stored, name):
    page = page_at(1440)
    page.goto(stored(name))
    verdict = page.locator("header .verdict p").first
    assert re.search(r"\d", verdict.inner_text())
    assert verdict.bounding_box()["y"] < 300
    assert page.locator("h1").count() == 1


def test_figures_are_dark_on_a_dark_page(page_at, stored):
    inks = {}
    for scheme in ("light", "dark"):
        page = page_at(768, scheme)
        page.goto(stored("bench"))
        texts = "[...new Set([...document.querySelectorAll('svg text')].map((e) => getComputedStyle(e).fill))]"
        inks[scheme] = set(page.evaluate(texts))
        grounds = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert grounds == {"light": "rgb(255, 255, 255)", "dark": "rgb(17, 22, 29)"}[scheme]
    assert not inks["light"] & inks["dark"]
    page.evaluate("document.documentElement.dataset.theme = 'light'")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_a_chip_in_a_table_is_one_line_however_narrow_it_is(page_at, stored):
    page = page_at(390)
    page.goto(stored("report"))
    heights = page.evaluate(
        """() => {
            const cell = document.querySelector('table tbody td');
            return ['alarm', 'went back'].map((word) => {
                cell.innerHTML = '<div><span class="chip">x</span> <span class="chip"></span></div>';
                cell.className = 'text wide-text';
                Object.assign(cell.firstChild.style, {width: '1.5rem', overflowWrap: 'anywhere'});
                cell.firstChild.lastChild.textContent = word;
                return [...cell.querySelectorAll('.chip')].map((chip) => chip.getBoundingClientRect().height);
            });
        }"""
    )
    assert heights
    assert all(one == other > 0 for one, other in heights)


def test_everything_is_reached_by_keyboard(page_at, stored):
    page = page_at(360)
    page.goto(stored("bench"))
    table = page.locator("[role=group][aria-label=Scores]")
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate("document.activeElement.getAttribute('aria-label') || document.activeElement.textContent")
        )
        if table.evaluate("e => e === document.activeElement"):
            break
    assert "Paired comparisons" in reached  # the list of contents
    assert table.evaluate("e => getComputedStyle(e).outlineStyle") == "solid"
    page.keyboard.press("ArrowRight")
    page.wait_for_function("document.activeElement.scrollLeft > 0")


@pytest.mark.parametrize("name", ["report", "bench", "ablation"])
def test_on_paper_a_page_is_light_and_nothing_is_outside(page_at, stored, name):
    page = page_at(720, "dark")  # the width of A4 between its margins
    opened(page, stored(name))
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate(LOOKS) == []
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert not page.locator("nav").is_visible()
