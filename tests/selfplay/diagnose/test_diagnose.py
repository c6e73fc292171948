import io
import json

import pytest
from rich.console import Console

from selfplay_gym.core.errors import RunError
from selfplay_gym.core.held_out import is_held_out
from selfplay_gym.core.math_language import key
from selfplay_gym.core.records import Question, TaskSpec
from selfplay_gym.core.registries import make_agent, make_generator, make_verifier
from selfplay_gym.core.seeding import python_stream
from selfplay_gym.selfplay.commands.diagnose import diagnose_run
from selfplay_gym.selfplay.diagnose.frozen import frozen_difficulty
from selfplay_gym.selfplay.diagnose.measure import diagnose, diversity, topic_entropy
from selfplay_gym.selfplay.diagnose.play import cross_play_run
from selfplay_gym.selfplay.evaluation import held_out_questions, run_exam
from selfplay_gym.selfplay.run.labels import labels_right
from selfplay_gym.selfplay.settings.config import RunConfig
from selfplay_gym.selfplay.settings.files import to_toml
from selfplay_gym.selfplay.storage.run_folder import RunFolder

EXAM = held_out_questions("mixed", 120)
ASKED = 60


def _log_round(folder, number, skill, low, high, spoil=lambda text: text):
    """A round as `selfplay.rounds` logs it, with a scripted solver of known skill and a challenger of known levels."""
    generator, rng = make_generator("arithmetic"), python_stream(number, "written")
    questions = []
    while len(questions) < ASKED:
        drawn = generator.generate(TaskSpec(low + (high - low) * rng.random()), rng)
        if not is_held_out(key(drawn.text)):
            questions.append(Question(spoil(drawn.text), drawn.reference, author="challenger"))
    here = {"round": number}
    groups = make_agent("noisy", accuracy=skill).act([q.text for q in questions], n=8, seed=number)
    judgements = make_verifier("majority").judge_many(questions, groups)
    right = labels_right(questions, [judgement.label for judgement in judgements])
    rows = list(zip(range(ASKED), questions, groups, judgements, right, strict=True))
    folder.log("questions", [{**here, "index": i, "text": q.text, "dropped": None} for i, q, *_ in rows])
    folder.log("attempts", [{**here, "index": i, "attempts": group} for i, _, group, _, _ in rows])
    folder.log(
        "labels",
        [
            {**here, "index": i, "label": j.label, "solve_rate": j.solve_rate, "kept": True, "label_right": ok}
            for i, _, _, j, ok in rows
        ],
    )
    steps = [{**here, "role": "solver", "step": s, "entropy": 1.0 / (s + 1), "mean_length": 20.0} for s in range(3)]
    folder.log("metrics", steps)


def _log_exam(folder, number, agent, questions=EXAM):
    exam = run_exam(agent, questions, samples=4, seed=number)
    folder.log("metrics", [{"round": number, "phase": "evaluate", "exam": exam.as_dict()}])


def _run(path, rounds=2):
    folder = RunFolder.create(path, to_toml(RunConfig()), {})
    _log_exam(folder, 0, make_agent("noisy", accuracy=0.5))
    for number in range(1, rounds + 1):
        _log_round(folder, number, skill=0.5 + 0.1 * number, low=0.3 * number, high=0.3 * number + 0.3)
        _log_exam(folder, number, make_agent("noisy", accuracy=0.5 + 0.1 * number))
    folder.commit({})
    return folder


def test_a_run_is_measured_round_by_round(tmp_path):
    _run(tmp_path / "run")
    diagnosis = diagnose(tmp_path / "run")
    assert [r.round for r in diagnosis.rounds] == [1, 2]
    first, second = diagnosis.rounds
    assert first.readable_share == second.readable_share == 1.0
    assert first.label_accuracy > 0.85
    assert first.solver_accuracy == pytest.approx(0.6, abs=0.08)
    assert second.solver_accuracy == pytest.approx(0.7, abs=0.08)
    assert sum(first.histogram) == ASKED
    assert first.reward_accuracy > 0.8
    assert second.diversity.clusters > 10
    assert diagnosis.exams[0].against_base is None
    assert diagnosis.exams[2].against_base.low > 0
    assert diagnosis.curves["solver"]["entropy"] == [1.0, 0.5, 1 / 3] * 2
    assert diagnosis.contamination.clean
    assert diagnosis.notes == []


def test_wrong_labels_are_noticed(tmp_path):
    folder = RunFolder.create(tmp_path, to_toml(RunConfig()), {})
    _log_round(folder, 1, skill=0.1, low=0.5, high=1.0)
    folder.commit({})
    diagnosis = diagnose(tmp_path)
    assert diagnosis.rounds[0].label_accuracy < 0.5
    assert any("fewer than half of the labels" in note for note in diagnosis.notes)


def test_questions_nobody_can_compute_are_noticed(tmp_path):
    folder = RunFolder.create(tmp_path, to_toml(RunConfig()), {})
    _log_round(folder, 1, skill=0.5, low=0.0, high=1.0, spoil=lambda text: f"Roughly: {text}")
    folder.commit({})
    diagnosis = diagnose(tmp_path)
    assert diagnosis.rounds[0].readable_share == 0.0
    assert diagnosis.rounds[0].label_accuracy is None
    assert diagnosis.rounds[0].reward_accuracy == 0.0
    assert any("cannot be computed" in note for note in diagnosis.notes)


def test_forgetting_is_noticed(tmp_path):
    folder = _run(tmp_path, rounds=1)
    _log_exam(folder, 2, make_agent("oracle"))
    _log_exam(folder, 3, make_agent("noisy", accuracy=0.2))
    folder.commit({})
    diagnosis = diagnose(tmp_path)
    assert diagnosis.exams[1].forgotten_share < 0.2
    assert diagnosis.exams[3].forgotten_share > 0.6
    assert diagnosis.exams[3].against_base.high < 0
    assert any("is lost" in note for note in diagnosis.notes)
    assert any("worse than the base" in note for note in diagnosis.notes)


def test_leaked_exam_questions_are_noticed(tmp_path):
    folder = _run(tmp_path, rounds=1)
    folder.log("questions", [{"round": 1, "index": 99, "text": EXAM[5].text, "dropped": None}])
    folder.commit({})
    diagnosis = diagnose(tmp_path)
    assert not diagnosis.contamination.clean
    assert any("asked in training" in note for note in diagnosis.notes)
    dropped = _run(tmp_path / "other", rounds=1)
    dropped.log("questions", [{"round": 1, "index": 99, "text": EXAM[5].text, "dropped": "held out"}])
    dropped.commit({})
    assert diagnose(tmp_path / "other").contamination.clean


def test_diversity_sees_repetition_and_the_archive():
    varied = [f"What is {a}*{b}+{a + b}?" for a in range(2, 10) for b in range(2, 6)]
    repeated = ["What is 2*3+5?"] * 32
    assert diversity(repeated).clusters == 1
    assert diversity(repeated).self_bleu > 0.99
    assert diversity(varied).clusters > 1
    assert diversity(varied).self_bleu < diversity(repeated).self_bleu
    assert diversity(varied, archive=varied).new_clusters == 0
    assert diversity(["Solve x+9=14.", "Solve 3x-1=8."], archive=varied).new_clusters > 0
    assert diversity([]).clusters == 0


def test_topic_entropy_counts_shapes():
    assert topic_entropy(["What is 1+2?", "What is 30+4?"]) == 0.0
    assert topic_entropy(["What is 1+2?", "What is 1-2?"]) == pytest.approx(1.0)
    assert topic_entropy([]) == 0.0


def test_an_unfinished_or_missing_run_is_refused(tmp_path):
    with pytest.raises(RunError, match="no run"):
        diagnose(tmp_path)
    RunFolder.create(tmp_path / "empty", to_toml(RunConfig()), {})
    with pytest.raises(RunError, match="go on first"):
        diagnose(tmp_path / "empty")


def test_the_command_writes_a_page_and_json(tmp_path):
    _run(tmp_path / "run")
    screen = io.StringIO()
    diagnose_run(tmp_path / "run", play=False, console=Console(file=screen, width=200))
    assert "against the base" in screen.getvalue()
    page = (tmp_path / "run" / "diagnosis.html").read_text()
    assert page.count("<svg") == 5  # three of the rounds, two of the training curves
    assert len(json.loads((tmp_path / "run" / "diagnosis.json").read_text())["rounds"]) == 2


def test_checkpoints_play_each_other(tmp_path):
    """Untrained one-million-parameter models: nothing to measure yet, but every pair is loaded and played."""
    from selfplay_gym.agents import LLMAgent
    from selfplay_gym.agents.models.tiny import build_model, build_tokenizer
    from selfplay_gym.selfplay.storage.checkpoint import save_checkpoint

    base = tmp_path / "base"
    build_model(0).save_pretrained(base)
    build_tokenizer().save_pretrained(base)
    run = tmp_path / "run"
    config = RunConfig().replace({"roles.*": {"model": str(base), "max_new_tokens": 4}})
    folder = RunFolder.create(run, to_toml(config), {})
    _log_exam(folder, 0, make_agent("noisy"))
    folder.commit({})
    later = LLMAgent(build_model(1), build_tokenizer())
    for name in ("challenger-01-002", "solver-01-001", "solver-01-003"):
        save_checkpoint(run / "checkpoints" / name, later)
    _, play = diagnose_run(run, proposals=2, console=Console(file=io.StringIO()))
    assert play.challengers == play.solvers == ["base", "round 1"]
    assert len(play.cells) == 4
    assert play.cell("round 1", "base").challenger == "round 1"
    assert json.loads((run / "diagnosis.json").read_text())["cross_play"]["solvers"] == play.solvers


def test_a_procedural_challenger_cannot_cross_play_but_is_diagnosed(tmp_path, untrained_model):
    config = RunConfig().replace(
        {"roles.*": {"model": str(untrained_model), "max_new_tokens": 2}, "questions.sources": {"procedural": 1.0}}
    )
    folder = RunFolder.create(tmp_path, to_toml(config), {})
    _log_round(folder, 1, skill=0.5, low=0.0, high=0.5)
    folder.commit({})
    with pytest.raises(RunError, match="cannot cross-play"):
        cross_play_run(tmp_path)
    diagnosis, play = diagnose_run(tmp_path, proposals=3, console=Console(file=io.StringIO()))
    assert play is None
    assert diagnosis.difficulty[0].questions == 3


def test_the_frozen_base_tells_harder_questions_from_easier_ones(tmp_path):
    folder = RunFolder.create(tmp_path, to_toml(RunConfig()), {})
    _log_round(folder, 1, skill=0.5, low=0.0, high=0.1)
    _log_round(folder, 2, skill=0.9, low=0.9, high=1.0)  # the run's own solver finds these easier
    folder.commit({})
    easy, hard = frozen_difficulty(tmp_path, questions=50, base=make_agent("noisy", skill=0.5))
    assert (easy.round, hard.round, hard.questions) == (1, 2, 50)
    assert hard.accuracy.high < easy.accuracy.low
    assert len(hard.shares_right) == 50
    assert sum(hard.as_dict()["histogram"]) == 50
    assert frozen_difficulty(tmp_path, questions=50, base=make_agent("noisy", skill=0.5)) == [easy, hard]
