"""Wrong uses of every public name end in an error of ours that names the value, never in one of Python's."""

import gymnasium as gym
import pytest

import selfplay_gym
from selfplay_gym.agents import LLMAgent
from selfplay_gym.core.errors import ConfigError, PluginError, RunError, SelfPlayError
from selfplay_gym.envs.sources.file import FileSource
from selfplay_gym.interop.export import export
from selfplay_gym.selfplay.commands.verify import verify_file
from selfplay_gym.selfplay.diagnose.measure import diagnose
from selfplay_gym.selfplay.diagnose.play import cross_play_run
from selfplay_gym.selfplay.exams.contamination import training_texts
from selfplay_gym.verifiers.output_policy.rules import RulePolicy


class Odd:
    """Satisfies no protocol."""

    def __repr__(self):
        return "Odd()"


ODD = Odd()
MAKERS = [name for name in selfplay_gym.__all__ if name.startswith("make_")]
REGISTERS = [name for name in selfplay_gym.__all__ if name.startswith("register_")]
IDS = sorted(name for name in gym.registry if name.startswith("SelfPlay"))
NO_NAME = (5, None, 3.2, True, b"x", (), {1})
NO_PATH = (5, None, 3.2, b"x", [], {}, ODD, "", "x\0y")


def called(name, *arguments, **options):
    return lambda: getattr(selfplay_gym, name)(*arguments, **options)


TABLE = {
    **{f"{name}({value!r})": (called(name, value), repr(value)) for name in MAKERS for value in NO_NAME},
    **{f"{name}({value!r})": (called(name, value), "nope") for name in MAKERS for value in ("nope", {"nope": 1})},
    **{f"{name}({{'name': 5}})": (called(name, {"name": 5}), "5") for name in MAKERS},
    **{
        f"{name}({value!r}, …)": (called(name, value, "m:a"), repr(value))
        for name in REGISTERS
        for value in (5, b"x", "", None)
    },
    **{
        f"{name}('w', {value!r})": (called(name, "wrong", value), repr(value))
        for name in REGISTERS
        for value in (5, "", [], "no_address")
    },
    **{f"{name}({value!r})": (called(name, value), repr(value)) for name in ("Run", "load_agent") for value in NO_PATH},
    **{f"train('debug', {value!r})": (called("train", "debug", value), repr(value)) for value in NO_PATH},
    **{
        f"train({value!r}, …)": (called("train", value, "never"), repr(value))
        for value in (5, None, 3.2, b"x", [], "nope", ODD)
    },
    **{
        f"Policy({name}={value!r})": (called("make_verifier", "sympy", policy={name: value}), repr(value))
        for name, value in (("tolerance", "nan"), ("tolerance", float("nan")), ("decimals", "x"), ("tuples", 5))
    },
    "train(5)": (called("train", 5), "5"),
    "train('debug')": (called("train", "debug"), "run_dir"),
    "train(console)": (called("train", "debug", "never", console=ODD), "Odd()"),
    **{f"exam({value!r})": (called("exam", value), repr(value)) for value in (5, None, 3.2, b"x", [], "nope")},
    **{
        f"exam({name}={value!r})": (called("exam", "oracle", **{name: value}), repr(value))
        for name in ("questions", "samples", "seed")
        for value in (-1, 2.5, "x", None, [], True)
    },
    **{f"exam({name}=5)": (called("exam", "oracle", **{name: 5}), "5") for name in ("generator", "verifier")},
    **{
        f"RunConfig.from_dict({value!r})": (lambda value=value: selfplay_gym.RunConfig.from_dict(value), repr(value))
        for value in (5, None, [], ODD)
    },
    "RunConfig(rounds)": (called("RunConfig", rounds="x"), "'x'"),
    "RunConfig(mapping)": (called("RunConfig", {"rounds": 3}), "{'rounds': 3}"),
    "Question(5)": (called("Question", 5), "5"),
    "Question('q', 5)": (called("Question", "q", 5), "5"),
    "TaskSpec('x')": (called("TaskSpec", "x"), "'x'"),
    "TaskSpec(None)": (called("TaskSpec", None), "None"),
    "Verdict('right', 1)": (called("Verdict", "right", 1.0), "'right'"),
    "Verdict(…, 'x')": (called("Verdict", selfplay_gym.Outcome.WRONG, "x"), "'x'"),
    "Outcome('nope')": (called("Outcome", "nope"), "'nope'"),
}


@pytest.mark.parametrize("use", TABLE)
def test_a_wrong_use_is_an_error_that_names_the_value(use, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    wrong, value = TABLE[use]
    with pytest.raises((ConfigError, RunError, PluginError)) as raised:
        wrong()
    assert value in str(raised.value)
    assert list(tmp_path.iterdir()) == []


PATHS = {
    "verify_file(source)": lambda path: verify_file(path, "never.jsonl"),
    "verify_file(target)": lambda path: verify_file("never.jsonl", path),
    "export": lambda path: export("mixed", "lm-eval", path, limit=1),
    "diagnose": diagnose,
    "cross_play_run": cross_play_run,
    "training_texts": lambda path: list(training_texts(path)),
    "source": FileSource,
    "rules": RulePolicy,
    "save_pretrained": lambda path: LLMAgent.from_pretrained("tiny").save_pretrained(path),
}


@pytest.mark.parametrize("what", PATHS)
@pytest.mark.parametrize("path", ["", 5, b"x", "x\0y"], ids=repr)
def test_what_is_no_path_is_refused_wherever_one_is_asked(what, path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=r"must be a path, such as '.*, got ") as raised:
        PATHS[what](path)
    assert repr(path) in str(raised.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ['file(path="")', 'file("")', 'open(data=jsonl:"")', "open(data=\"gsm8k:''\")"])
def test_a_source_of_no_file_is_refused(text):
    with pytest.raises(ConfigError, match=r"must be a path|names no file"):
        selfplay_gym.make_source(text)


@pytest.mark.parametrize("option", ["verifier", "generator", "opponent"])
def test_an_empty_name_is_not_taken_for_none(option):
    options = {"role": "challenger"} if option == "opponent" else {}
    with pytest.raises(ConfigError, match=r"unknown .* ''"):
        gym.make("SelfPlayMath-v0", **options, **{option: ""})


@pytest.mark.parametrize("name", MAKERS)
def test_an_object_that_is_none_of_it_says_what_it_lacks(name):
    with pytest.raises(PluginError, match="Odd"):
        getattr(selfplay_gym, name)(ODD)


@pytest.mark.parametrize("identifier", IDS)
@pytest.mark.parametrize("value", [5, 3.2, ODD, "nope", b"x", [1]], ids=repr)
@pytest.mark.parametrize(
    "option",
    [
        "verifier",
        "generator",
        "curriculum",
        "role",
        "render_mode",
        "reward",
        "solver",
        "template",
        "game",
        "opponent",
        "domain",
        "nope",
    ],
)
def test_an_environment_refuses_it(identifier, option, value):
    with pytest.raises(SelfPlayError):
        gym.make(identifier, **{option: value})


@pytest.mark.parametrize("identifier", IDS)
@pytest.mark.parametrize("options", [{"nope": 1}, {"level": 2}, {"question": "Who?"}, "x", 3, [1]], ids=repr)
def test_options_of_reset_are_read_or_refused(identifier, options):
    env = gym.make(identifier, **({"game": "kuhn"} if "TurnGame" in identifier else {}))
    for nothing in (None, {}):
        env.reset(seed=0, options=nothing)
    with pytest.raises(ConfigError, match=next(iter(options), "x") if isinstance(options, dict) else "mapping"):
        env.reset(options=options)


@pytest.mark.parametrize("identifier", ["SelfPlayMath-v0", "SelfPlayKuhn-v0"])
def test_options_of_a_group_are_read_or_refused(identifier):
    for role in ("solver", "challenger") if "Math" in identifier else (None,):
        envs = gym.make_vec(identifier, num_envs=2, **({"role": role} if role else {}))
        envs.reset(seed=0, options={})
        with pytest.raises(ConfigError, match="no option 'level'"):
            envs.reset(options={"level": 0.5})


def test_a_message_shows_the_ends_of_a_long_value_and_the_right_article():
    for name in ("make_agent", "make_verifier", "make_reward"):
        with pytest.raises(ConfigError, match=r"'xyxy.*….*xyxy'") as raised:
            getattr(selfplay_gym, name)("xy" * 1000)
        assert len(str(raised.value)) < 1000
    with pytest.raises(PluginError, match=r"agent 'builtins:object' built an object, .* An agent has act"):
        selfplay_gym.make_agent("builtins:object")
    for name in ("openai:", "llm:"):
        with pytest.raises(ConfigError, match=f"'{name}' is a beginning: a name must follow the colon"):
            selfplay_gym.make_agent(name)


def test_an_id_that_belongs_to_no_game_asks_for_one():
    with pytest.raises(ConfigError, match="game names what is played, as in game='kuhn'"):
        gym.make("SelfPlayTurnGame-v0")
    with pytest.raises(ConfigError, match="game names what is played"):
        gym.make_vec("SelfPlayTurnGame-v0", num_envs=2)
