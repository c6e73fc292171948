"""Sources held to their contract, row by row and number by number; every refusal names the value and the remedy."""

import json
import re
from types import SimpleNamespace

import pytest

from selfplay_gym import Question, make_domain, make_reward, make_source, make_verifier
from selfplay_gym.core.errors import ConfigError, PluginError
from selfplay_gym.core.protocols import Draw
from selfplay_gym.core.records import TaskSpec
from selfplay_gym.core.seeding import integer_seed, python_stream
from selfplay_gym.envs.game.engine import Game
from selfplay_gym.envs.sources.file import read_questions
from selfplay_gym.envs.sources.mixing import drawn, mix
from selfplay_gym.envs.sources.players import ProceduralSource, proposed

GAME = Game(make_domain("math"), make_verifier("exact"), make_reward("r-zero"))
GOOD = r"<question>What is 1+2?</question> \boxed{3}"


class Writer:
    def __init__(self, acted):
        self.acted, self.calls = acted, []

    def act(self, prompts, *, n=1, seed=None):
        self.calls.append((list(prompts), n, seed))
        return self.acted


def refuses(kind, said):
    return pytest.raises(kind, match=f"^{re.escape(said)}")


# --- agents who write ---


def test_the_challengers_source_may_ask_another_role():
    writer = Writer([[GOOD]])
    source = make_source("challenger(role=tutor)")
    assert source.role == "tutor"
    assert len(source.draw(1, Draw(5, round=2, game=GAME, agents={"tutor": writer}))) == 1
    assert writer.calls == [([GAME.instruct()], 1, integer_seed(5, "generate", 2, 0))]


@pytest.mark.parametrize(("agents", "there"), [({}, "nobody"), ({"solver": 1, "judge": 2}, "judge, solver")])
def test_a_challenger_that_is_not_there_is_named_with_who_is(agents, there):
    said = (
        f"the source 'challenger' needs an agent in the role 'challenger', and there is {there}; give "
        "'agent(name=...)', an agent of its own"
    )
    with refuses(ConfigError, said):
        make_source("challenger").draw(1, Draw(0, game=GAME, agents=agents))


def test_an_agents_own_source_has_a_stream_of_its_own():
    writer = Writer([[GOOD, "nonsense"]])
    draw = Draw(5, round=2, game=GAME, rejected=[("before", "why")])
    assert len(make_source({"name": "agent", "agent": writer}).draw(2, draw)) == 1
    assert writer.calls == [([GAME.instruct()], 2, integer_seed(5, "agent", 2))]
    assert draw.rejected == [("before", "why"), ("nonsense", "no <question>…</question>")]


@pytest.mark.parametrize("options", [{}, {"agent": None}])
def test_the_source_agent_needs_one_agent(options):
    with refuses(ConfigError, "the source 'agent' takes the name of one agent: agent(name=generator)"):
        make_source("agent", **options)


@pytest.mark.parametrize("acted", [None, [], [["a"]], [["a", "b"], ["c", "d"]], [["a", 3]], ["ab"], "ab"])
def test_an_agent_gives_a_list_of_as_many_texts(acted):
    with refuses(PluginError, f"the agent Writer must give a list of 2 texts for each of 1 prompts, got {acted!r:.80}"):
        proposed(Writer(acted), 2, Draw(0, game=GAME), 1)


def test_an_agent_writes_for_a_game_and_is_not_asked_for_nothing():
    said = "an agent needs a game to write questions for: its instruction, and a reader of its texts"
    with refuses(ConfigError, said):
        proposed(Writer([[GOOD]]), 1, Draw(0), 1)
    writer = Writer(None)
    assert proposed(writer, 0, Draw(0, game=GAME), 1) == []
    assert writer.calls == []


# --- a generator that writes ---


class Generator:
    def generate(self, spec, rng):
        return spec, rng.random()


def test_procedural_questions_follow_the_level_asked_for_or_the_curriculum():
    curriculum = SimpleNamespace(sample=lambda rng: TaskSpec(rng.random()))
    source, given = make_source("procedural"), {"round": 3, "generator": Generator()}
    assert ProceduralSource.follows_curriculum is True
    rng = python_stream(7, "draw", 3)
    asked = [TaskSpec(rng.random()) for _ in range(2)]
    assert source.draw(2, Draw(7, curriculum=curriculum, **given)) == [(spec, rng.random()) for spec in asked]
    for level in (0.0, 0.5):
        for chosen in (curriculum, None):
            found = source.draw(2, Draw(7, level=level, curriculum=chosen, **given))
            assert [spec for spec, _ in found] == [TaskSpec(level)] * 2
            assert [number for _, number in found] == [python_stream(7, "draw", 3).random(), found[1][1]]


@pytest.mark.parametrize("given", [{}, {"generator": Generator()}, {"level": 0.5}])
def test_procedural_questions_need_a_generator_and_a_level(given):
    with refuses(ConfigError, "the source 'procedural' needs a generator, and a curriculum or a level"):
        make_source("procedural").draw(1, Draw(0, **given))


# --- what every source is held to ---


class Given:
    def __init__(self, questions):
        self.questions = questions

    def draw(self, n, draw):
        if isinstance(self.questions, Exception):
            raise self.questions
        return self.questions


Q = Question("?")


def test_questions_are_handed_on_as_they_are():
    for questions in ([], [Q], [Q, Q]):
        assert drawn(Given(questions), 2, Draw(0)) is questions


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ((Q,), "the source Given gave (Question("),
        (None, "the source Given gave None, expected a list of Questions"),
        ("x" * 200, f"the source Given gave {'x' * 80}, expected a list of Questions"),
        ([Q, "?"], "the source Given gave [Question("),
        ([Q] * 3, "the source Given gave 3 questions, at most 2 were asked for"),
        (RuntimeError("broken"), "the source Given raised RuntimeError: broken"),
    ],
)
def test_a_source_that_breaks_its_contract_is_named(given, said):
    with refuses(PluginError, said):
        drawn(Given(given), 2, Draw(0))


def test_a_remedy_that_a_source_names_is_passed_on():
    error = ConfigError("give me a file")
    with pytest.raises(ConfigError) as found:
        drawn(Given(error), 2, Draw(0))
    assert found.value is error


# --- files ---


@pytest.fixture
def write(tmp_path):
    def made(*rows):
        path = tmp_path / "q.jsonl"
        path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows), encoding="utf-8")
        return path

    return made


def test_a_row_as_it_is_read(write):
    rows = [
        {"question": "a?", "answer": "x"},
        {"question": "b?", "answer": None},
        {"question": "c?", "answer": 42, "level": 0},
        {"question": "d?", "answer": 0.5, "level": 1.0, "domain": "code", "meta": {"m": 1}},
    ]
    assert read_questions(write(*rows[:2], "  ", *rows[2:])) == [
        Question("a?", "x", "", None, "file", {}),
        Question("b?", None, "", None, "file", {}),
        Question("c?", "42", "", 0, "file", {}),
        Question("d?", "0.5", "code", 1.0, "file", {"m": 1}),
    ]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("nonsense", "not JSON that can be read ("),
        ("[1]", 'expected {"question": ..., "answer": ...}, got [1]'),
        ({"answer": "1"}, 'expected {"question": ..., "answer": ...}, got {"answer": "1"}'),
        ({"question": "?"}, 'expected {"question": ..., "answer": ...}, got {"question": "?"}'),
        (
            {"question": "?", "answer": "1", "b": 1, "a": 2},
            "unknown key a, b; a row has question, answer, domain, level, meta",
        ),
        ({"question": "", "answer": "1"}, "question must be a text that is not empty, got ''"),
        ({"question": 3, "answer": "1"}, "question must be a text that is not empty, got 3"),
        ({"question": "?", "answer": True}, "answer must be text, a number or null, got True"),
        ({"question": "?", "answer": [1]}, "answer must be text, a number or null, got [1]"),
        ({"question": "?", "answer": "1", "level": -0.1}, "level must be in [0, 1], got -0.1"),
        ({"question": "?", "answer": "1", "level": 1.1}, "level must be in [0, 1], got 1.1"),
        ({"question": "?", "answer": "1", "level": "0.5"}, "level must be in [0, 1], got '0.5'"),
        ({"question": "?", "answer": "1", "meta": []}, "meta must be an object and domain a name"),
        ({"question": "?", "answer": "1", "domain": 3}, "meta must be an object and domain a name"),
    ],
)
def test_a_row_that_cannot_be_read_is_named_with_its_line(write, row, said):
    path = write({"question": "a?", "answer": "x"}, "", row)
    with refuses(ConfigError, f"{path}, line 3: {said}"):
        read_questions(path)


def test_a_long_row_is_shown_in_part(write):
    path = write('{"question": "' + "x" * 200 + '"}')
    with pytest.raises(ConfigError) as found:
        read_questions(path)
    assert str(found.value).endswith(', got {"question": "' + "x" * 66)


def test_a_file_that_cannot_be_read_or_has_no_rows_is_named(tmp_path, write):
    with refuses(ConfigError, f"cannot read questions from '{tmp_path / 'none'}': "):
        read_questions(tmp_path / "none")
    (tmp_path / "latin").write_bytes(b"\xff\xfe")
    with refuses(ConfigError, f"cannot read questions from '{tmp_path / 'latin'}': "):
        read_questions(tmp_path / "latin")
    path = write("", "  ")
    with refuses(ConfigError, f'{path} has no questions; write one {{"question": ..., "answer": ...}} a line'):
        read_questions(path)


def test_draws_go_through_a_file_in_turn(write):
    path = write(*({"question": f"{i}?", "answer": None} for i in range(5)))

    def texts(source, n, round_, seed=0):
        return "".join(q.text[0] for q in source.draw(n, Draw(seed, round=round_, domain="sums")))

    once = make_source("file", path=str(path), shuffle=False)
    assert (once.path, once.repeat, once.shuffle) == (str(path), False, False)
    assert [texts(once, 2, k) for k in (0, 1, 2, 3, 4)] == ["01", "01", "23", "4", ""]
    again = make_source("file", path=str(path), shuffle=False, repeat=True)
    assert [texts(again, 2, k) for k in (1, 2, 3, 4)] == ["01", "23", "40", "12"]
    shuffled = make_source("file", path=str(path))
    order = list(range(5))
    python_stream(7, "file").shuffle(order)
    assert texts(shuffled, 5, 1, seed=7) == "".join(map(str, order))
    assert (shuffled.repeat, shuffled.shuffle) == (False, True)


def test_a_row_without_a_domain_is_of_the_one_that_is_played(write):
    source = make_source(
        "file", path=str(write({"question": "?", "answer": "1"}, {"question": "?", "answer": "1", "domain": "code"}))
    )
    assert {q.domain for q in source.draw(2, Draw(0, domain="sums"))} == {"sums", "code"}


# --- shares ---


def test_remainders_go_to_the_largest_and_then_in_order():
    assert mix({"a": 1, "b": 1, "c": 1}, 1) == {"a": 1, "b": 0, "c": 0}
    assert mix({"a": 1, "b": 2}, 4) == {"a": 1, "b": 3}
    assert mix({"a": 0, "b": 1}, 1) == {"a": 0, "b": 1}
    assert mix({"a": 0.26, "b": 0.37, "c": 0.37}, 10) == {"a": 2, "b": 4, "c": 4}


@pytest.mark.parametrize("n", [-1, 1.0, True, None, "3"])
def test_a_number_of_questions_is_a_whole_one(n):
    with refuses(ConfigError, f"the number of questions must be an integer >= 0, got {n!r}"):
        mix({"a": 1}, n)


@pytest.mark.parametrize("weight", [-0.5, float("inf"), float("nan"), True, "1", None])
def test_a_weight_is_a_finite_number(weight):
    with refuses(ConfigError, f"the weight of the source 'b' must be a finite number >= 0, got {weight!r}"):
        mix({"a": 1.0, "b": weight}, 3)


@pytest.mark.parametrize(("weights", "shown"), [({}, "none is given"), ({"a": 0.0}, "{'a': 0.0}")])
def test_some_source_has_a_weight(weights, shown):
    with refuses(ConfigError, f"no source has a weight above 0: {shown}"):
        mix(weights, 3)


@pytest.mark.parametrize("weights", [{"a": 1e308, "b": 1e308}, {"a": 10**400, "b": 1}])
def test_weights_that_overflow_are_refused(weights):
    with refuses(ConfigError, "the weights of the sources add up to more than a number holds"):
        mix(weights, 3)
