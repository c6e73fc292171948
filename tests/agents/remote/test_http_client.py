"""Redirects of a model server: none is followed, by no user of `JsonPost`, and neither text nor key goes elsewhere."""

from __future__ import annotations

import runpy
from contextlib import contextmanager
from pathlib import Path

import pytest

from selfplay_gym import make_policy
from selfplay_gym.agents.remote.http_client import JsonPost, ServerError
from selfplay_gym.agents.remote.openai_agent import OpenAIAgent
from selfplay_gym.core.errors import ConfigError

HttpServer = runpy.run_path(str(Path(__file__).parents[2] / "http_server.py"))["HttpServer"]


@contextmanager
def serving(status=302, place="", headers=()):
    """A server that answers every request with a status and a place to go."""

    def answer(request, _):
        request.head(status, 0, {"Location": place, **dict(headers)})

    with HttpServer(answer) as server:
        yield server, server.url


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_another_host_is_an_error_that_names_it(status):
    with (
        serving() as (other, away),
        serving(status=status, place=away.replace("http://", "http://me:word@")) as (one, url),
    ):
        with pytest.raises(
            ServerError, match=rf"{status}.*'127\.0\.0\.1:{other.server_port}'.*Give the address"
        ) as caught:
            JsonPost("secret", tries=3, wait=lambda _: None)(url, {"model": "m"})
        assert "word" not in str(caught.value)
        assert [(asked["method"], asked["key"]) for asked in one.seen] == [("POST", "Bearer secret")]
        assert other.seen == []


@pytest.mark.parametrize("place", ["/v1/there", "", "http://[::1", "//\udcff", "file:///etc/passwd"])
def test_so_is_one_to_the_same_host_or_to_nowhere(place):
    with serving(place=place.encode("utf-8", "replace").decode()) as (one, url):
        with pytest.raises(ServerError, match="redirect"):
            JsonPost()(url, {})
        assert len(one.seen) == 1


def test_no_user_follows_one(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    with serving() as (other, away), serving(place=away) as (_, url):
        ruling = make_policy(f"endpoint:{url}#guard").check("a text", "challenger")
        assert (ruling.code, ruling.refused) == ("unchecked", True)
        assert "redirect" in ruling.why
        with pytest.raises(ServerError, match="redirect"):
            OpenAIAgent(f"m@{url}").act(["What is 1+1?"], seed=0)
        assert other.seen == []


@pytest.mark.parametrize("seconds", [0, -1, 1e10, float("inf"), float("nan"), True, "3"])
def test_a_time_that_no_socket_can_wait_is_refused(seconds):
    with pytest.raises(ConfigError, match="timeout_s"):
        JsonPost(timeout_s=seconds)
    with pytest.raises(ConfigError, match="timeout_s"):
        OpenAIAgent("m@http://localhost:1/v1", timeout_s=seconds)


@pytest.mark.parametrize(
    ("asked", "waits"),
    [
        ("3", 3.0),
        ("0.25", 0.25),
        ("nan", 1.0),
        ("inf", 1.0),
        ("-5", 1.0),
        ("1e3", 1.0),
        ("soon", 1.0),
        ("", 1.0),
        (None, 1.0),
    ],
)
def test_what_a_server_asks_for_is_waited_for_if_it_is_a_time(asked, waits):
    found = []
    headers = {} if asked is None else {"Retry-After": asked}
    with serving(status=429, headers=headers) as (_, url), pytest.raises(ServerError, match="429"):
        JsonPost(tries=2, wait=found.append)(url, {})
    assert found == [waits]


@pytest.mark.parametrize("parallel", [0, 2.5, 10**9, True])
def test_so_is_a_number_of_requests_that_is_none(parallel):
    with pytest.raises(ConfigError, match="parallel"):
        OpenAIAgent("m@http://localhost:1/v1", parallel=parallel)
