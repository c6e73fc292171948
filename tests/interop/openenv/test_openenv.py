"""OpenEnv serves our games: its validator, its client, its sessions, and rewards equal to Gymnasium's."""

import json
import random
import socket
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import gymnasium as gym
import pytest

import selfplay_gym
from selfplay_gym.core.errors import ConfigError, MissingExtraError, UnknownNameError
from selfplay_gym.envs.views.spaces import MAX_COMPLETION

pytest.importorskip("openenv", reason="OpenEnv 0.10 is tested in an environment of its own: docs/interop_openenv.md")
uvicorn = pytest.importorskip("uvicorn")

from openenv.cli._validation import validate_running_environment  # noqa: E402
from openenv.validation import Level, Verdict, run_validation  # noqa: E402
from websockets.sync.client import connect  # noqa: E402

from selfplay_gym.interop.openenv.client import SelfPlayClient  # noqa: E402
from selfplay_gym.interop.openenv.models import SelfPlayAction, SelfPlayObservation  # noqa: E402
from selfplay_gym.interop.openenv.server.app import LONGEST_MESSAGE, make_app  # noqa: E402
from selfplay_gym.interop.openenv.server.environment import SelfPlayEnvironment  # noqa: E402

ROOM = Path(selfplay_gym.__file__).parent / "interop" / "openenv"


class Served(uvicorn.Server):
    """Says when it is up, so that nobody waits longer than needed."""

    def __init__(self, app):
        super().__init__(uvicorn.Config(app, port=0, ws_max_size=LONGEST_MESSAGE, log_level="error"))
        self.up = threading.Event()

    async def startup(self, sockets=None):
        await super().startup(sockets)
        self.up.set()

    @property
    def address(self):
        return f"127.0.0.1:{self.servers[0].sockets[0].getsockname()[1]}"


@contextmanager
def serving(**settings):
    """The address of a server that plays while the block runs."""
    server = Served(make_app(**settings))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        assert server.up.wait(30)
        yield server.address
    finally:
        server.should_exit = True
        thread.join(30)
        assert not thread.is_alive()


@pytest.fixture(scope="module")
def address():
    with serving(sessions=3) as found:
        yield found


def said(connection, kind, **data):
    """What the server answers to one message."""
    connection.send(json.dumps({"type": kind, "data": data}))
    return json.loads(connection.recv(timeout=20))


def test_openenvs_own_validator_passes():
    report = run_validation(ROOM, max_level=Level.STATIC)
    assert report.verdict is Verdict.PASS
    assert [result.check_id for result in report.results] == ["static.manifest"]


def test_openenvs_probe_of_a_running_server_passes(address):
    report = validate_running_environment(f"http://{address}")
    assert report["passed"], report["summary"]
    assert report["summary"]["failed_criteria"] == []


def test_an_episode_over_the_websocket_earns_what_gymnasium_pays(address):
    env = gym.make("SelfPlayMath-v0", curriculum="fixed(level=0.3)")
    with SelfPlayClient(base_url=f"http://{address}").sync() as client:
        for seed in range(5):
            asked, _ = env.reset(seed=seed)
            begun = client.reset(seed=seed, level=0.3, episode_id=f"e{seed}")
            assert (begun.observation.prompt, begun.reward, begun.done) == (asked, None, False)
            text = rf"I think \boxed{{{seed + 7}}}"
            _, reward, _, _, info = env.step(text)
            ended = client.step(SelfPlayAction(text=text))
            assert isinstance(ended.observation, SelfPlayObservation)
            assert (ended.reward, ended.done, ended.observation.label) == (reward, True, info["label"])
            state = client.state()
            assert (state.episode_id, state.step_count, state.level) == (f"e{seed}", 1, 0.3)


def test_a_thousand_odd_texts_earn_the_same(address, texts):
    """Through the wire: JSON, the models, the session's thread. 250 of them; the rest in process."""
    env, rng = gym.make("SelfPlayMath-v0", curriculum="fixed(level=0.4)"), random.Random(4)
    inside = SelfPlayEnvironment()
    stored = [text for _, text in texts.attempts()]
    rewards = []
    with SelfPlayClient(base_url=f"http://{address}").sync() as client:
        for number in range(1000):
            env.reset(seed=number)
            label = env.step("")[4]["label"]
            env.reset(seed=number)
            text = (texts.odd_text(rng, label) if number % 3 else stored[number])[-MAX_COMPLETION:]
            _, reward, _, _, info = env.step(text)
            if number % 4:
                inside.reset(seed=number, level=0.4)
                got = inside.step(SelfPlayAction(text=text))
                earned, outcome = got.reward, got.outcome
            else:
                client.reset(seed=number, level=0.4)
                result = client.step(SelfPlayAction(text=text))
                earned, outcome = result.reward, result.observation.outcome
            assert (earned, outcome) == (reward, info["verdict"].outcome.value), repr(text[:200])
            rewards.append(earned)
    assert 50 < sum(rewards) < 950


def test_challengers_are_rewarded_as_in_gymnasium(address):
    proposals = (r"<question>What is 17 * 3 - 4?</question> \boxed{47}", "no question", "<question></question>", "")
    env = gym.make("SelfPlayMath-v0", role="challenger")
    with SelfPlayClient(base_url=f"http://{address}").sync() as client:
        for seed, text in enumerate(proposals):
            asked, _ = env.reset(seed=seed)
            assert client.reset(seed=seed, role="challenger").observation.prompt == asked
            _, reward, _, _, info = env.step(text)
            ended = client.step(SelfPlayAction(text=text))
            assert (ended.reward, ended.observation.question) == (reward, info["question"])


def test_sessions_do_not_see_each_other():
    """Twelve at a time; each alone would play the same."""

    def play(seed):
        with SelfPlayClient(base_url=f"http://{found}").sync() as client:
            prompts = [client.reset(seed=seed).observation.prompt]
            rewards = []
            for text in (r"\boxed{4}", "x", r"\boxed{12}"):
                rewards.append(client.step(SelfPlayAction(text=text)).reward)
                prompts.append(client.reset().observation.prompt)
            return prompts, rewards

    with serving(sessions=12) as found, ThreadPoolExecutor(12) as pool:
        together = list(pool.map(play, [s % 4 for s in range(12)]))
        assert together == [play(s % 4) for s in range(12)]
    assert together[0] != together[1]


def test_one_session_too_many_is_told_so_and_dropped_ones_make_room(address):
    for _ in range(4):  # more than there is room for, all dropped without a word
        with ExitStack() as stack:
            raw = [stack.enter_context(connect(f"ws://{address}/ws")) for _ in range(3)]
            for one in raw:
                assert said(one, "reset", seed=1)["type"] == "observation"
            with connect(f"ws://{address}/ws") as late:
                refusal = json.loads(late.recv(timeout=20))
                assert refusal["data"]["code"] == "CAPACITY_REACHED"
            for one in raw:
                one.socket.shutdown(socket.SHUT_RDWR)
        free(address)


def free(address):
    """Return once the server has noticed that its sessions are gone."""
    for _ in range(200):
        with connect(f"ws://{address}/ws") as one:
            one.send(json.dumps({"type": "reset", "data": {}}))
            if json.loads(one.recv(timeout=20))["type"] == "observation":
                return
    pytest.fail("a dropped connection kept its session")


@pytest.mark.parametrize(
    ("kind", "data", "code", "says"),
    [
        ("reset", {"role": "judge"}, "EXECUTION_ERROR", "role must be"),
        ("reset", {"level": 2}, "EXECUTION_ERROR", "level must be a number in [0, 1], got 2"),
        ("reset", {"level": "hard"}, "EXECUTION_ERROR", "level must be a number"),
        ("reset", {"level": True}, "EXECUTION_ERROR", "level must be a number"),
        ("reset", {"seed": -1}, "EXECUTION_ERROR", "seed must be an integer"),
        ("reset", {"seed": "x"}, "EXECUTION_ERROR", "seed must be an integer"),
        ("reset", {"lvl": 0.3, "split": "held_out"}, "EXECUTION_ERROR", "'lvl', 'split' of reset"),
        ("step", {}, "VALIDATION_ERROR", "Field required"),
        ("step", {"text": 5}, "VALIDATION_ERROR", "valid string"),
        ("step", {"text": None}, "VALIDATION_ERROR", "valid string"),
        ("step", {"text": "4", "reward": 1.0}, "VALIDATION_ERROR", "Extra inputs"),
        ("step", {"text": "9" * (MAX_COMPLETION + 1)}, "EXECUTION_ERROR", "262,145 characters"),
        ("dance", {}, "UNKNOWN_TYPE", "dance"),
    ],
)
def test_bad_messages_get_one_clear_error_and_the_episode_goes_on(address, kind, data, code, says):
    with connect(f"ws://{address}/ws") as connection:
        said(connection, "reset", seed=3, level=0.2)
        error = said(connection, kind, **data)
        assert (error["type"], error["data"]["code"]) == ("error", code)
        assert says in json.dumps(error["data"], ensure_ascii=False)
        assert said(connection, "step", text=r"\boxed{1}")["data"]["done"] is True
        after = said(connection, "step", text=r"\boxed{1}")
        assert "no episode has begun" in after["data"]["message"]


def test_a_message_beyond_all_bounds_ends_its_connection_alone(address):
    with connect(f"ws://{address}/ws") as other:
        said(other, "reset", seed=1)
        with connect(f"ws://{address}/ws") as connection, pytest.raises(Exception, match="1009"):
            said(connection, "step", text="x" * LONGEST_MESSAGE)
        assert said(other, "step", text="4")["data"]["done"] is True


@pytest.mark.parametrize("text", ["\U0010ffff" * MAX_COMPLETION, "\x00" * MAX_COMPLETION])
def test_the_longest_text_is_judged(address, text):
    with connect(f"ws://{address}/ws") as connection:
        said(connection, "reset", seed=1)
        assert said(connection, "step", text=text)["data"]["reward"] == 0.0


def test_what_is_no_json_is_told_so(address):
    with connect(f"ws://{address}/ws") as connection:
        connection.send("{")
        assert json.loads(connection.recv(timeout=20))["data"]["code"] == "INVALID_JSON"


def test_http_has_no_episodes_and_says_so(address):
    import httpx2

    refused = httpx2.post(f"http://{address}/step", json={"action": {"text": "4"}})
    assert refused.status_code == 400
    assert "WebSocket" in refused.json()["detail"]
    assert httpx2.post(f"http://{address}/reset", json={"seed": 3}).json()["observation"]["prompt"]


def test_settings_that_cannot_work_are_refused_before_anything_is_served():
    with pytest.raises(UnknownNameError, match="SelfPlayMath-v0"):
        make_app("SelfPlayMaths-v0")
    with pytest.raises(ConfigError, match="sessions"):
        make_app(sessions=0)
    with pytest.raises(ConfigError, match="verifer"):
        make_app(verifer="sympy")


def test_other_games_and_settings_are_served():
    env = SelfPlayEnvironment("SelfPlayMath-v0", solver={"name": "noisy", "skill": 0.5}, attempts=4)
    env.reset(seed=1, role="challenger")
    asked = env.step(SelfPlayAction(text=r"<question>What is 17 * 3 - 4?</question> \boxed{47}"))
    assert asked.question is not None
    assert set(asked.reward_terms)
    assert SelfPlayEnvironment("SelfPlayCode-v0").reset(seed=1).prompt


def test_a_missing_package_names_the_extra(monkeypatch):
    for name in [one for one in sys.modules if one.partition(".")[0] == "openenv"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "openenv", None)
    monkeypatch.delitem(sys.modules, "selfplay_gym.interop.openenv.models")
    with pytest.raises(MissingExtraError, match=r"selfplay-gym\[openenv\]"):
        __import__("selfplay_gym.interop.openenv.models")
