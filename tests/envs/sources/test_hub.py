"""Data sets of the Hub without a network: one question, one line, and the copy that was downloaded before."""

import socket
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from selfplay_gym.core.errors import ConfigError
from selfplay_gym.envs.sources import hub
from selfplay_gym.envs.sources.hub import from_cache, unreachable
from selfplay_gym.envs.sources.row_files import read_rows

datasets = pytest.importorskip("datasets")
from huggingface_hub import constants  # noqa: E402 - comes with datasets

SETTINGS = (datasets.config, constants)


@pytest.fixture
def closed():
    """An address at which nothing listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


@pytest.fixture(params=[200, 401, 404, 503])
def answering(request):
    """An address that answers with a status."""

    class Answer(BaseHTTPRequestHandler):
        def do_HEAD(self):
            self.send_response(request.param)
            self.end_headers()

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def asked(monkeypatch):
    """What the library is asked, and whether it may use a network then."""
    calls = []

    def load(name, config, split):
        calls.append((name, [module.HF_HUB_OFFLINE for module in SETTINGS]))
        return [{"question": "1+1?", "answer": "2"}]

    monkeypatch.setattr(datasets, "load_dataset", load)
    for module in SETTINGS:
        monkeypatch.setattr(module, "HF_HUB_OFFLINE", False)
    return calls


def test_any_answer_is_one(answering):
    assert unreachable(answering) == ""


def test_where_nothing_listens_the_reason_is_said(closed, monkeypatch):
    assert unreachable(closed) == "Connection refused"
    monkeypatch.setattr(hub, "PATIENCE_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert "timed out" in unreachable(f"http://127.0.0.1:{silent.getsockname()[1]}")


@pytest.mark.parametrize("address", ["", "no address", "http//x", "foo://x"])
def test_what_is_no_address_is_left_to_the_library(address):
    assert isinstance(unreachable(address), str)


def test_a_proxy_that_only_the_library_knows_is_left_to_it(closed, monkeypatch):
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:1")
    assert unreachable(closed) == ""


def test_a_hub_that_answers_is_asked_as_always(answering, asked, monkeypatch):
    monkeypatch.setattr(datasets.config, "HF_ENDPOINT", answering)
    assert len(list(read_rows("somebody/questions"))) == 1
    assert asked == [("somebody/questions", [False, False])]


def test_without_an_answer_the_copy_of_earlier_is_read_and_settings_are_as_before(closed, asked, monkeypatch):
    monkeypatch.setattr(datasets.config, "HF_ENDPOINT", closed)
    assert len(list(read_rows("somebody/questions"))) == 1
    assert asked == [("somebody/questions", [True, True])]
    assert [module.HF_HUB_OFFLINE for module in SETTINGS] == [False, False]
    with pytest.raises(ZeroDivisionError), from_cache(*SETTINGS):
        _ = 1 / 0
    assert [module.HF_HUB_OFFLINE for module in SETTINGS] == [False, False]


def test_a_folder_needs_no_hub(asked, monkeypatch, tmp_path):
    monkeypatch.setattr("selfplay_gym.envs.sources.row_files.unreachable", lambda _: pytest.fail("was asked"))
    (tmp_path / "train.jsonl").write_text('{"question": "1+1?", "answer": "2"}\n')
    assert len(list(read_rows(str(tmp_path)))) == 1


@pytest.mark.parametrize("offline", [False, True])
def test_without_a_copy_the_end_comes_at_once_and_in_one_line(closed, monkeypatch, tmp_path, offline):
    """The library itself, which waits half a minute between its tries where it may."""
    monkeypatch.setattr(datasets.config, "HF_ENDPOINT", closed)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path)
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", offline)
    monkeypatch.setattr(time, "sleep", lambda seconds: pytest.fail(f"waited {seconds} s"))
    why = "HF_HUB_OFFLINE is set" if offline else r"http://127.* does not answer \(Connection refused\)"
    with pytest.raises(ConfigError, match=rf"'somebody/questions'.*: {why}, and no copy .*give its path") as caught:
        list(read_rows("somebody/questions"))
    assert "\n" not in str(caught.value)
