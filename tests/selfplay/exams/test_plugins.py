"""Every registered name works wherever such a thing is asked for: in exam, bench, verify and play."""

import io
import json

import pytest
from rich.console import Console

from selfplay_gym.cli import main
from selfplay_gym.core.errors import ConfigError, PluginError
from selfplay_gym.core.held_out import is_held_out
from selfplay_gym.core.protocols import BaseVerifier
from selfplay_gym.core.records import Judgement, Question, Verdict
from selfplay_gym.core.registries import agents, domains, generators, make_agent, verifiers
from selfplay_gym.envs.game.domains import GameDomain
from selfplay_gym.envs.game.templates import Template
from selfplay_gym.selfplay.bench import BenchSettings, run_bench
from selfplay_gym.selfplay.bench.agents import load_contestant
from selfplay_gym.selfplay.commands.list_names import names_of
from selfplay_gym.selfplay.commands.play import play_rounds
from selfplay_gym.selfplay.exams.hold import exam
from selfplay_gym.selfplay.exams.suites import load_suite, load_suites


class Sets:
    """Asks how many different letters a word has."""

    def __init__(self, letters: str = "abcdefgh", domain: str = "plug-sets") -> None:
        self.letters, self.domain = letters, domain

    def generate(self, spec, rng):
        word = "".join(rng.choice(self.letters) for _ in range(3 + int(6 * spec.level)))
        return Question(f"How many letters has {word}?", str(len(set(word))), self.domain, spec.level, "plug-sets")


class Counter:
    """Counts the letters."""

    name = "plug-counter"

    def act(self, prompts, *, n=1, seed=None):
        words = [prompt.split(" has ")[1].split("?")[0] for prompt in prompts]
        return [[rf"\boxed{{{len(set(word))}}}"] * n for word in words]


class Lenient(BaseVerifier):
    """Accepts whatever is boxed."""

    def judge(self, question, attempts):
        verdicts = [Verdict.correct("?") if "boxed" in text else Verdict.wrong(None) for text in attempts]
        return Judgement.of(verdicts, label=question.reference, label_source="reference")


DOMAIN = GameDomain(
    name="plug-sets",
    templates={"plain": Template("Write a question about a word.")},
    read=lambda text: "nothing can be read",
    generator="plug-letters",
    verifier="exact",
    solver="random",
    grader="plug-lenient",
    identify=lambda question: "".join(sorted(question.text)),
)


@pytest.fixture
def plugins():
    generators.register("plug-letters", Sets)
    agents.register("plug-counter", Counter)
    verifiers.register("plug-lenient", Lenient)
    yield
    generators.unregister("plug-letters")
    agents.unregister("plug-counter")
    verifiers.unregister("plug-lenient")


@pytest.fixture
def domain(plugins):
    domains.register("plug-sets", DOMAIN)
    yield DOMAIN
    domains.unregister("plug-sets")


def test_a_generator_of_an_unknown_domain_is_a_suite_graded_exactly(plugins):
    suite = load_suite("plug-letters", limit=40)
    assert (suite.verifier, suite.vote, len(suite.questions)) == ("exact", "majority", 40)
    assert len({question.text for question in suite.questions}) == 40
    report = run_bench([load_contestant("plug-counter")], [suite], BenchSettings(samples=2))
    assert report.entries[0].exam.accuracy.value == 1.0


def test_a_domain_says_what_is_held_out_and_who_grades(domain):
    suite = load_suite("plug-letters", limit=20)
    assert suite.verifier == "plug-lenient"
    assert all(is_held_out(domain.identity(question)) for question in suite.questions)
    own = load_suite("plug-sets", limit=20)
    assert (own.name, own.questions, own.verifier) == ("plug-sets", suite.questions, "plug-lenient")


def test_options_stand_behind_a_generators_name(plugins):
    first, other = load_suites("plug-letters(letters=xyzuvw, domain=elsewhere),arithmetic", limit=8)
    assert first.name == "plug-letters(letters=xyzuvw, domain=elsewhere)"
    assert not set("abc") & set("".join(q.text.split(" has ")[1] for q in first.questions))
    assert other.name == "arithmetic"


@pytest.mark.parametrize(
    ("name", "grader", "vote"),
    [
        ("mixed", "sympy", "majority"),
        ("math", "sympy", "majority"),
        ("abduction", "code", "majority"),
        ("induction", "code", None),
    ],
)
def test_built_in_generators_are_graded_as_ever(name, grader, vote):
    suite = load_suite(name, limit=3)
    assert (suite.verifier, suite.vote) == (grader, vote)


def test_a_suite_has_one_grader(domain):
    class Both:
        def generate(self, spec, rng):
            return Sets(domain=rng.choice(["plug-sets", "elsewhere"])).generate(spec, rng)

    with pytest.raises(ConfigError, match="different graders"):
        exam("plug-counter", generator=Both(), questions=12, samples=1)


def test_a_generator_with_few_questions_says_how_many(plugins):
    with pytest.raises(ConfigError, match="ask for fewer"):
        load_suite("plug-letters(letters=a)")


def test_exam_takes_names_and_live_agents_alike(plugins):
    by_name = exam("plug-counter", generator="plug-letters", questions=10, samples=2, seed=3)
    live = exam(Counter(), generator=Sets(), questions=10, samples=2, seed=3)
    assert by_name.accuracy.value == live.accuracy.value == 1.0
    assert by_name.agent == live.agent == "plug-counter"
    assert by_name.verifier == "exact"
    lenient = exam(make_agent("random"), generator="plug-letters", verifier="plug-lenient", questions=10, samples=2)
    assert (lenient.accuracy.value, lenient.verifier) == (1.0, "plug-lenient")
    assert exam("random", questions=8, samples=1).verifier == "sympy"
    with pytest.raises(PluginError, match="lacks: act"):
        exam(object(), questions=2)


def test_the_commands_take_registered_names(plugins, tmp_path, capsys):
    given = ["--generator", "plug-letters", "--questions", "6", "--samples", "2"]
    assert main(["exam", "plug-counter", *given, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["accuracy"]["value"] == 1.0
    assert main(["exam", "random", *given, "--verifier", "plug-lenient", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["verifier"] == "plug-lenient"
    out = tmp_path / "bench.json"
    arguments = ["--suite", "plug-letters", "--limit", "6", "--samples", "2", "--cache", str(tmp_path / "cache")]
    assert main(["bench", "plug-counter", *arguments, "--out", str(out)]) == 0
    assert json.loads(out.read_text())["suites"][0]["verifier"] == "exact"
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text(json.dumps({"question": "?", "attempts": [r"\boxed{1}", "no"]}) + "\n")
    assert main(["verify", str(source), str(target), "--verifier", "plug-lenient"]) == 0
    assert [v["outcome"] for v in json.loads(target.read_text())["verdicts"]] == ["correct", "wrong"]


def test_play_takes_registered_agents_and_verifiers(plugins):
    agents.register("plug-asker", lambda: make_agent("generator", low=0.0, high=0.2))
    try:
        console = Console(file=io.StringIO(), width=80)
        play_rounds(
            solver="random", challenger="plug-asker", attempts=2, rounds=1, verifier="plug-lenient", reward="r-zero",
            seed=0, console=console,
        )  # fmt: skip
        assert "solve rate" in console.file.getvalue()
    finally:
        agents.unregister("plug-asker")


def test_plug_ins_are_listed(domain):
    assert dict(names_of("generators"))["plug-letters"] == "Asks how many different letters a word has."
    assert dict(names_of("suites"))["plug-letters"] == "Asks how many different letters a word has."
    assert "plug-letters" in dict(names_of("suites"))["plug-sets"]
