"""Reviewing in a real browser: with keys alone, two at once, with a server that dies, at every width and scheme."""

import importlib.util
import os
import socket
import subprocess
import sys
from contextlib import contextmanager
from itertools import product
from pathlib import Path

import pytest

pytest.importorskip("starlette", reason="the extra `watch` is not installed")

HERE = Path(__file__).parent
SIZES = list(product((360, 768, 1440), ("light", "dark")))


def loaded(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SERVER = HERE / "review_server.py"
server, runs = loaded(SERVER), loaded(HERE.parent / "data" / "review_run.py")


@pytest.fixture
def path(tmp_path):
    """A run with one item of each kind, and a second label."""
    return runs.make_run(tmp_path / "runs" / "algebra")


@pytest.fixture
def address(path):
    with server.served(path.parent) as found:
        yield found


@pytest.fixture
def watched(page_at):
    """`watched(width, scheme)`: a page whose complaints fail the test at its end."""
    complaints = []

    def made(*size):
        page = page_at(*size)
        page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(f"a dialog: {dialog.message}"))
        return page

    yield made
    assert complaints == []


def enter(page, address, name="anna"):
    """From the printed address to the queue, as somebody."""
    page.goto(f"{address}/?token={server.TOKEN}")
    page.goto(page.url.replace("/now", "/review"))
    page.keyboard.type(name)
    page.keyboard.press("Enter")
    page.wait_for_selector(".title:text-is('Review queue')")


def press(page, *keys):
    """Press keys of which the last one decides, and wait until the page says so; what it says."""
    page.evaluate("document.getElementById('said').textContent = ''")
    for key in keys:
        page.keyboard.press(key)
    page.wait_for_selector("#said:not(:empty)")
    return page.inner_text("#said")


def move(page, key):
    """Press a key that leads to another page; where to."""
    before = page.url
    page.keyboard.press(key)
    page.wait_for_function("before => location.href !== before", arg=before)
    return page.inner_text(".title")


def focused(page):
    return page.evaluate(
        "document.activeElement.tagName + (document.activeElement.id && '#' + document.activeElement.id)"
    )


def test_a_session_with_keys_alone(address, path, watched):
    page = watched(1440)
    enter(page, address)
    assert move(page, "j") == "Label 0 of round 3"
    assert focused(page) == "H2"
    assert press(page, "a") == "Label 0 of round 3: approved."
    assert focused(page) == "H2", "the next item is read out from its beginning"
    page.keyboard.press("n")
    assert focused(page) == "TEXTAREA#note"
    page.keyboard.type("are you sure? jk")
    page.keyboard.press("Escape")
    page.keyboard.press("e")
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("8.5625")
    assert press(page, "Control+Enter") == "Label 1 of round 3: edited to 8.5625."
    assert press(page, "r") == "Question 2 of round 3: rejected."
    assert press(page, "u") == "Question 2 of round 3: taken back."
    assert page.inner_text(".title") == "Question 2 of round 3"
    assert press(page, "a") == "Question 2 of round 3: approved."
    assert press(page, "2") == "Pair 0 and 1 at question 1 of round 3: attempt 1 preferred."
    assert press(page, "3", "4", "Enter") == "Attempt 2 at question 1 of round 3: completeness 3, soundness 4."
    assert page.inner_text(".title") == "Review queue"
    assert "you have decided everything" in page.inner_text(".done")
    rows = runs.decisions(path)
    assert [row["decision"] for row in rows] == ["approve", "edit", "reject", "undo", "approve", "prefer", "score"]
    assert [row["note"] for row in rows if row["note"]] == ["are you sure? jk"]
    assert rows[-1]["after"] == {"completeness": 3, "soundness": 4}


def test_keys_are_keys_only_where_nobody_writes(address, path, watched):
    page = watched(768)
    enter(page, address)
    page.focus("select[name=kind]")
    page.keyboard.press("j")
    assert move(page, "Escape") if page.url.count("item") else page.inner_text(".title") == "Review queue"
    page.focus(".title")
    move(page, "j")
    for chord in ("Control+a", "Alt+r", "Meta+a"):
        page.keyboard.press(chord)
    page.keyboard.press("?")
    for key in ("a", "r"):
        page.keyboard.press(key)
    page.uncheck("#shortcuts")
    page.keyboard.press("Escape")
    page.keyboard.press("a")
    page.click("[data-do=edit]")
    page.keyboard.type("are")
    page.keyboard.press("Escape")
    assert focused(page) == "BUTTON"
    assert page.get_attribute("[data-do=edit]", "aria-expanded") == "false"
    page.click("[data-do=help]")
    page.check("#shortcuts")
    page.keyboard.press("Escape")
    assert runs.decisions(path) == []
    press(page, "a")
    assert len(runs.decisions(path)) == 1


def test_everything_can_be_reached_with_tab(address, watched):
    page = watched(1440)
    enter(page, address)
    for stop in ("queue", "label/3/0", "question/3/2", "pair/3/1/0-1", "attempt/3/1/2"):
        if stop != "queue":
            page.goto(f"{page.url.split('?')[0].removesuffix('/item')}/item?id={stop}")
        wanted = page.evaluate(
            """() => {
              const can = "#main :is(a, button, select, input, textarea, summary)";
              const once = (one) => one.offsetParent && (one.type !== "radio" || one.value === "0");
              const all = [...document.querySelectorAll(can)].filter(once);
              all.forEach((one, at) => (one.dataset.at = at));
              return all.length;
            }"""
        )
        page.evaluate("document.activeElement.blur(); window.getSelection().removeAllRanges(); scrollTo(0, 0)")
        reached = set()
        for _ in range(wanted + 15):
            page.keyboard.press("Tab")
            reached.add(page.evaluate("document.activeElement.dataset.at"))
        assert reached - {None} == {str(at) for at in range(wanted)}, stop


@pytest.mark.parametrize(
    ("width", "scheme"), [SIZES[0], *(pytest.param(*size, marks=pytest.mark.slow) for size in SIZES[1:])]
)
def test_every_page_fits_and_is_accessible(address, path, watched, violations, requests_of, width, scheme):
    accessible = violations if (width, scheme) in ((360, "dark"), (1440, "light")) else lambda page: []
    page = watched(width, scheme)
    page.goto(f"{address}/?token={server.TOKEN}")
    page.goto(page.url.replace("/now", "/review"))
    assert accessible(page) == []
    enter(page, address)
    base = page.url
    for item in ("", "label/3/0", "question/3/2", "pair/3/1/0-1", "attempt/3/1/2"):
        page.goto(f"{base}/item?id={item}" if item else base)
        page.wait_for_function("() => document.fonts.status === 'loaded'")
        assert page.get_attribute("#review", "data-item") == (item or None)
        assert accessible(page) == [], item
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), item
    page.keyboard.press("?")
    assert accessible(page) == []
    page.keyboard.press("Escape")
    page.goto(f"{base}/item?id=label/3/0")
    page.keyboard.press("e")
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    assert accessible(page) == []
    assert all(asked.startswith(address) for asked in requests_of(page))


def test_formulas_are_shown_and_can_be_read_as_written(address, watched):
    page = watched(1440)
    enter(page, address)
    move(page, "j")
    assert page.locator(".asked .katex").count() == 3
    assert page.locator("math").count() >= 3, "for screen readers"
    page.keyboard.press("t")
    assert page.locator(".katex").count() == 0
    assert page.inner_text(".asked .written") == runs.QUESTION
    page.keyboard.press("t")
    assert page.locator(".asked .katex").count() == 3


def test_two_reviewers_at_once_lose_nothing(address, path, watched):
    count = 12
    lines = [runs.json.dumps(runs.row(f"label/5/{index}")) + "\n" for index in range(count)]
    (path / "queue.jsonl").write_text("".join(lines))
    pages = {"anna": watched(1440), "bob": watched(768, "dark")}
    for name, page in pages.items():
        enter(page, address, name)
        move(page, "j")
    for _ in range(count):
        for name, page in pages.items():  # both are on their way before either has arrived
            page.evaluate("document.getElementById('said').textContent = ''")
            page.keyboard.press("a" if name == "anna" else "r")
        for page in pages.values():
            page.wait_for_selector("#said:not(:empty)")
    decided = {(row["id"], row["reviewer"], row["decision"]) for row in runs.decisions(path)}
    items = [f"label/5/{index}" for index in range(count)]
    assert decided == {(one, *who) for one in items for who in (("anna", "approve"), ("bob", "reject"))}
    pages["anna"].goto(f"{pages['anna'].url.split('?')[0]}/item?id=label/5/0&state=all")
    assert "bob: rejected" in pages["anna"].inner_text(".others.differs")


def test_no_decision_is_written_under_another_name(address, path, page_at):
    one = page_at(1440)
    enter(one, address, "anna")
    move(one, "j")
    other = one.context.new_page()  # the same cookies
    other.goto(f"{address}{one.url.split(address)[-1].split('/review')[0]}/review/reviewer")
    other.keyboard.press("Control+A")
    other.keyboard.type("bob")
    other.keyboard.press("Enter")
    other.wait_for_selector(".title:text-is('Review queue')")
    assert "now reviews as bob, no longer as anna" in press(one, "r")
    assert runs.decisions(path) == []
    one.reload()
    press(one, "r")
    assert [row["reviewer"] for row in runs.decisions(path)] == ["bob"]


@contextmanager
def process(port, folder, *when, token=server.TOKEN):
    """A dashboard in a process of its own, which may be one that dies."""
    command = [sys.executable, str(SERVER), str(port), token, str(folder), *when]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ}, text=True) as running:
        assert running.stdout.readline() == "ready\n"
        try:
            yield running
        finally:
            running.kill()


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_server_that_dies_around_a_decision_loses_none(path, page_at, when):
    """Killed before it reads a decision, or after it wrote it and before it said so: it is there, once."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    page = page_at(1440)
    with process(port, path.parent, when) as running:
        enter(page, f"http://127.0.0.1:{port}")
        move(page, "j")
        page.keyboard.press("a")
        running.wait()
    page.wait_for_selector("#unsent:visible")
    assert "kept in this window" in page.inner_text("#unsent")
    assert len(runs.decisions(path)) == (when == "after")
    page.keyboard.press("r")
    with process(port, path.parent):
        page.click("#unsent button")
        page.wait_for_selector("#said:not(:empty)")
        assert page.inner_text("#said") == "Label 0 of round 3: approved."
        assert page.is_hidden("#unsent")
        assert page.inner_text(".title") == "Label 1 of round 3"
    assert [(row["id"], row["decision"]) for row in runs.decisions(path)] == [("label/3/0", "approve")]


def test_an_unsent_decision_outlives_the_dashboard_and_its_token(path, page_at, tmp_path):
    """Started again at the same port, first for other folders, then for the same ones; its new address is opened in
    another tab."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    page = page_at(768)
    with process(port, path.parent, "before") as running:
        enter(page, f"http://127.0.0.1:{port}")
        move(page, "j")
        page.keyboard.press("e")
        page.fill("#edit-label", "8.5 or so")
        page.keyboard.press("Control+Enter")
        running.wait()
    page.wait_for_selector("#unsent:visible")
    assert "edit on label/3/0 to 8.5 or so" in page.inner_text("#unsent")
    assert "open its new address once in this browser" in page.inner_text("#unsent")
    for folder, sent in ((runs.make_run(tmp_path / "others" / "run").parent, False), (path.parent, True)):
        with process(port, folder, token=f"another-{sent}"):
            page.click("#unsent button")
            page.wait_for_selector("#unsent:has-text('it holds a token')")
            tab = page.context.new_page()
            tab.goto(f"http://127.0.0.1:{port}/?token=another-{sent}")
            page.click("#unsent button")
            page.wait_for_selector("#unsent", state="hidden") if sent else page.wait_for_selector(
                "#unsent:has-text('There is no such run')"
            )
            tab.close()
    assert [(row["id"], row["after"]) for row in runs.decisions(path)] == [("label/3/0", "8.5 or so")]


def test_an_unsent_decision_outlives_a_reload(address, path, page_at):
    page = page_at(768)
    page.on("dialog", lambda dialog: dialog.accept())  # "leave this page?"
    enter(page, address)
    move(page, "j")
    page.route("**/decisions", lambda route: route.abort())
    page.keyboard.press("r")
    page.wait_for_selector("#unsent:visible")
    page.unroute("**/decisions")
    page.reload()
    page.wait_for_selector("#said:not(:empty)")
    assert [(row["id"], row["decision"]) for row in runs.decisions(path)] == [("label/3/0", "reject")]


def test_a_note_that_was_begun_is_still_there_after_looking_elsewhere(address, watched):
    page = watched(1440)
    enter(page, address)
    move(page, "j")
    page.keyboard.press("n")
    page.keyboard.type("look at this again")
    page.keyboard.press("Escape")
    assert move(page, "j") == "Label 1 of round 3"
    assert page.is_hidden("#note")
    assert move(page, "k") == "Label 0 of round 3"
    assert page.input_value("#note") == "look at this again"
    press(page, "a")
    press(page, "u")
    assert page.input_value("#note") == ""


def test_back_and_forward_lead_through_the_items(address, watched):
    page = watched(1440)
    enter(page, address)
    move(page, "j")
    move(page, "j")
    page.go_back()
    page.wait_for_selector(".title:has-text('Label 0')")
    page.go_forward()
    page.wait_for_selector(".title:has-text('Label 1')")
