"""The dashboard in a browser, on a run that goes on in the background through the real writers."""

import os
import socket
import threading
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from selfplay_gym.selfplay.dashboard.app import create_app
from selfplay_gym.selfplay.dashboard.pages import PAGES
from selfplay_gym.selfplay.dashboard.server import Server
from selfplay_gym.selfplay.live.bounded_log import BoundedLog
from selfplay_gym.selfplay.settings.files import to_toml
from selfplay_gym.selfplay.settings.presets import preset
from selfplay_gym.selfplay.storage.run_folder import RunFolder

HOSTILE = (
    "<script>document.title = 'hit'</script>",
    "<img src=x onerror=\"document.title = 'hit'\">",
    "</p></div><svg onload=\"document.title = 'hit'\">",
    "\u202e<b>right to left",
    "\x1b[2J\x00\x7f",
    "\ud800 lone",
    "W" * 5_000,
    "\\frac{" * 2_000,
    "Z\u0335\u0321" * 300,
)
MOVES_WITHIN_MS = 2_000
WHOLE_NAMES = (Path(__file__).parent / "whole_names.js").read_text(encoding="utf-8")
WATCHED = """() => { window.moved = new Promise((tell) => {
    new MutationObserver(tell).observe(document.getElementById("parts"), {childList: true, subtree: true}); }); }"""
MOVED = """(ms) => Promise.race([window.moved.then(() => true), new Promise((tell) => setTimeout(tell, ms, false))])"""


def rows_of(number, text):
    """What a round of one question leaves in the logs."""
    head = {"round": number, "index": 0}
    rate = {"value": 0.4 + 0.05 * number, "low": 0.3, "high": 0.8}
    labelling = {"written": 4, "asked": 3, "kept": 2, "kept_share": 2 / 3, "label_accuracy": 0.7, "solve_rate": 0.6}
    kinds = {"sum": {"asked": 2, "kept": 1, "checked": 1}, text[:40]: {"asked": 1, "kept": 1}}
    step = {"round": number, "phase": "train(solver)", "role": "solver", "step": 0, "rows_trained": 8, "kl": 0.01}
    exam = {"summary": {"questions": 8, "samples": 4, "accuracy": rate, "greedy": rate, "majority": {"4": rate}}}
    return {
        "questions": [
            {**head, "phase": "generate", "text": text, "author": "challenger", "level": 0.5, "dropped": None}
        ],
        "attempts": [{**head, "phase": "attempt", "attempts": [text, "\\boxed{2}"]}],
        "labels": [
            {**head, "phase": "label", "label": text[:300], "answers": [text[:300], "2", None], "solve_rate": 1 / 3}
            | {"valid": True, "kept": True, "label_right": True, "kind": "sum", "check": {"agrees": True}}
        ],
        "metrics": [
            {
                **step,
                "mean_reward": 0.5,
                "entropy": 0.3,
                "loss": 0.1,
                "mean_length": 20.0,
                "reward_terms": {text[:40]: 0.2},
            },
            {"round": number, "phase": "label", **labelling, "checked": 1, "histogram": [1] * 10, "by_kind": kinds},
            {"round": number, "phase": "evaluate", "exam": exam},
        ],
        "guard": [
            {"round": number, "phase": "evaluate", "validation_loss": 0.4, "solver_drift": 0.01, "rate_scale": 1.0}
        ],
        "timings": [
            {"round": number, "phase": f"train({role})", "seconds": 2.0, "cpu_s": 1.5}
            for role in ("challenger", "solver")
        ],
    }


class Run:
    """A run that goes on when it is told to."""

    def __init__(self, path):
        self.folder = RunFolder.create(path, to_toml(preset("debug")), {"command": ["test"]})
        self.live, self.rounds = BoundedLog(path / "live.jsonl"), 0

    def go_on(self, text="What is 1+1?"):
        """Play one more round."""
        self.rounds += 1
        for log, rows in rows_of(self.rounds, text).items():
            self.folder.log(log, rows)
        self.folder.commit({"round": self.rounds, "phase": "train(solver)"})

    def tell(self, kind, **values):
        """Write to the live feed."""
        self.live.add([{"time": 1.7e9 + self.rounds, "kind": kind, "round": self.rounds, "phase": "attempt", **values}])


@pytest.fixture
def run(tmp_path):
    run = Run(tmp_path / "run")
    for text in HOSTILE:
        run.go_on(text)
        run.tell("attempts", index=0, question=text, attempts=[text], answers=[text], votes={text[:200]: 1}, label=text)
        run.tell("alarm", message=text)
    machine = {"cpu_percent": 97.0, "memory_mb": 512.0, "threads": 4, "tokens_per_s": 800.0, "disk_free_mb": 1e4}
    gpu = {"name": HOSTILE[0], "percent": 80.0, "memory_mb": 1e4, "total_mb": 8e4}
    run.tell("resources", **machine, run_mb=3.0, gpu=[gpu])
    yield run
    run.live.close()


@contextmanager
def serving(folder, beside=None):
    """The address of a dashboard, token included; `beside` is the process that it ends with."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Server(create_app([folder], "token"), beside)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/?token=token"
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture
def address(run):
    with serving(run.folder.path) as address:
        yield address


def opened(page, address, name="now"):
    """A page of the only run, once it follows."""
    page.goto(address)
    page.goto(page.url.rpartition("/")[0] + f"/{name}" if name != "compare" else compared(page))
    page.get_by_text("Following.").wait_for()
    return page


def compared(page):
    parts = urlsplit(page.url)
    return f"{parts.scheme}://{parts.netloc}/compare?run={parts.path.split('/')[2]}"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, *(pytest.param(wider, marks=pytest.mark.slow) for wider in (768, 1440))])
def test_every_page_fits_is_accessible_and_asks_nobody_else(address, page_at, violations, requests_of, width, scheme):
    page, errors = page_at(width, scheme), []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    for name in (*PAGES, "compare"):
        opened(page, address, name)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        assert violations(page) == [], name
        assert page.evaluate(WHOLE_NAMES) == [], name
        assert "hit" not in page.title()
    assert errors == []
    here = urlsplit(address).netloc
    assert {urlsplit(asked).netloc for asked in requests_of(page)} == {here}


@pytest.mark.parametrize("name", ["curves", "outputs", "labels", "resources", "compare"])
def test_a_run_that_goes_on_moves_the_page(run, address, page_at, name):
    page = opened(page_at(1000), address, name)
    page.evaluate(WATCHED)
    run.go_on()
    assert page.evaluate(MOVED, MOVES_WITHIN_MS)


@pytest.fixture
def several(run, tmp_path):
    """The address of a dashboard of that run and a hostile one."""
    name = HOSTILE[1].replace("/", "")
    other = RunFolder.create(
        tmp_path / f"{name} and a long name {'x' * 150}", to_toml(preset("debug")), {"command": []}
    )
    other.commit({"round": 1, "phase": HOSTILE[0]})
    with serving(tmp_path) as address:
        yield address


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
def test_the_list_of_runs_fits_is_accessible_and_harmless(several, page_at, violations, requests_of, width, scheme):
    page = page_at(width, scheme)
    page.goto(several)
    page.get_by_text("Following.").wait_for()
    assert page.locator(".listed").count() == 2
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert violations(page) == []
    assert "hit" not in page.title()
    assert {urlsplit(asked).netloc for asked in requests_of(page)} == {urlsplit(several).netloc}


def test_the_list_of_runs_moves_by_itself_and_keeps_what_was_chosen(run, several, page_at, tmp_path):
    page = page_at(1000)
    page.goto(several)
    page.get_by_text("Following.").wait_for()
    box = page.get_by_role("checkbox", name="Compare run", exact=True)
    box.check()
    box.focus()
    for _ in range(2):
        run.go_on()
        number = page.get_by_text(f"(round {run.rounds})")
        number.wait_for(timeout=MOVES_WITHIN_MS)
    assert box.is_checked()
    assert page.evaluate("document.activeElement.value") == box.get_attribute("value")
    (tmp_path / "another").mkdir()
    (tmp_path / "another" / "config.toml").touch()
    page.locator(".listed", has_text="another").wait_for(
        timeout=2 * MOVES_WITHIN_MS
    )  # folders are looked for less often
    assert box.is_checked()
    assert page.locator(".listed .name").all_inner_texts() == sorted(page.locator(".listed .name").all_inner_texts())


def test_a_question_is_shown_as_it_is_asked_and_answered(run, address, page_at):
    page = opened(page_at(1000), address)
    run.tell("questions", questions=[{"index": 7, "text": "How many sheep?", "source": "challenger", "dropped": None}])
    page.get_by_text("How many sheep?").wait_for(timeout=MOVES_WITHIN_MS)
    answered = {"attempts": ["five"], "answers": ["5"], "votes": {"5": 3, "6": 1}, "solve_rate": 0.75, "label": "5"}
    run.tell("attempts", index=7, question="How many sheep?", **answered)
    page.get_by_text("p̂ = 0.75").wait_for(timeout=MOVES_WITHIN_MS)
    assert page.get_by_text("How many sheep?").count() == 1


def test_bars_have_a_ground_and_a_share(run, address, page_at):
    page = opened(page_at(1000), address)
    fills = page.eval_on_selector_all("svg.bar rect", "all => all.map(one => getComputedStyle(one).fill)")
    assert len(set(fills[:2])) == 2
    assert "rgb(0, 0, 0)" not in fills


def test_an_alarm_is_shown(run, address, page_at):
    page = opened(page_at(1000), address)
    run.tell("alarm", message="the loss is not finite")
    page.get_by_text("the loss is not finite").wait_for(timeout=MOVES_WITHIN_MS)


def test_a_page_keeps_what_is_open_and_where_the_focus_is(run, address, page_at):
    page = opened(page_at(1000), address)
    summary = page.locator("details > summary").first
    summary.focus()
    page.keyboard.press("Enter")
    run.tell("questions", questions=[{"index": 8, "text": "Newer", "source": "x", "dropped": None}])
    page.get_by_text("Newer").wait_for(timeout=MOVES_WITHIN_MS)
    assert page.locator("details[open]").count() == 1
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
    assert page.evaluate("document.activeElement.parentElement.open")


def test_a_pause_holds_the_page_and_then_catches_up(run, address, page_at):
    page = opened(page_at(1000), address)
    page.get_by_role("button", name="Pause").press("Enter")
    run.tell("alarm", message="while paused")
    with page.expect_event("console", lambda message: message.text == "2", timeout=15_000):
        page.evaluate("""() => {
            const second = new EventSource(document.getElementById("parts").dataset.events);
            second.addEventListener("seen", () => { second.close(); setTimeout(() => console.log("2"), 300); });
        }""")
    assert page.get_by_text("while paused").count() == 0
    page.get_by_role("button", name="Go on").press("Enter")
    page.get_by_text("while paused").wait_for(timeout=MOVES_WITHIN_MS)


def test_keys_alone_lead_through_the_pages(address, page_at):
    page = opened(page_at(1000), address)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "To the content"
    for _ in range(3):
        page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Outputs"
    page.keyboard.press("Enter")
    page.wait_for_url("**/outputs")
    assert page.locator("[aria-current=page]").inner_text() == "Outputs"


def test_without_a_script_the_page_is_whole(run, address, browser):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address)
    assert page.get_by_text("Last questions").count() == 1
    context.close()


def test_nobody_without_the_token_sees_anything(address, page_at):
    page = page_at(1000)
    answer = page.goto(address.partition("?")[0])
    assert answer.status == 403
    assert "token" in page.inner_text("body")


def test_the_cookie_is_no_script_s(address, page_at):
    page = opened(page_at(1000), address)
    assert page.evaluate("document.cookie") == ""
    (cookie,) = page.context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")


def test_an_end_of_the_dashboard_is_said(run, page_at):
    page = page_at(1000)
    with serving(run.folder.path) as address:
        opened(page, address)
    page.get_by_text("No connection").wait_for(timeout=15_000)


def test_the_end_of_a_run_and_of_the_dashboard_beside_it_is_said(run, page_at):
    from playwright.sync_api import TimeoutError as PlaywrightTimeout

    page = page_at(1000)
    with serving(run.folder.path, os.getppid()) as address:
        opened(page, address)
        run.tell("end", reason="done <b>now</b>")
    page.get_by_text("The dashboard ended with the run; selfplay-gym watch").wait_for(timeout=15_000)
    page.get_by_text("Stopped: ").wait_for()
    with pytest.raises(PlaywrightTimeout):  # a browser that tried again would do so after a second
        page.wait_for_event("request", timeout=1_500)
    assert page.get_by_text("No connection").count() == 0
