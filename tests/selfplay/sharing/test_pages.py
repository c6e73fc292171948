"""The page of a run, the cards of its checkpoints, the links: there while it runs, and equal after a kill."""

import re
import shutil

import pytest

from selfplay_gym.selfplay.settings.config import RunConfig
from selfplay_gym.selfplay.settings.presets import preset
from selfplay_gym.selfplay.sharing.cards import OURS, model_card, shown
from selfplay_gym.selfplay.sharing.facts import RunFacts
from selfplay_gym.selfplay.sharing.hook import may_write
from selfplay_gym.selfplay.storage.run_folder import RunFolder


def pages(path):
    found = {file.relative_to(path).as_posix(): file.read_text() for file in path.rglob("README.md")}
    return found | {
        name: (path / name).readlink().as_posix() for name in ("best", "last") if (path / name).is_symlink()
    }


def test_a_finished_run_has_a_page_cards_and_links(finished_run):
    path, state = finished_run.path, finished_run.state
    assert pages(path).keys() == {
        "README.md",
        "best",
        "last",
        *(f"checkpoints/{name}/README.md" for name in state["kept"]),
    }
    assert (path / "last").readlink().name == state["checkpoints"]["solver"]
    assert (path / "best").readlink().name == state["best"]["checkpoints"]["solver"]
    page = (path / "README.md").read_text()
    assert "finished after 2 rounds of 2" in page
    assert str(path) not in page


def test_a_card_has_the_exam_of_its_round_and_how_right_the_labels_were(finished_run):
    name = finished_run.state["checkpoints"]["solver"]
    card = (finished_run.path / "checkpoints" / name / "README.md").read_text()
    rows = [row for row in finished_run.rows("metrics") if row["round"] == 2]
    exam = next(row["exam"]["summary"] for row in rows if "exam" in row)
    label = next(row for row in rows if row["phase"] == "label" and "label_accuracy" in row)
    assert "| sampled accuracy | " in card
    assert shown(exam["accuracy"]) in card
    assert f"{100 * label['label_accuracy']:.1f} [" in card
    assert card.startswith("---\nlicense: apache-2.0\n")
    assert f"# {name}" in card


def test_a_run_that_is_not_finished_says_so(stopped_run):
    folder = stopped_run("train(solver)")
    assert "in round 1 of 1" in (folder.path / "README.md").read_text()
    assert "last" not in pages(folder.path)  # the solver is the base still


@pytest.mark.parametrize("commit", [3, 6, 11])
def test_pages_are_the_same_after_a_kill(finished_run, scripted_run, resume_scripted, power_cut, tmp_path, commit):
    with power_cut(commit):
        scripted_run(tmp_path / "run")
    resume_scripted(tmp_path / "run")
    assert pages(tmp_path / "run") == pages(finished_run.path)


def test_what_people_put_there_stays(scripted_run, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "README.md").write_text("mine")
    (tmp_path / "run" / "best").mkdir()
    folder = scripted_run(tmp_path / "run", rounds=1)
    assert (tmp_path / "run" / "README.md").read_text() == "mine"
    assert not (tmp_path / "run" / "best").is_symlink()
    assert (folder.path / "last").is_dir()


def test_pages_of_an_older_run_come_when_it_goes_on(finished_run, resume_scripted, tmp_path):
    shutil.copytree(finished_run.path, tmp_path / "run", symlinks=True)
    before = pages(tmp_path / "run")
    for name in before:
        (tmp_path / "run" / name).unlink()
    resume_scripted(tmp_path / "run")
    assert pages(tmp_path / "run") == before


def test_a_link_in_place_of_a_page_is_not_followed(tmp_path):
    (tmp_path / "victim").write_text(OURS)
    (tmp_path / "README.md").symlink_to(tmp_path / "victim")
    assert not may_write(tmp_path / "README.md")


def test_an_exam_before_the_last_training_is_not_that_of_the_checkpoint():
    exam = {"summary": {"accuracy": {"value": 0.5, "low": 0.4, "high": 0.6}, "questions": 9, "samples": 1}}
    rows = [{"round": 1, "phase": "evaluate", "exam": exam}, {"round": 1, "phase": "feedback", "trained": "solver"}]
    config = preset("debug")
    assert "No exam" in model_card(config, RunFacts(rows), "solver", 1, "solver-01-001")
    assert "No exam" not in model_card(config, RunFacts(rows[:1]), "solver", 1, "solver-01-001")


def test_cards_hide_where_a_model_lies_and_what_a_key_is(tmp_path):
    secret = "sk-" + "0a" * 12
    model = f"openai:x@https://u:{secret}@host/v1"
    changes = {
        "roles.solver.model": str(tmp_path / "mine"),
        "roles.challenger.model": str(tmp_path / "other"),
        "questions.sources": {f"file(path={tmp_path}/q.jsonl)": 1.0, f"agent(name={model})": 1.0},
    }
    card = model_card(RunConfig().replace(changes), RunFacts(), "solver", 1, "solver-01-001")
    assert str(tmp_path) not in card
    assert secret not in card
    assert "license: other" in card
    assert "`mine`" in card
    assert re.search(r"file\(path=…/q\.jsonl\)", card)


def test_the_card_of_a_turn_game_needs_no_questions():
    config = RunConfig.from_dict({"env": "SelfPlayKuhn-v0"})
    share, reward = {"value": 0.5, "low": 0.2, "high": 0.8}, {"value": 0.25, "low": -0.5, "high": 1.0}
    games = {"sampled": {"games": 8, "reward": reward, **dict.fromkeys(("won", "drawn", "lost"), share), "illegal": 0}}
    rows = [{"round": 1, "phase": "evaluate", "turn_exam": {"/tmp/secret/base": games}, "score": 0.25}]
    card = model_card(config, RunFacts(rows), "player", 1, "player-01-001")
    assert "| base: reward | – | +0.25 [-0.50, +1.00] |" in card
    assert "secret" not in card
    assert "no data from outside" in card


def test_the_folder_can_be_opened_as_before(finished_run):
    assert RunFolder.open(finished_run.path).state == finished_run.state
