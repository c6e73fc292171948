"""A run of plug-ins in every part, and a run of a domain from a package: the logs show that each was used."""

import json

import pytest

from selfplay_gym.core.held_out import is_held_out
from selfplay_gym.selfplay.run import round_log
from selfplay_gym.selfplay.storage.run_folder import RunFolder

SETTINGS = """
rounds = 1
stages = ["train(challenger)", "generate", "attempt", "label", "human-gate(file=mine.jsonl)", "train(solver)"]
trackers = ["counter(file=mine.json)"]

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


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
def test_a_run_is_tracked_in_every_process_from_where_the_last_one_was(reviewed_run):
    folder, *_ = reviewed_run
    counted = json.loads((folder.path / "mine.json").read_text())
    written = list(folder.rows("metrics"))
    first = next(at for at, row in enumerate(written) if row["phase"] == "train(solver)")
    assert counted["end"] == "done"
    assert counted["id"] == json.loads((folder.path / "trackers.json").read_text())["id"]
    assert 0 < counted["begin"] <= first
    assert counted["log"] == len(written) - counted["begin"]


@pytest.mark.slow
def test_a_run_rewards_as_these_rewards_say(reviewed_run):
    folder, *_ = reviewed_run
    (challenger,) = rows(folder, "metrics", role="challenger")
    assert set(challenger["reward_terms"]) == {"variance", "brevity"}
    assert 0 < challenger["reward_terms"]["brevity"] <= 2
    (solver,) = rows(folder, "metrics", role="solver")
    answered = solver["mean_reward"] / 0.375 * solver["groups_drawn"] * 4  # each answer that stands in a box
    assert answered == pytest.approx(round(answered))
    assert answered > 0


@pytest.mark.slow
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


@pytest.mark.slow
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
