"""Hostile texts wherever the review pages show one: nothing of them runs, reaches out, or leaves its box."""

import importlib.util
from pathlib import Path

import pytest

pytest.importorskip("starlette", reason="the extra `watch` is not installed")

HERE = Path(__file__).parent
WIDTHS = [(360, "light"), (360, "dark"), (768, "light"), (768, "dark"), (1440, "light"), (1440, "dark")]


def loaded(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


server = loaded(HERE / "review_server.py")
runs, hostile = (loaded(HERE.parent / "data" / f"{name}.py") for name in ("review_run", "hostile_texts"))
MARK = hostile.MARK
TEXTS = [f"{MARK} {text} {MARK}" for text in hostile.HOSTILE.values()]


def attempts(texts):
    return [{"number": number, "text": text, "answer": text, "right": None} for number, text in enumerate(texts)]


def everywhere(item, text):
    """A row with a text in every field that may hold one."""
    known = {"gate": text[:500], "reason": text, "question": text, "label": text, "label_source": text[:500]}
    return runs.row(item, **known, votes={text: 2, f"other {text}": 1}, attempts=attempts([text, text]))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Runs whose texts are hostile, and runs whose names are."""
    folder = tmp_path_factory.mktemp("runs")
    rows = [everywhere(f"label/1/{number}", text) for number, text in enumerate(TEXTS)]
    rows += [everywhere(f"pair/1/{number}/0-1", text) for number, text in enumerate(TEXTS)]
    rows.append(runs.row("question/1/0", attempts=attempts(TEXTS)))
    runs.make_run(folder / "texts", rows)
    runs.make_run(folder / "written", [runs.row(f"label/2/{number}") for number in range(len(hostile.SOME))])
    for text in hostile.SOME.values():
        name = (
            f"{MARK} {text}".replace("/", "∕")
            .replace("\0", "")
            .encode("utf-8", "replace")[:200]
            .decode("utf-8", "ignore")
        )
        if not (folder / name).exists():
            runs.make_run(folder / name)
    return folder


@pytest.fixture(scope="module")
def address(folder):
    with server.served(folder) as found:
        yield found


@pytest.fixture
def harmless(page_at, requests_of, address):
    """`harmless(width, scheme)`: a page at which nothing may run, be asked for elsewhere, or be complained about."""
    complaints, pages = [], []

    def made(*size):
        page = page_at(*size)
        page.on("dialog", lambda dialog: complaints.append(f"a dialog: {dialog.message}"))
        page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        pages.append(page)
        return page

    yield made
    assert complaints == []
    for page in pages:
        assert [asked for asked in requests_of(page) if not asked.startswith(address)] == []


def review_of(page, address, name, reviewer="anna"):
    """Enter the review pages of a run; their address."""
    page.goto(f"{address}/?token={server.TOKEN}")
    link = page.get_by_role("link", name=name, exact=True)
    page.goto(address + link.get_attribute("href").replace("/now", "/review"))
    page.fill("#name", reviewer)
    page.keyboard.press("Enter")
    page.wait_for_selector(".queue")
    return page.url


def check(page, where, item=None):
    """It is the page of that item; nothing ran, the page fits, and whoever aims at a button hits it."""
    found = page.evaluate(
        """() => {
          const button = document.querySelector("[data-do=approve], [data-do=prefer], [data-do=help]");
          button.scrollIntoView({ block: "nearest" });
          const { x, y, width, height } = button.getBoundingClientRect();
          return {
            ran: window.pwned !== undefined,
            wide: document.documentElement.scrollWidth - innerWidth,
            hit: button.contains(document.elementFromPoint(x + width / 2, y + height / 2)),
            mark: document.body.innerText.includes("Quux"),
            odd: document.querySelectorAll("#main :is(script, iframe, img, base, form:not([data-form]))").length,
          };
        }"""
    )
    assert page.get_attribute("#review", "data-item") == item
    assert found == {"ran": False, "wide": 0, "hit": True, "mark": True, "odd": 0}, where


@pytest.mark.slow
@pytest.mark.parametrize(("width", "scheme"), WIDTHS)
def test_all_at_once_at_every_width(address, harmless, violations, width, scheme):
    page = harmless(width, scheme)
    base = review_of(page, address, "texts")
    check(page, "the queue")
    page.goto(f"{base}/item?id=question/1/0")
    page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
    check(page, "the item", "question/1/0")
    if scheme == "dark":
        assert violations(page) == []


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "every"), [("label", 1), ("pair", 4)])
def test_one_by_one_in_every_field(address, harmless, kind, every):
    page = harmless(360, "light")
    base = review_of(page, address, "texts")
    for number, name in list(enumerate(hostile.HOSTILE))[::every]:
        item = f"{kind}/1/{number}" + ("/0-1" if kind == "pair" else "")
        page.goto(f"{base}/item?id={item}&state=all")
        check(page, name, item)


@pytest.mark.slow
def test_what_people_write_is_hostile_as_well(address, folder, harmless):
    """A note and an edit go to the server and come back as they are, also to another reviewer."""
    page = harmless(768, "dark")
    base = review_of(page, address, "written", "<b onclick=alert(1)>{{7*7}}")
    some = list(hostile.SOME.values())[::3]
    for number, text in enumerate(some):
        page.goto(f"{base}/item?id=label/2/{number}&state=all")
        sent = f"{MARK} {text}".encode("utf-8", "replace").decode()
        page.keyboard.press("n")
        page.fill("#note", sent)
        page.click("[data-do=edit]")
        page.fill("#edit-label", sent)
        page.evaluate("document.getElementById('said').textContent = ''")
        page.click("[data-form=edit] button.first")
        page.wait_for_selector("#said:not(:empty)")
        assert "edited to" in page.inner_text("#said")
        page.goto(f"{base}/item?id=label/2/{number}&state=all")
        check(page, sent, f"label/2/{number}")
    written = [(row["note"], row["after"]) for row in runs.decisions(folder / "written")]
    assert len(written) == len(some)
    assert all(note == after for note, after in written)
    other = harmless(360, "light")
    base = review_of(other, address, "written", "bob")
    for number in range(0, len(some), 4):
        other.goto(f"{base}/item?id=label/2/{number}&state=all")
        other.evaluate("document.getElementById('said').textContent = ''")
        other.keyboard.press("r")
        other.wait_for_selector("#said:not(:empty)")
        other.goto(f"{base}/item?id=label/2/{number}&state=all")
        assert other.inner_text(".others strong") == "<b onclick=alert(1)>{{7*7}}"
        check(other, number, f"label/2/{number}")


def test_runs_with_hostile_names(address, folder, harmless):
    page = harmless(360, "dark")
    page.goto(f"{address}/?token={server.TOKEN}")
    named = "all => all.filter((one) => one.textContent.includes('Quux')).map((one) => one.getAttribute('href'))"
    links = page.eval_on_selector_all("a[href$='/now']", named)
    assert len(links) > 30
    for link in links:
        page.goto(address + link.replace("/now", "/review"))
        if page.locator("#name").count():
            page.fill("#name", "anna")
            page.keyboard.press("Enter")
            page.wait_for_selector(".queue")
        check(page, link)
