"""Half-sent requests and half-read answers, by raw sockets: each has its time, and others are answered meanwhile."""

import select
import socket
import threading
import time
from contextlib import contextmanager

import pytest

from selfplay_gym.selfplay.dashboard import connection
from selfplay_gym.selfplay.dashboard.app import create_app
from selfplay_gym.selfplay.dashboard.server import Server

LIMIT_S = 0.4
PATIENCE_S = 30.0
"""Seconds after which a test gives up; nothing is measured against it."""
HEAD = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: %s\r\n"
POST = (
    b"POST /run/x/review/decisions HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: http://127.0.0.1\r\nCookie: %s\r\n"
    b"Content-Type: application/json\r\nContent-Length: 4000\r\n\r\n"
)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "config.toml").write_text("", encoding="utf-8")
    (tmp_path / "reviews.jsonl").touch()
    return tmp_path


@pytest.fixture
def server(folder, monkeypatch):
    """A dashboard of one run in which all times are short."""
    for name in ("HEAD_S", "BODY_S", "STALLED_S"):
        monkeypatch.setattr(connection, name, LIMIT_S)
    return Server(create_app([folder], "token"), None)


@pytest.fixture
def served(server):
    """Its port, a cookie for it, and the key of the run."""
    app = server.config.app
    (key,) = app.state.library.runs()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        cookie = f"{app.gate.cookie}=token; selfplay_gym_reviewer=anna".encode()
        try:
            yield listener.getsockname()[1], cookie, key.encode()
        finally:
            server.should_exit = True
            thread.join()


@contextmanager
def connected(port):
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as client:
        yield client


def answer(port, cookie):
    """What a whole request is answered with."""
    with connected(port) as client:
        client.sendall(HEAD % cookie + b"Connection: close\r\n\r\n")
        return until_closed(client)


def until_closed(client):
    found = b""
    try:
        while part := client.recv(2**16):
            found += part
    except ConnectionError:
        pass
    return found


def drip(client, content):
    """Send a byte after the other until the server has closed the connection; whether it did."""
    until = time.monotonic() + PATIENCE_S
    for at in range(len(content)):
        try:
            client.sendall(content[at : at + 1])
        except ConnectionError:
            return True
        if select.select([client], [], [], LIMIT_S / 20)[0]:
            try:
                if not client.recv(2**16):
                    return True
            except ConnectionError:
                return True
        if time.monotonic() > until:
            return False
    return until_closed(client) == b""


def test_nothing_at_all_is_not_waited_for(served):
    with connected(served[0]) as client:
        assert until_closed(client) == b""


def test_a_head_that_drips_is_not_waited_for_while_others_are_answered(served):
    port, cookie, _ = served
    with connected(port) as client:
        client.sendall(HEAD % cookie)
        assert answer(port, cookie).startswith(b"HTTP/1.1 303")
        assert drip(client, b"X-Long: " + b"x" * 2_000)
    assert answer(port, cookie).startswith(b"HTTP/1.1 303")


def test_a_body_that_drips_is_not_waited_for(served, folder, caplog):
    port, cookie, key = served
    with connected(port) as client:
        client.sendall((POST % cookie).replace(b"/x/", b"/%s/" % key))
        assert drip(client, b'{"id": "' + b"x" * 2_000)
    assert (folder / "reviews.jsonl").read_bytes() == b""
    assert "Traceback" not in caplog.text


def test_nor_is_one_whose_answer_is_there_already(served):
    with connected(served[0]) as client:
        client.sendall(POST % b"none")
        assert client.recv(2**16).startswith(b"HTTP/1.1 403")
        assert drip(client, b"x" * 2_000)


@pytest.mark.parametrize("begin", [b"GET /again HTT", POST % b"none" + b"half"])
@pytest.mark.parametrize("pause_s", [0.0, LIMIT_S / 2])
def test_a_second_request_on_a_connection_has_its_time_too(served, begin, pause_s):
    """Behind the first at once, or after its answer."""
    port, cookie, _ = served
    with connected(port) as client:
        client.sendall(HEAD % cookie + b"\r\n" + (begin if not pause_s else b""))
        assert client.recv(2**16).startswith(b"HTTP/1.1 303")
        assert drip(client, begin[len(begin) * (not pause_s) :] + b"x" * 2_000)


def test_an_answer_that_nobody_reads_is_broken_off(served, server):
    port, cookie, _ = served
    request = (HEAD % cookie).replace(b"GET /", b"GET /static/vendor/katex/katex.min.js") + b"\r\n"
    with connected(port) as client:
        client.sendall(request * 100)  # answers of 27 MB: far more than fits on the way
        assert client.recv(1)  # the first answer has begun
        until = time.monotonic() + PATIENCE_S
        while server.server_state.connections and time.monotonic() < until:
            select.select([], [], [], 0.02)
        assert not server.server_state.connections


def test_a_stream_lasts_beyond_all_times(served, folder):
    port, cookie, key = served
    with connected(port) as client:
        client.sendall((HEAD % cookie).replace(b"GET /", b"GET /run/%s/now/events" % key) + b"\r\n")
        found = b""
        while b"event: seen" not in found:
            found += client.recv(2**16)
        assert not select.select([client], [], [], 3 * LIMIT_S)[0] or client.recv(2**16)
        (folder / "timings.jsonl").write_text('{"round": 1, "phase": "label", "seconds": 5}\n', encoding="utf-8")
        while b"tokens" not in found and b"label" not in found:
            part = client.recv(2**16)
            assert part
            found += part
