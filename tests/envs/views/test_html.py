"""The render mode "html": every view shows its episode, and no text of a model gets out of its place."""

import importlib.util
import re
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import gymnasium as gym
import pytest
from gymnasium.utils.env_checker import check_env
from pettingzoo.test import render_test

import selfplay_gym
from selfplay_gym.core.records import Judgement, Question, Verdict
from selfplay_gym.core.registries import make_turn_game
from selfplay_gym.envs import aec_env, notebooks, parallel_env
from selfplay_gym.envs.turns.play import Running
from selfplay_gym.envs.views.rendering import HTML

spec = importlib.util.spec_from_file_location(
    "hostile_texts", Path(selfplay_gym.__file__).parent / "tests" / "data" / "hostile_texts.py"
)
hostile = importlib.util.module_from_spec(spec)
spec.loader.exec_module(hostile)

TAGS = {"div", "details", "summary", "table", "tr", "th", "td", "b", "i", "code", "pre", "span"}
ATTRIBUTES = {"style", "class", "title"}
TEXTS = [f"{hostile.MARK}{text[:2000]}{hostile.MARK}" for text in hostile.HOSTILE.values()]


class Read(HTMLParser):
    """What a browser makes of a piece: its tags, whether all are closed, and the text."""

    def __init__(self, piece):
        super().__init__(convert_charrefs=True)
        self.open, self.text = [], ""
        self.feed(piece)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        assert tag in TAGS
        for name, value in attrs:
            assert name in ATTRIBUTES
            assert "url(" not in value
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data

    def handle_comment(self, data):
        raise AssertionError(f"a comment: {data}")

    handle_decl = handle_pi = unknown_decl = handle_comment


def text_of(piece):
    piece.encode("utf-8")  # no half of a surrogate pair
    return Read(piece).text


def played(text):
    """Every view with `text` wherever somebody can write it, as HTML."""
    for group in (True, False):
        envs = gym.make_vec("SelfPlayMath-v0", num_envs=2, group=group, render_mode="html", verifier="majority")
        envs.reset(seed=0, options={"question": Question(text, "2", domain="math")})
        yield from envs.render()
        envs.step([text, rf"\boxed{{{text}}}"])
        yield from envs.render()
        yield envs._repr_html_()
    for role in ("solver", "challenger"):
        env = gym.make("SelfPlayMath-v0", role=role, render_mode="html").unwrapped
        env.reset(seed=0)
        env.step(f"<question>{text}</question> \\boxed{{{text}}}")
        yield env.render()
    aec = aec_env("math", attempts=2, render_mode="html")
    aec.reset(seed=0)
    aec.step(f"<question>What is 1+1? {text}</question> \\boxed{{{text}}}")
    while aec.agents and not aec.terminations[aec.agent_selection]:
        aec.step(text)
    yield aec.render()
    for game in ("kuhn", "tic-tac-toe", "negotiation"):
        env = gym.make("SelfPlayTurnGame-v0", game=game, render_mode="html").unwrapped
        env.reset(seed=0)
        env.step(text)
        yield env.render()


@pytest.mark.parametrize("text", TEXTS, ids=hostile.HOSTILE)
def test_hostile_texts_are_only_text(text):
    pieces = list(played(text))
    assert len(pieces) > 10
    assert sum(hostile.MARK in text_of(piece) for piece in pieces) >= 8


@pytest.mark.parametrize("text", TEXTS, ids=hostile.HOSTILE)
def test_what_verifiers_say_is_only_text(text):
    fault = {"input": text, "actual": text, "expected": text, "line": 1, "code": text, "symptom": 2, "how": text}
    verdicts = [Verdict.correct(text, text), Verdict.wrong(None, text), Verdict.undecided(text)]
    judgement = Judgement(verdicts, text, 1 / 3, True, text, {"failing": [fault]})
    shown = text_of(HTML.show_attempts(text, Question(text), judgement, [text, "", text]))
    assert shown.count(hostile.MARK) > 10


def test_an_attempt_is_shown_with_its_verdict_reward_and_answer():
    env = gym.make("SelfPlayMath-v0", render_mode="html").unwrapped
    env.reset(seed=0, options={"question": Question("What is 1+1?", "2", domain="math")})
    assert "What is 1+1?" in text_of(env.render())
    env.step(r"I think \boxed{2}")
    assert "I think \\boxed{2}" in text_of(env.render())
    assert "title='correct'" in env.render()
    assert "1.00" in text_of(env.render())
    assert "1 of 1" in text_of(env.render())


def test_long_texts_and_many_attempts_are_cut():
    judgement = Judgement([Verdict.wrong(None, "none")] * 500, None, 0.0, False, "vote")
    piece = HTML.show_attempts("long", Question("x" * 10**6), judgement, ["y" * 10**6] * 500)
    assert "996,000 more characters" in piece
    assert "and 436 more" in piece
    assert len(piece) < 400_000


@pytest.mark.parametrize("kwargs", [{}, {"role": "challenger"}])
@pytest.mark.parametrize("name", ["SelfPlayMath-v0", "SelfPlayTokens-v0", "SelfPlayTeacher-v0", "SelfPlayKuhn-v0"])
def test_gymnasium_accepts_the_mode(name, kwargs):
    if kwargs and name != "SelfPlayMath-v0":
        kwargs = {}
    env = gym.make(name, render_mode="html", **kwargs)
    assert "html" in env.metadata["render_modes"]
    check_env(env.unwrapped)
    env.reset(seed=0)
    assert text_of(env.render())


@pytest.mark.parametrize("make", [aec_env, parallel_env])
@pytest.mark.parametrize("kwargs", [{"attempts": 2}, {"game": "kuhn"}])
def test_pettingzoo_accepts_the_mode(make, kwargs):
    assert "html" in make(**kwargs).metadata["render_modes"]
    if make is aec_env:
        render_test(lambda render_mode: seeded(aec_env(render_mode=render_mode, **kwargs)), {"html": text_of})
    env = make(render_mode="html", **kwargs)
    env.reset(seed=0)
    assert text_of(env.render()) == text_of(env._repr_html_())


def seeded(env):
    env.reset(seed=0)
    return env


@pytest.mark.parametrize("render_mode", [None, "ansi", "html"])
@pytest.mark.parametrize("name", ["SelfPlayMath-v0", "SelfPlayTokens-v0", "SelfPlayTeacher-v0", "SelfPlayKuhn-v0"])
def test_a_notebook_shows_an_environment_whatever_its_mode(name, render_mode):
    env = gym.make(name, render_mode=render_mode)
    env.reset(seed=0)
    assert text_of(env.unwrapped._repr_html_())
    assert notebooks.html_of(env) == env.unwrapped._repr_html_()


def test_before_the_first_reset_there_is_nothing_to_show():
    for name in ("SelfPlayMath-v0", "SelfPlayTokens-v0", "SelfPlayKuhn-v0"):
        assert gym.make(name).unwrapped._repr_html_() is None
    assert aec_env()._repr_html_() is None
    assert gym.make_vec("SelfPlayMath-v0", num_envs=2)._repr_html_() is None


def test_wrappers_are_shown_inside_ipython_alone(monkeypatch):
    asked = []
    formatter = SimpleNamespace(for_type_by_name=lambda *what: asked.append(what))
    shell = SimpleNamespace(display_formatter=SimpleNamespace(formatters={"text/html": formatter}))
    monkeypatch.setitem(notebooks.sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: None))
    notebooks.show_wrapped()
    assert asked == []
    monkeypatch.setitem(notebooks.sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    notebooks.show_wrapped()
    assert [what[:2] for what in asked] == list(notebooks.WRAPPERS)


def test_a_wrapper_with_a_view_of_its_own_keeps_it_and_others_have_none():
    class Own(gym.Wrapper):
        def _repr_html_(self):
            return "own"

    assert notebooks.html_of(Own(gym.make("SelfPlayMath-v0"))) == "own"
    assert notebooks.html_of(gym.make("SelfPlayMath-v0")) is None
    assert notebooks.html_of(gym.make("CartPole-v1")) is None


FINISHED = {
    "tic-tac-toe": (lambda legal: legal[0], "X X"),
    "kuhn": (lambda legal: legal[-1], "player_1 holds "),
    "negotiation": (lambda legal: "<accept>" if "<accept>" in legal else legal[3], "To player_1: a book "),
}


@pytest.mark.parametrize("game", FINISHED)
@pytest.mark.parametrize("mode", ["html", "ansi"])
def test_a_finished_game_shows_its_state(game, mode):
    choose, part = FINISHED[game]
    env = gym.make("SelfPlayTurnGame-v0", game=game, render_mode=mode, disable_env_checker=True).unwrapped
    _, info = env.reset(seed=2)
    while info["legal"]:
        _, _, _, _, info = env.step(choose(info["legal"]))
    rules, state = env.setup.game, env._running.state
    assert rules.to_move(state) is None
    shown = env.render() if mode == "ansi" else text_of(env.render())
    assert part in rules.show(state)
    assert all(line in shown for line in rules.show(state).splitlines())


def test_a_game_that_cannot_show_its_state_is_shown_without():
    class Nim:
        name, players = "nim", ("player_0", "player_1")

        def __getattr__(self, name):
            if name == "show":
                raise AttributeError(name)
            return getattr(make_turn_game("tic-tac-toe"), name)

    running = Running(make_turn_game("tic-tac-toe").move(make_turn_game("tic-tac-toe").start(None), "no"))
    assert "illegal" in text_of(HTML.show_turns("nim", Nim(), running))
    assert "1 2 3" not in text_of(HTML.show_turns("nim", Nim(), running))


def test_moves_stand_on_the_line_of_their_player():
    """A text in a cell has no margin, which would push it below its neighbours."""
    env = gym.make("SelfPlayTurnGame-v0", game="kuhn", render_mode="html").unwrapped
    env.reset(seed=0)
    env.step("check")
    cells = re.findall(r"<td[^>]*>(<div[^>]*>)", env.render())
    assert cells
    assert not any("margin" in cell for cell in cells)


def test_code_is_shown_as_code():
    env = gym.make("SelfPlayCode-v0", generator="deduction", render_mode="html").unwrapped
    env.reset(seed=0)
    env.step("So:\n```python\nx = 1 < 2\n```\n")
    assert "<code>def " in env.render()
    assert "<code>x = 1 &lt; 2</code>" in env.render()
    assert "```" not in text_of(env.render())
