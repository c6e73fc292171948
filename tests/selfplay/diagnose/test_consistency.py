"""A second head taught by votes finds wrong labels whose attempts look like those that usually lose."""

import io
import json

import pytest
import torch
from rich.console import Console

from selfplay_gym.agents.models.llm import LLMAgent
from selfplay_gym.core.errors import RunError
from selfplay_gym.core.seeding import python_stream
from selfplay_gym.selfplay.commands.diagnose import diagnose_run
from selfplay_gym.selfplay.diagnose.consistency import auc, label_consistency
from selfplay_gym.selfplay.settings.config import RunConfig
from selfplay_gym.selfplay.settings.files import to_toml
from selfplay_gym.selfplay.storage.checkpoint import save_checkpoint
from selfplay_gym.selfplay.storage.run_folder import RunFolder


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def write_run(path, questions=80, misled=0.25):
    """Three of four attempts agree everywhere; where they are wrong, they are written like the losers elsewhere."""
    folder, rng = RunFolder.create(path, to_toml(RunConfig()), {}), python_stream(0, "misled")
    for number in (1, 2):
        for index in range(questions // 2):
            one, other = (1 + int(rng.random() * 9) for _ in range(2))
            sure, doubtful = f"\\boxed{{{one + other}}}", f"= = =\\boxed{{{one + other + 1}}}"
            wrong = rng.random() < misled
            attempts = [doubtful, doubtful, sure, doubtful] if wrong else [sure, sure, doubtful, sure]
            label = str(one + other + wrong)
            here = {"round": number, "index": index}
            question = {"text": f"What is {one}+{other}?", "reference": None, "level": None, "author": "challenger"}
            folder.log("questions", [{**here, **question, "dropped": None}])
            folder.log("attempts", [{**here, "attempts": attempts}])
            judged = {"label": label, "solve_rate": 0.75, "kept": True, "label_right": not wrong}
            matches = [True, True, False, True]
            folder.log("labels", [{**here, **judged, "matches": matches, "valid": True}])
    folder.commit({"checkpoints": {"solver": "solver-02-001"}})
    return folder


def test_auc_is_the_chance_that_a_right_one_scores_higher():
    assert auc([0.1, 0.9, 0.8], [False, True, True]) == 1.0
    assert auc([0.9, 0.1], [False, True]) == 0.0
    assert auc([0.5, 0.5, 0.7], [False, True, True]) == 0.75
    assert auc([0.1, 0.2], [True, True]) is None
    assert auc([], []) is None


def test_it_finds_what_the_votes_share_cannot(tmp_path, untrained_model):
    write_run(tmp_path)
    found = label_consistency(tmp_path, agent=LLMAgent.from_pretrained(untrained_model))
    assert len(found.labels) == 80
    assert found.auc("solve_rate") == 0.5
    assert found.auc() > 0.9
    assert found.of_round(1).auc() > 0.8
    assert sum(not label.right for label in found.doubted(8)) >= 7
    assert all(0.0 <= label.consistency <= 1.0 for label in found.labels)


def test_diagnose_prints_and_writes_it_from_the_runs_own_solver(tmp_path, untrained_model):
    write_run(tmp_path / "run", questions=24)
    save_checkpoint(tmp_path / "run" / "checkpoints" / "solver-02-001", LLMAgent.from_pretrained(untrained_model))
    out = io.StringIO()
    diagnosis, _ = diagnose_run(tmp_path / "run", play=False, consistency=True, console=Console(file=out, width=120))
    assert len(diagnosis.consistency.labels) == 24
    assert "AUC of consistency" in out.getvalue()
    written = json.loads((tmp_path / "run" / "diagnosis.json").read_text())["consistency"]
    assert set(written["rounds"]) == {"all", "1", "2"}
    assert written["rounds"]["all"]["labels"] == 24
    assert len(written["doubted"]) == 10
    assert "Least believed" in (tmp_path / "run" / "diagnosis.html").read_text()


def test_a_run_without_labels_or_without_a_solver_says_so(tmp_path, untrained_model):
    write_run(tmp_path / "run", questions=4)
    RunFolder.create(tmp_path / "empty", RunFolder.open(tmp_path / "run").config, {})
    with pytest.raises(RunError, match="no checkpoint of a solver"):
        label_consistency(tmp_path / "empty")
    with pytest.raises(RunError, match="too few"):
        label_consistency(tmp_path / "empty", agent=LLMAgent.from_pretrained(untrained_model))
