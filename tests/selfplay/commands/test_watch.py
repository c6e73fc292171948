"""`selfplay-gym watch` and `train --watch`, as processes."""

import http.client
import json
import re
import signal
import socket
import subprocess
import sys

import pytest

from selfplay_gym.core.errors import ConfigError, MissingExtraError
from selfplay_gym.selfplay.commands import watch as command
from selfplay_gym.selfplay.commands.watch import check_watching, usual_port, watch

ADDRESS = re.compile(r"http://127\.0\.0\.1:(\d+)/\?token=([\w-]{32,})\n")
BESIDE = """
import sys
from pathlib import Path
from selfplay_gym.selfplay.commands.watch import watched
with watched(Path(sys.argv[1])):
    sys.stdin.readline()
"""


def started(*arguments, **more):
    pipes = {"stdout": subprocess.PIPE, "stdin": subprocess.PIPE, "text": True}
    return subprocess.Popen([sys.executable, *arguments], **pipes, **more)


def stream_of(line):
    """The stream of the first page of the only run."""
    port, token = ADDRESS.fullmatch(line).groups()
    connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=60)
    connection.request("GET", f"/?token={token}")
    answer = connection.getresponse()
    cookie = answer.headers["set-cookie"].partition(";")[0]
    answer.read()
    connection.request("GET", "/", headers={"Cookie": cookie})
    run = connection.getresponse()
    run.read()
    connection.request("GET", f"{run.headers['location']}/events", headers={"Cookie": cookie})
    return connection.getresponse()


def asked(line):
    """What the address of a line answers."""
    port, token = ADDRESS.fullmatch(line).groups()
    connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=60)
    connection.request("GET", f"/?token={token}")
    return connection.getresponse().status


@pytest.mark.parametrize(("signal_", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_it_serves_until_it_is_stopped(tmp_path, signal_, code):
    with started("-m", "selfplay_gym.cli", "watch", str(tmp_path)) as process:
        assert asked(process.stdout.readline()) == 303
        process.send_signal(signal_)
        assert process.wait(60) == code


def test_an_open_stream_does_not_keep_it_alive(tmp_path):
    (tmp_path / "config.toml").touch()
    with started("-m", "selfplay_gym.cli", "watch", str(tmp_path)) as process:
        stream = stream_of(process.stdout.readline())
        assert stream.headers["content-type"].startswith("text/event-stream")
        assert stream.readline().startswith(b"retry")
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130


def test_a_dashboard_beside_a_run_ends_with_it(tmp_path):
    """The pipe of the address is closed when both processes are gone."""
    with started("-c", BESIDE, str(tmp_path / "not there yet")) as process:
        assert asked(process.stdout.readline()) == 303
        process.stdin.write("go\n")
        process.stdin.flush()
        assert process.stdout.read() == ""
        assert process.wait(60) == 0


def test_whoever_looks_is_shown_how_the_run_ended_and_that_the_dashboard_ended_with_it(tmp_path):
    (tmp_path / "config.toml").touch()
    with started("-c", BESIDE, str(tmp_path), stderr=subprocess.STDOUT) as process:
        stream = stream_of(process.stdout.readline())
        first = b"".join(iter(stream.readline, b"event: seen\n"))
        assert b"Starting: nothing is written yet" in first
        (tmp_path / "state.json").write_text('{"round": 3, "phase": "done"}', encoding="utf-8")
        process.stdin.write("go\n")
        process.stdin.flush()
        rest = stream.read()
        assert b"Finished: after round 3" in rest
        (why,) = re.findall(rb"event: end\ndata: (.*)\n", rest)
        assert f"selfplay-gym watch {tmp_path} shows it" in json.loads(why)
        assert process.stdout.read() == ""  # not a word about how the dashboard was ended
        assert process.wait(60) == 0


def test_a_dashboard_beside_a_run_that_is_killed_ends_as_well(tmp_path):
    with started("-c", BESIDE, str(tmp_path)) as process:
        assert asked(process.stdout.readline()) == 303
        process.kill()
        assert process.stdout.read() == ""


def test_nothing_heavy_is_loaded_before_the_address_is_printed(tmp_path):
    code = (
        "import json, sys\nfrom pathlib import Path\n"
        "from selfplay_gym import cli\nfrom selfplay_gym.selfplay.commands.watch import watch\n"
        "def say(address):\n    print(json.dumps(sorted(sys.modules)))\n    raise SystemExit\n"
        "watch([Path(sys.argv[1])], host='127.0.0.1', port=0, say=say)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    loaded = set(json.loads(done.stdout))
    assert "starlette.responses" in loaded
    assert {"torch", "transformers", "scipy", "matplotlib", "sympy", "rich", "pandas"} & loaded == set()


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="is no folder"):
        watch([tmp_path / "nowhere"], host="127.0.0.1", port=0)


@pytest.mark.parametrize("host", ["127.0.0.1", "no.such.host.invalid", "x" * 300, "\ud800"])
def test_an_address_that_cannot_be_taken_is_said(tmp_path, host):
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(ConfigError, match="cannot be taken"):
        watch([tmp_path], host=host, port=taken.getsockname()[1])


def test_a_dashboard_of_the_same_folders_has_the_same_port_if_it_is_free(tmp_path):
    def port_of(*folders):
        found = []

        def say(address):
            found.append(int(ADDRESS.fullmatch(f"{address}\n").group(1)))
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            watch(list(folders), host="127.0.0.1", say=say)
        return found[0]

    one, other = tmp_path / "one", tmp_path / "other"
    for folder in (one, other):
        folder.mkdir()
    (tmp_path / "link").symlink_to(one)
    usual = usual_port([one])
    assert usual == usual_port([tmp_path / "other" / ".." / "one"]) == usual_port([tmp_path / "link"])
    assert usual_port([one, other]) == usual_port([other, one]) != usual
    assert len({usual_port([tmp_path / str(number)]) for number in range(200)}) > 190
    assert port_of(one) == port_of(one) == usual
    with socket.create_server(("127.0.0.1", usual)):
        assert port_of(one) != usual


def test_a_missing_package_is_named_before_anything_begins(monkeypatch):
    monkeypatch.setattr(command, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'selfplay-gym\[watch\]'"):
        check_watching()
