"""A package with a plug-in of every kind (`tests/plugin`): each passes its kit, and works wherever a name does.

Everything runs in processes of its own, offline, with the package installed into a folder that only they see.
"""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from selfplay_gym.core.held_out import is_held_out
from selfplay_gym.core.registries import ALL
from selfplay_gym.selfplay.run import round_log
from selfplay_gym.selfplay.storage.run_folder import RunFolder

PLUGIN = Path(__file__).parent / "plugin"
NAMES = {
    "verifiers": "first-letters",
    "rewards": "brief",
    "generators": "formulas",
    "curricula": "staircase",
    "agents": "logician",
    "sources": "laws",
    "stages": "human-gate",
    "domains": "logic",
}


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The plug-in package installed into a folder of its own, without a network."""
    target = tmp_path_factory.mktemp("site")
    source = tmp_path_factory.mktemp("source")
    for path in PLUGIN.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            copy = source / path.relative_to(PLUGIN)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    command = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-build-isolation", "--no-index", "--quiet"]
    done = subprocess.run([*command, "--target", str(target), str(source)], capture_output=True, text=True, timeout=120)
    if done.returncode:  # no pip or setuptools in this environment
        _install_by_hand(source, target)
    return target


def _install_by_hand(source, target):
    """What an installer writes."""
    project = tomllib.loads((source / "pyproject.toml").read_text())["project"]
    for path in (source / "logic_game").glob("*.py"):
        copy = target / "logic_game" / path.name
        copy.parent.mkdir(exist_ok=True)
        copy.write_bytes(path.read_bytes())
    info = target / "logic_game-0.1.0.dist-info"
    info.mkdir(exist_ok=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: logic-game\nVersion: 0.1.0\n")
    groups = [
        "\n".join([f"[{group}]", *(f"{name} = {where}" for name, where in points.items())])
        for group, points in project["entry-points"].items()
    ]
    (info / "entry_points.txt").write_text("\n".join(groups) + "\n")


@pytest.fixture(scope="module")
def python(installed):
    """Runs a program, or a module's command line, where the package is installed."""

    def run(*arguments, code=0, cwd=None):
        path = os.pathsep.join(filter(None, [str(installed), os.environ.get("PYTHONPATH")]))
        environment = {**os.environ, "PYTHONPATH": path, "COLUMNS": "200", "HF_HUB_OFFLINE": "1"}
        done = subprocess.run(
            [sys.executable, *arguments], capture_output=True, text=True, timeout=120, env=environment, cwd=cwd
        )
        assert done.returncode == code, done.stderr + done.stdout
        return done.stdout

    return run


@pytest.fixture(scope="module")
def command(python):
    def run(*arguments, code=0):
        return python("-m", "selfplay_gym.cli", *arguments, code=code)

    return run


KITS = r"""
import selfplay_gym as sg
from selfplay_gym.core.records import Question
from selfplay_gym.testing import *

first = sg.make_verifier("first-letters")
check_verifier(first, right=r"\boxed{42}", wrong=r"\boxed{41}")
check_reward(sg.make_reward("brief"))
check_generator(sg.make_generator("formulas"), verifier=first)
check_curriculum(sg.make_curriculum("staircase"))
check_agent(sg.make_agent("logician"))
check_source(sg.make_source("laws"))
check_stage(sg.make_stage("human-gate"))
check_domain(sg.make_domain("logic"), proposal=r"<question>What is true and not false?</question> \boxed{true}")
"""


def test_each_passes_its_kit(python):
    python("-c", KITS)


PLAY = r"""
import gymnasium as gym
import selfplay_gym as sg
from logic_game import agent, curriculum, generator, reward, source, verifier
from logic_game.formulas import read, value
from selfplay_gym.envs.game.domains import held_out

FORMS = {  # by name and options, by dict, and live
    "verifier": ("first-letters(letters=1)", {"name": "first-letters", "letters": 1}, verifier.FirstLettersVerifier),
    "curriculum": ("staircase(start=0.5)", {"name": "staircase", "start": 0.5}, curriculum.StaircaseCurriculum),
    "generator": ("formulas(longest=5)", {"name": "formulas", "longest": 5}, generator.FormulaGenerator),
    "reward": ("brief(weight=2.0)", {"name": "brief", "weight": 2.0}, reward.BriefReward),
    "source": ("laws(law=contradiction)", {"name": "laws", "law": "contradiction"}, source.LawSource),
    "opponent": ("logician(accuracy=0.5)", {"name": "logician", "accuracy": 0.5}, agent.Logician),
}


def form(name, which):
    text, mapping, kind = FORMS[name]
    options = {key: option for key, option in mapping.items() if key != "name"}
    return (text, mapping, kind(**options))[which]


def play(options, role="solver"):
    # (what was asked, level, reward and terms) of an episode
    env = gym.make("SelfPlayMath-v0", role=role, **options)
    prompt, info = env.reset(seed=3)
    action = r"\boxed{t}" if role == "solver" else r"<question>What is true or false?</question> \boxed{true}"
    _, earned, *_, after = env.step(action)
    return prompt, info["level"], earned, after["reward_terms"]


def forms(*names, role="solver"):
    played = [play({name: form(name, which) for name in names}, role) for which in range(3)]
    assert played[0] == played[1] == played[2], played
    return played[0]


prompt, level, earned, _ = forms("verifier", "curriculum", "generator")
assert level == 0.5 and read(prompt) and earned == (value(read(prompt)) == "true")
assert prompt.count("true") + prompt.count("false") == 4
prompt, *_ = forms("source", "verifier")
assert " and not " in prompt and value(read(prompt)) == "false"
assert read(forms("opponent", "verifier")[0])
_, _, earned, terms = forms("opponent", "reward", "verifier", "curriculum", role="challenger")
assert abs(terms["brevity"] - 2 * (1 - len("What is true or false?") / 100)) < 1e-9
assert terms["variance"] > 0 and abs(earned - sum(terms.values())) < 1e-9
for name, (_, mapping, _) in FORMS.items():
    play({name: mapping["name"]})

# what an exam of these formulas may ask, no game asks, whatever is played
env = gym.make("SelfPlayMath-v0", generator="formulas", verifier="first-letters", reuse=1)
asked = [env.reset(seed=0 if i == 0 else None)[0] for i in range(60)]
assert not any(held_out(sg.Question(text, domain="logic")) for text in asked)

# its own game: both roles, groups, PettingZoo
env = gym.make("SelfPlayLogic-v0")
question, _ = env.reset(seed=0)
assert env.step(rf"\boxed{{{value(read(question))}}}")[1] == 1.0
env = gym.make("SelfPlayLogic-v0", role="challenger", reward="brief", attempts=4)
env.reset(seed=0)
_, earned, *_, info = env.step(r"<question>What is true or false?</question> \boxed{true}")
assert info["label"] == "true" and earned > 0
assert env.reset() and env.step("What is it?")[1] == 0.0
group = gym.make_vec("SelfPlayLogic-v0", num_envs=2)
questions, _ = group.reset(seed=0)
assert list(group.step((r"\boxed{true}", r"\boxed{false}"))[1]) in ([1.0, 0.0], [0.0, 1.0])
aec = sg.envs.aec_env("logic", attempts=2)
aec.reset(seed=0)
texts = {"challenger_0": r"<question>What is not false?</question> \boxed{true}", "solver_0": r"\boxed{true}"}
rewards = {}
for player in aec.agent_iter(3):
    aec.step(texts.get(player, r"\boxed{false}"))
    rewards |= {name: earned for name, earned in aec.rewards.items()}
assert rewards["solver_0"] == 1.0 and rewards["solver_1"] == 0.0, rewards
import pettingzoo
if hasattr(pettingzoo, "make"):
    pettingzoo.make("parallel", "SelfPlayLogic-v0").reset(seed=0)
print("played")
"""


def test_each_plays_in_gym_make_in_all_forms_of_options(python):
    assert python("-c", PLAY).strip() == "played"


SENTENCES = {
    "verifiers": "Right if the first letters of the answer are those of the reference, in any case.",
    "rewards": "Rewards short questions that the solver answers differently from time to time",
    "generators": "Asks for the truth of a random formula; the level is its length.",
    "curricula": "One step up when a question was solved often enough",
    "agents": "Answers a formula right with a known probability",
    "sources": "Laws of logic with formulas put in, at the levels that the curriculum asks for.",
    "stages": "Waits for a person's decisions on the labelled questions of a round",
    "domains": "The truth of small formulas",
    "envs": "One role of the game",
    "suites": "Asks for the truth of a random formula",
}


def test_each_is_listed_with_its_sentence(command):
    every = command("list")
    for kind, sentence in SENTENCES.items():
        lines = [line.strip() for line in command("list", kind).splitlines()] if kind in ("stages", "suites") else []
        lines = lines or [line.strip() for line in every.splitlines()]
        name = {**NAMES, "envs": "SelfPlayLogic-v0", "suites": "formulas"}[kind]
        assert any(line.startswith(f"{name} ") and sentence in line for line in lines), (kind, every)


SETTINGS = """
rounds = 1
stages = ["train(challenger)", "generate", "attempt", "label", "human-gate(file=mine.jsonl)", "train(solver)"]

[roles.challenger]
steps = 1
groups = 2
samples = 4
max_new_tokens = 32
reward = "brief(weight=2.0)"

[roles.solver]
steps = 1
groups = 16
samples = 4
max_new_tokens = 24
reward = { name = "first-letters", letters = 0, score = 0.375 }

[questions]
sources = { procedural = 0.5, "laws(law=contradiction)" = 0.3, challenger = 0.2 }
count = 12
keep_band = [0.0, 1.0]
generator = "formulas(longest=5)"
curriculum = { name = "staircase", start = 0.5, step = 0.01 }

[labels]
source = "first-letters(letters=0)"
attempts = 2

[exam]
questions = 4
samples = 2

[guard]
questions = 4
"""


@pytest.fixture(scope="module")
def reviewed_run(command, tmp_path_factory):
    """A run in which every part that can be a plug-in is one; it stops for a person, who answers, and goes on."""
    path = tmp_path_factory.mktemp("run")
    (path / "run.toml").write_text(SETTINGS)
    folder = path / "run"
    shown = command(
        "train", "--preset", "debug", "--config", str(path / "run.toml"), "--run-dir", str(folder), code=130
    )
    assert "labels wait for decisions" in shown
    waiting = [json.loads(line) for line in (folder / "mine.todo").read_text().splitlines()]
    rejected, edited = waiting[0]["index"], waiting[1]["index"]
    decisions = [
        {"round": 1, "index": rejected, "decision": "reject"},
        {"round": 1, "index": edited, "decision": "edit", "after": "neither"},
    ]
    (folder / "mine.jsonl").write_text("".join(json.dumps(row) + "\n" for row in decisions))
    shown = command("train", "--resume", "--run-dir", str(folder))
    assert f"{len(waiting) - 1} questions survived" in shown
    return RunFolder.open(folder), rejected, edited


def rows(folder, log, **where):
    return [row for row in folder.rows(log) if all(row.get(name) == value for name, value in where.items())]


def test_a_run_asks_the_questions_of_these_sources(reviewed_run):
    folder, *_ = reviewed_run
    questions = list(folder.rows("questions"))
    laws, formulas = (rows(folder, "questions", source=name) for name in ("laws(law=contradiction)", "procedural"))
    assert {row["source"] for row in questions} == {"laws(law=contradiction)", "procedural", "challenger"}
    assert {row["author"] for row in laws} == {"laws"}
    assert {row["meta"]["kind"] for row in laws} == {"contradiction"}
    assert {row["author"] for row in formulas} == {"formulas"}
    assert {row["level"] for row in formulas + laws} == {0.5}  # the curriculum's
    assert all(row["text"].count("true") + row["text"].count("false") == 4 for row in formulas)  # longest=5
    for row in laws + formulas:  # kept apart from exams as their own domain has it: by the formula
        formula = row["text"].removeprefix("What is ").removesuffix("?")
        assert (row["dropped"] == "held out") is is_held_out(formula)


def test_a_run_labels_with_this_verifier_and_its_curriculum_learns_of_it(reviewed_run):
    folder, *_ = reviewed_run
    labels, questions = list(folder.rows("labels")), list(folder.rows("questions"))
    claimed = [row["index"] for row in questions if row["author"] == "challenger"]
    for row in labels:  # any answer is right where nobody asks for a letter of it, and an answer is known
        if row["index"] not in claimed:
            assert row["label"] == questions[row["index"]]["reference"]
            assert row["matches"] == [answer is not None for answer in row["answers"]]
    followed = [row for row in labels if row["index"] not in claimed]
    up = sum(row["solve_rate"] >= 0.5 for row in followed)
    assert folder.state["curriculum"]["level"] == pytest.approx(0.5 + 0.01 * (2 * up - len(followed)))
    assert up > 0


def test_a_run_rewards_as_these_rewards_say(reviewed_run):
    folder, *_ = reviewed_run
    (challenger,) = rows(folder, "metrics", role="challenger")
    assert set(challenger["reward_terms"]) == {"variance", "brevity"}
    assert 0 < challenger["reward_terms"]["brevity"] <= 2
    (solver,) = rows(folder, "metrics", role="solver")
    answered = solver["mean_reward"] / 0.375 * solver["groups_drawn"] * 4  # each answer that stands in a box
    assert answered == pytest.approx(round(answered))
    assert answered > 0


def test_a_run_obeys_the_person_who_looked_at_its_labels(reviewed_run):
    folder, rejected, edited = reviewed_run
    kept = [row["index"] for row in rows(folder, "labels", kept=True)]
    reviews = {row["index"]: (row["decision"], row["after"]) for row in folder.rows("reviews")}
    assert list(reviews) == kept
    assert reviews.pop(rejected)[0] == "reject"
    assert reviews.pop(edited) == ("edit", "neither")
    assert {decision for decision, _ in reviews.values()} == {"approve"}
    (solver,) = rows(folder, "metrics", role="solver")
    assert solver["groups_drawn"] == len(kept) - 1
    trained = dict(round_log.kept(lambda log: folder.rows(log)))
    assert rejected not in trained
    assert trained[edited].reference == "neither"


def test_a_run_of_the_domain_of_a_package(command, tmp_path):
    stages = '["generate", "attempt", "label", "human-gate(longest=60)", "train(solver)", "evaluate"]'
    sizes = {
        "rounds": 1,
        "stages": stages,
        "questions.sources": "{procedural=1}",
        "questions.count": 8,
        "questions.keep_band": "[0, 1]",
        "labels.source": "computed",
        "labels.attempts": 2,
        "roles.*.max_new_tokens": 16,
        "roles.solver.steps": 1,
        "exam.questions": 4,
        "guard.questions": 4,
    }
    settings = [part for path, value in sizes.items() for part in ("--set", f"{path}={value}")]
    run = tmp_path / "run"
    command("train", "--preset", "debug", "--env", "SelfPlayLogic-v0", "--run-dir", str(run), *settings)
    folder = RunFolder.open(run)
    questions, labels = list(folder.rows("questions")), list(folder.rows("labels"))
    assert {row["author"] for row in questions} == {"formulas"}
    assert all(row["label"] == questions[row["index"]]["reference"] and row["label_right"] for row in labels)
    for row in folder.rows("reviews"):
        assert (row["decision"] == "reject") is (len(questions[row["index"]]["text"]) > 60)
    decided = [row["decision"] for row in folder.rows("reviews")]
    assert set(decided) == {"reject", "approve"}
    (solver,) = rows(folder, "metrics", role="solver")
    assert solver["groups_drawn"] == decided.count("approve")
    assert (run / "report.html").exists()


def test_exam_and_bench_of_plug_ins(command, tmp_path):
    sizes = ("--questions", "16", "--samples", "2")
    grader = ("--generator", "formulas(longest=7)", "--verifier", "first-letters(letters=1)")
    held = json.loads(command("exam", "logician(accuracy=1.0)", *grader, *sizes, "--json"))
    assert held["accuracy"]["value"] == 1.0, held
    assert (held["generator"], held["verifier"]) == ("formulas(longest=7)", "first-letters(letters=1)")
    agents = ("logician(accuracy=1.0)", "oracle")
    out = tmp_path / "bench.json"
    options = ("--limit", "16", "--samples", "2", "--cache", str(tmp_path / "cache"), "--out", str(out))
    for suite in ("formulas", "logic"):
        command("bench", *agents, "--suite", suite, *options)
        assert out.exists()


def test_verify_with_a_plug_in(command, tmp_path):
    line = {"question": "What is not true?", "reference": "false", "attempts": [r"\boxed{F}", r"\boxed{T}", "false"]}
    (tmp_path / "in.jsonl").write_text(json.dumps(line) + "\n")
    files = (str(tmp_path / "in.jsonl"), str(tmp_path / "out.jsonl"))
    command("verify", *files, "--verifier", "first-letters(letters=1)", "--workers", "2")
    (judged,) = [json.loads(row) for row in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [verdict["outcome"] for verdict in judged["verdicts"]] == ["correct", "wrong", "wrong"]
    assert judged["evidence"] == {"letters": 1}


def test_without_the_package_the_names_are_unknown():
    for kind, name in NAMES.items():
        with pytest.raises(LookupError, match=name):
            ALL[kind].make(name)
