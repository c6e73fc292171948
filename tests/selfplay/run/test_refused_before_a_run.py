"""Settings that cannot work are refused before anything of a run is written."""

import pytest

from selfplay_gym import train
from selfplay_gym.core.errors import ConfigError
from selfplay_gym.selfplay.settings.presets import preset

ASKS = {"stages": ["generate", "gate"], "questions.sources": {"procedural": 1.0}}
ADAPT = 'adapt(families=[{}], held_out="{}", steps=1, questions=4, shots=4, updates=[0])'


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"schedule.a": {"stages": ["gate"], "until": "plateau(rounds=1)"}}, r"schedule\.a: .*'evaluate'"),
        ({"evaluation.every_games": 1, "evaluation.suites": ["jsonl:/nope.jsonl"]}, "no such file: '/nope.jsonl'"),
        ({"evaluation.every_games": 1, "evaluation.suites": ["nope"]}, "nope"),
        (ASKS | {"questions.curriculum": 'bandit(kinds=["nope"])'}, "asks for the kind 'nope': mixed has no part"),
        (ASKS | {"questions.curriculum": "sfl(kinds=[knights])"}, "asks for the kind 'knights': mixed has no part"),
        (ASKS | {"questions.curriculum": "linear(hard_kind=hard)"}, "asks for the kind 'hard': mixed has no part"),
        ({"stages": [ADAPT.format("units, arithmetic", "units")]}, "'units' is not to be trained on"),
        ({"stages": [ADAPT.format("units, arithmetic", "units()")]}, "'units' is not to be trained on"),
        ({"stages": [ADAPT.format('sequences, "sequences()"', "units")]}, "as many different families"),
        ({"stages": ["warm_up(solver, steps=1, learning_rate=1e400)"]}, "1e400 is too large for a number"),
        ({"stages": ["warm_up(solver, steps=1.5)"]}, "steps must be a whole number"),
    ],
)
def test_nothing_is_written(changes, message, tmp_path):
    with pytest.raises(ConfigError, match=message):
        train(preset("debug").replace(changes), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_challenger_inside_another_source_plays(scripted_run, tmp_path):
    run = scripted_run(tmp_path / "run", rounds=1, changes={"questions.sources": {"adversarial(of=challenger)": 1.0}})
    assert [row for row in run.rows("questions") if row["author"] in ("challenger", "adversarial")]
