"""A guard model behind an endpoint, played by a server in this process that does what a text tells it."""

from __future__ import annotations

import json
import logging
import re
import runpy
from contextlib import contextmanager
from pathlib import Path

import pytest

from selfplay_gym import make_policy
from selfplay_gym.agents.remote.guard_model import GuardModelPolicy
from selfplay_gym.core.errors import ConfigError
from selfplay_gym.core.protocols import rulings
from selfplay_gym.core.records import ALLOWED
from selfplay_gym.testing import check_policy

HttpServer = runpy.run_path(str(Path(__file__).parents[2] / "http_server.py"))["HttpServer"]
ANSWERS = {
    "pipe": "unsafe\nS9,S1",
    "vague": "\n\nunsafe",
    "odd": "I would rather not say.",
    "mixed": "safe\nS1",
    "unknown": "unsafe\nS99",
    "arabic": "unsafe\nS\u0661",
    "": "",
}


def answer(request, body):
    """Say what `ANSWERS` has for the first word of the last turn, "safe" for any other.

    "broken" gets status 500, "dying" half an answer, "hanging" none until the server is closed, and "dripping" an
    endless one, a blank at a time.
    """
    closing = request.server.closing
    word = (body["messages"][-1]["content"].split() or [""])[0]
    if word == "hanging":
        closing.wait()
        return
    said = ANSWERS.get(word, "safe")
    reply = json.dumps({"choices": [{"message": {"role": "assistant", "content": said}}]}).encode()
    request.head(500 if word == "broken" else 200, len(reply))
    if word == "dripping":
        while not closing.wait(0.05):
            request.wfile.write(b" ")
    request.wfile.write(reply[:20] if word == "dying" else reply)


@contextmanager
def serving():
    with HttpServer(answer) as server:
        yield server, f"endpoint:{server.url}#llama-guard"


@pytest.fixture
def guard():
    with serving() as (server, name):
        yield server, name


@pytest.mark.parametrize(
    "options",
    [
        *({"deadline_s": value} for value in (1e10, float("inf"), float("nan"), 0, -1, True, "3", None)),
        *({"parallel": value} for value in (2.5, 10**9, 0, True, "8")),
        *({"key_env": value} for value in (3, "", "A=B", None)),
        *({"fail_closed": value} for value in (1, "yes", None)),
    ],
)
def test_options_out_of_range_are_refused_when_it_is_made(options):
    with pytest.raises(ConfigError, match=next(iter(options))):
        GuardModelPolicy("http://localhost:1/v1#m", **options)


def test_it_is_a_policy(guard):
    check_policy(make_policy(guard[1]), refused=["pipe bomb"])


def test_questions_are_the_users_turn_and_answers_the_assistants(guard):
    server, name = guard
    policy = make_policy(name)
    assert rulings(policy, ["one", "two"], "challenger") == [ALLOWED, ALLOWED]
    assert rulings(policy, ["three"], "solver", ["one"]) == [ALLOWED]
    sent = {tuple((turn["role"], turn["content"]) for turn in body["messages"]) for body in server.seen}
    assert sent == {(("user", "one"),), (("user", "two"),), (("user", "one"), ("assistant", "three"))}
    assert {(body["path"], body["model"], body["temperature"]) for body in server.seen} == {
        ("/v1/chat/completions", "llama-guard", 0.0)
    }


def test_hazards_are_read(guard):
    pipe, vague, safe = rulings(make_policy(guard[1]), ["pipe", "vague", "fine"], "challenger")
    assert (pipe.refused, pipe.code, pipe.reason) == (True, "S9", "refused: S9 (guard model: S9, S1)")
    assert (vague.refused, vague.code) == (True, "unsafe")
    assert safe == ALLOWED


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("odd", "rather not"),
        ("mixed", "expected 'safe'"),
        ("unknown", "expected 'safe'"),
        ("arabic", "expected 'safe'"),
        ("broken", "status 500"),
        ("dying", "IncompleteRead|Expecting|Unterminated"),
    ],
)
@pytest.mark.parametrize("fail_closed", [True, False])
def test_a_text_that_was_not_looked_at_is_unchecked_and_alone_in_that(guard, caplog, text, why, fail_closed):
    policy = make_policy(guard[1], fail_closed=fail_closed)
    with caplog.at_level(logging.WARNING):
        found = rulings(policy, ["fine", text, "pipe"], "solver", ["Why?"] * 3)
    assert [ruling.refused for ruling in found] == [False, fail_closed, True]
    assert found[1].code == "unchecked"
    assert re.search(why, found[1].why)
    assert "1 texts are unchecked" in caplog.text


@pytest.mark.parametrize("text", ["hanging", "dripping"])
@pytest.mark.parametrize("fail_closed", [True, False])
def test_past_the_deadline_all_that_has_no_ruling_is_unchecked(guard, text, fail_closed):
    server, name = guard
    policy = make_policy(name, deadline_s=0.3, parallel=2, fail_closed=fail_closed)
    found = rulings(policy, ["pipe", *(f"{text} {i}" for i in range(40))], "challenger")
    assert found[0].code == "S9"
    assert {(ruling.refused, ruling.code) for ruling in found[1:]} == {(fail_closed, "unchecked")}
    assert all("0.3 s" in ruling.why or "timed out" in ruling.why for ruling in found[1:])
    assert len(server.seen) <= 5  # not forty deadlines: what had not begun was not sent
    assert rulings(policy, ["fine"], "challenger") == [ALLOWED]  # the next batch is a new one


def test_nobody_listens(guard):
    with serving() as (_, name):
        pass
    for closed in (True, False):
        (ruling,) = rulings(make_policy(name, fail_closed=closed), ["fine"], "challenger")
        assert (ruling.refused, ruling.code) == (closed, "unchecked")
        assert "Is the server running" in ruling.why


def test_equal_texts_are_asked_once_and_failures_again(guard):
    server, name = guard
    policy = make_policy(name)
    for _ in range(2):
        assert len({*rulings(policy, ["pipe"] * 8, "challenger")}) == 1
    assert len(server.seen) == 1
    for _ in range(2):
        assert rulings(policy, ["broken"], "challenger")[0].code == "unchecked"
    assert len(server.seen) == 3


def test_an_empty_text_is_not_sent(guard):
    server, name = guard
    assert rulings(make_policy(name), ["", ""], "solver", ["Why?"] * 2) == [ALLOWED, ALLOWED]
    assert server.seen == []


def test_what_a_post_raises_is_a_ruling():
    def post(url, body):
        raise RuntimeError("no network here")

    (ruling,) = rulings(GuardModelPolicy("http://x/v1#m", post=post), ["fine"], "challenger")
    assert (ruling.refused, ruling.code, ruling.why) == (True, "unchecked", "RuntimeError: no network here")


@pytest.mark.parametrize(
    "name",
    [
        "endpoint:http://x/v1",
        "endpoint:localhost:8000#m",
        "endpoint:http://x/v1#m(deadline_s=0)",
        "endpoint:http://x/v1#m(parallel=0)",
        'endpoint:http://x/v1#m(fail_closed="maybe")',
    ],
)
def test_wrong_settings_say_what_is_right(name):
    with pytest.raises(ConfigError, match=r"guard model|http://|deadline_s|parallel|fail_closed"):
        make_policy(name)


@pytest.mark.parametrize(
    "address",
    [
        *("http://", "http:///v1", "http://:8000/v1", "http://[::1", "http://a b/v1", "http://a/v 1", "http://a\n/v1"),
        *(
            "http://a:x/v1",
            "http://a:70000/v1",
            "http://a..b/v1",
            "http://me:secret@a/v1",
            "http://a/vä",
            "http://\x7f/v1",
        ),
        *(f"http://{'a' * 64}/v1", "ftp://a/v1", "a/v1"),
    ],
)
def test_an_address_that_nothing_can_be_sent_to_is_refused_at_once(address):
    with pytest.raises(ConfigError, match="and name a host") as refused:
        GuardModelPolicy(f"{address}#m")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "address", ["http://[::1]:8000/v1", "https://a.example/v1/", "http://a:/v1", "http://bücher.de/v%20"]
)
def test_other_addresses_are_taken(address):
    assert GuardModelPolicy(f"{address}#m").url == address.rstrip("/") + "/chat/completions"
