"""Hooks are told of questions and attempts as models make them; what the run logs is the same."""

import json

import pytest

from selfplay_gym.core.records import Question
from selfplay_gym.selfplay.hooks import Hook
from selfplay_gym.selfplay.run.questions.hearing import heard
from selfplay_gym.selfplay.run.train import make_run
from selfplay_gym.selfplay.settings.files import to_toml
from selfplay_gym.selfplay.settings.presets import preset
from selfplay_gym.selfplay.storage.run_folder import LOGS, RunFolder

CONFIG = preset("debug").replace(
    {"rounds": 1, "stages": ["train(challenger)", "generate", "attempt", "label"], "questions.count": 12}
)


class Witness(Hook):
    """Remembers what it was told, and at which stage."""

    name = "witness"

    def __init__(self):
        self.told = []

    def after_writing(self, run, source, written):
        self.told.append((run.phase, "written", (source, list(written))))

    def after_attempts(self, run, answered):
        self.told.append((run.phase, "answered", list(answered)))

    def after_rows(self, run, log, rows):
        self.told.append((run.phase, log, [dict(row) for row in rows]))

    def of(self, phase, kind):
        return [what for at, name, what in self.told if (at, name) == (phase, kind)]


def play(path, hooks):
    folder = RunFolder.vacant(path)
    run = make_run(CONFIG, folder, further=hooks)
    folder.begin(to_toml(CONFIG), {})
    run.run()
    return {name: list(folder.rows(name)) for name in LOGS if name != "timings"}


@pytest.fixture(scope="module")
def witnessed(tmp_path_factory):
    """A run of the embedded model, sampled in chunks of seven rows, with what a hook was told."""
    path, witness = tmp_path_factory.mktemp("heard"), Witness()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("selfplay_gym.agents.inference.sampling.ROWS_AT_ONCE", 7)
        return play(path / "run", [witness]), witness


def test_attempts_come_before_the_stage_is_over(witnessed):
    logs, witness = witnessed
    calls = witness.of("attempt", "answered")
    assert len(calls) > 1
    found = {one.index: one for call in calls for one in call}
    assert {index: sorted(one.attempts) for index, one in found.items()} == {
        row["index"]: sorted(row["attempts"]) for row in logs["attempts"]
    }
    assert {index: one.question.text for index, one in found.items()} == {
        row["index"]: row["text"] for row in logs["questions"] if row["dropped"] is None
    }
    assert all(one.judgement is None for one in found.values())


def test_questions_come_while_they_are_written(witnessed):
    logs, witness = witnessed
    calls = witness.of("generate", "written")
    assert len(calls) > 1
    assert {source for source, _ in calls} == {"challenger"}
    texts = [one.text if isinstance(one, Question) else one for _, written in calls for one in written]
    assert sorted(texts) == sorted(row["text"] for row in logs["questions"])


def test_what_is_played_in_training_comes_with_its_judgement(witnessed):
    logs, witness = witnessed
    (played,) = witness.of("train(challenger)", "answered")
    assert len(played) == round(logs["metrics"][0]["valid_share"] * 16)
    assert all(one.index is None and len(one.attempts) == len(one.judgement.verdicts) == 4 for one in played)


def test_every_row_is_told_as_it_is_logged(witnessed):
    logs, witness = witnessed
    for name, rows in logs.items():
        told = [row for _, log, found in witness.told if log == name for row in found]
        assert json.loads(json.dumps(told)) == rows


def test_an_agent_around_another_is_not_passed_by():
    class Inner:
        def heard_by(self, listener):
            raise AssertionError("the agent around it is the one that plays")

    class Around:
        def __getattr__(self, name):
            return getattr(Inner(), name)

    around = Around()
    assert heard(around, print) is around


def test_an_agent_that_cannot_be_heard_is_left_as_it_is():
    scripted = object()
    assert heard(scripted, print) is scripted
