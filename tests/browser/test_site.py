"""The site of docs/, built once: no warning, no dead link, answers to newcomers, pages that a telephone shows."""

import os
import re
import subprocess
import sys
import tomllib
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote, unquote

import pytest

import selfplay_gym

ROOT = Path(selfplay_gym.__file__).parent
DOCS = ROOT / "docs"
SEARCHES = tomllib.loads((ROOT / "tests" / "data" / "searches.toml").read_text(encoding="utf-8"))
PHONE = 360
NEEDED = ("sphinx", "furo", "myst_parser")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder of a site that was built with warnings as errors."""
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        say = pytest.fail if os.environ.get("CI") else pytest.skip
        say(f"{', '.join(missing)} builds the site: pip install 'selfplay-gym[docs]'")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html"]
    places = ["-c", DOCS / "site", "-d", folder / "doctrees", DOCS, folder / "html"]
    done = subprocess.run([*command, *places], capture_output=True, text=True, timeout=900, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return folder / "html"


@pytest.fixture(scope="module")
def pages(site):
    """Every page of the site, by its address below it."""
    return {page.relative_to(site).as_posix(): page for page in sorted(site.rglob("*.html"))}


class Links(HTMLParser):
    """The addresses that a page leads to or needs, and the places in it that others may lead to."""

    def __init__(self, text):
        super().__init__()
        self.leads, self.needs, self.places = [], [], {""}
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.places.update(filter(None, (given.get("id"), given.get("name"))))
        if tag == "a" and given.get("href"):
            self.leads.append(given["href"])
        needed = given.get("src") or (given.get("href") if tag == "link" and given.get("rel") != "canonical" else None)
        self.needs += filter(None, [needed])


def test_every_page_of_docs_is_there_and_can_be_reached(site, pages):
    written = {page.relative_to(DOCS).with_suffix(".html").as_posix() for page in DOCS.rglob("*.md")}
    assert written <= set(pages)
    reached, left = set(), ["index.html"]
    while left:
        name = left.pop()
        if name in reached or name not in pages:
            continue
        reached.add(name)
        for target in Links(pages[name].read_text("utf-8")).leads:
            if not re.match(r"[a-z]+:", target):
                left.append(os.path.normpath(os.path.join(os.path.dirname(name), target.partition("#")[0])))
    assert written - reached == set()


def test_no_link_within_the_site_is_dead(site, pages):
    known = {name: Links(page.read_text("utf-8")) for name, page in pages.items()}
    dead = []
    for name, links in known.items():
        for target in {*links.leads, *links.needs}:
            if re.match(r"[a-z]+:", target) or target == "#":
                continue
            path, _, place = unquote(target).partition("#")
            at = os.path.normpath(os.path.join(os.path.dirname(name), path.partition("?")[0])) if path else name
            if not (site / at).is_file() or (place and at in known and place not in known[at].places):
                dead.append((name, target))
    assert dead == []


def test_the_site_needs_nothing_from_elsewhere(site, pages):
    asked = {(name, one) for name, page in pages.items() for one in Links(page.read_text("utf-8")).needs}
    assert [pair for pair in sorted(asked) if re.match(r"(https?:)?//", pair[1])] == []
    styles = {
        path: re.findall(r"url\(\s*['\"]?(?:https?:)?//[^)]+\)", path.read_text("utf-8"))
        for path in site.rglob("*.css")
    }
    assert len(styles) > 2
    assert {path: found for path, found in styles.items() if found} == {}


def found_by(page, site, words):
    """Addresses of the results of the site's own search, best first, opened from the disk."""
    page.goto(f"{(site / 'search.html').as_uri()}?q={quote(words)}")
    page.wait_for_function("/found|did not match/.test(document.querySelector('.search-summary')?.textContent ?? '')")
    links = "links => links.map((link) => link.getAttribute('href').replace(/[?]highlight=[^#]*/, ''))"
    return page.eval_on_selector_all("#search-results ul.search > li > a", links)


def answers():
    """Question → anchor in the FAQ and pages that its answer links to."""
    text = (DOCS / "faq.md").read_text(encoding="utf-8")
    for part in text.split("\n### ")[1:]:
        question, _, answer = part.partition("\n")
        slug = re.sub(r"[^a-z0-9]+", "-", question.lower()).strip("-")  # as docutils names places
        linked = {target.replace(".md", ".html") for target in re.findall(r"\]\(([\w/-]+\.md)", answer)}
        yield question, f"faq.html#{slug}", linked


def test_the_search_of_the_site_answers_every_question_as_it_is_asked(site, page_at):
    page = page_at(1000)
    unanswered = [q for q, anchor, _ in answers() if anchor not in found_by(page, site, q)[:3]]
    assert unanswered == []


def test_the_search_of_the_site_answers_every_question_in_a_newcomers_words(site, page_at):
    """The question, or a page that its answer leads to, is among the first five results."""
    page = page_at(1000)
    unanswered = {}
    for question, anchor, linked in answers():
        found = found_by(page, site, SEARCHES[question])[:5]
        if not {anchor, "faq.html"} & set(found) and not linked & {one.partition("#")[0] for one in found}:
            unanswered[SEARCHES[question]] = found
    assert unanswered == {}


def test_a_search_for_nothing_that_is_there_finds_nothing(site, page_at):
    assert found_by(page_at(1000), site, "zyzzyva") == []


TOO_WIDE = """() => [document.documentElement.scrollWidth,
    ...[...document.querySelectorAll('article table, article pre, article img, article dt.sig')].filter((one) => {
        const box = one.getBoundingClientRect();
        let held = one.parentElement;
        while (held && !/auto|scroll|hidden/.test(getComputedStyle(held).overflowX)) held = held.parentElement;
        return box.right > innerWidth + 1 && (!held || held === document.body || held === document.documentElement);
    }).map((one) => one.outerHTML.slice(0, 80))]"""


def test_every_page_fits_a_telephone_and_sends_for_nothing(pages, page_at, requests_of):
    """The page itself does not move sideways; what is wider scrolls in a box of its own."""
    page = page_at(PHONE)
    wide = {}
    for name, path in pages.items():
        page.goto(path.as_uri())
        width, *beyond = page.evaluate(TOO_WIDE)
        if width > PHONE or beyond:
            wide[name] = (width, beyond[:3])
    assert len(pages) > 60
    assert wide == {}
    assert [one for one in requests_of(page) if not one.startswith(("file:", "data:"))] == []
