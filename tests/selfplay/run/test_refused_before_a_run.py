"""Settings that cannot work are refused before anything of a run is written."""

import sys
from importlib.machinery import PathFinder

import pytest

from selfplay_gym import train
from selfplay_gym.core.errors import ConfigError, MissingExtraError
from selfplay_gym.selfplay.commands.league import hold_league
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


VLLM = "vllm(url='http://127.0.0.1:9', lora=true)"
LORA = {"roles.*.weight_sharing": "lora", "roles.*.trunk": "frozen"}


@pytest.fixture
def without(monkeypatch):
    """`without("ray")`: as if that library were not installed."""

    def hide(library):
        find = PathFinder.find_spec.__func__

        def found(cls, name, path=None, target=None):
            return None if name.partition(".")[0] == library else find(cls, name, path, target)

        monkeypatch.setattr(PathFinder, "find_spec", classmethod(found))
        for name in [name for name in sys.modules if name.partition(".")[0] == library]:
            monkeypatch.delitem(sys.modules, name)

    return hide


@pytest.mark.parametrize(
    ("library", "extra", "changes", "setting"),
    [
        ("ray", "ray", {"compute.sampler": "ray(workers=2)"}, "compute.sampler='ray(workers=2)'"),
        ("ray", "ray", {"compute.workers": "ray(2)"}, "compute.workers='ray(2)'"),
        ("peft", "lora", LORA, "weight_sharing='lora'"),
        ("peft", "lora", {**LORA, "compute.sampler": VLLM}, "weight_sharing='lora'"),
        ("tensorboard", "trackers", {"trackers": ["tensorboard"]}, "trackers=['tensorboard']"),
        ("wandb", "wandb", {"trackers": ["wandb(mode=offline)"]}, "trackers=['wandb']"),
        ("mlflow", "mlflow", {"trackers": ["mlflow"]}, "trackers=['mlflow']"),
        ("trackio", "trackio", {"trackers": ["trackio"]}, "trackers=['trackio']"),
        ("openskill", "league", {"roles.challenger.opponents": "league(pfsp)"}, "opponents='league(pfsp)'"),
        ("reasoning_gym", "rg", {"questions.sources": {"open": 1.0}}, "questions.sources='open'"),
        ("datasets", "datasets", {"questions.sources": {"open(data=gsm8k)": 1.0}}, "sources='open(data=gsm8k)'"),
        ("reasoning_gym", "rg", {"labels.source": "rg:gcd"}, "labels.source='rg:gcd'"),
        ("reasoning_gym", "rg", {"roles.solver.reward": "rg:gcd"}, "roles.solver.reward='rg:gcd'"),
        (
            "datasets",
            "datasets",
            {"evaluation.every_games": 9, "evaluation.suites": ["gsm8k"]},
            "evaluation.suites=['gsm8k']",
        ),
        ("gguf", "smollm2", {"roles.*.model": "smollm2"}, "model 'smollm2'"),
        ("accelerate", "lora", {"compute.device": "auto"}, "'auto'"),
    ],
)
def test_a_missing_library_is_noticed_before_anything_is_written(library, extra, changes, setting, without, tmp_path):
    without(library)
    with pytest.raises(MissingExtraError) as refused:
        train(preset("debug").replace(changes), tmp_path / "run")
    said = str(refused.value)
    assert setting in said
    assert f"pip install 'selfplay-gym[{extra}]'" in said
    assert "\n" not in said
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(("library", "workers"), [("ray", "ray(2)"), ("openskill", "1")])
def test_a_league_that_cannot_be_played_is_not_begun(library, workers, without, tmp_path):
    without(library)
    with pytest.raises(MissingExtraError, match=library):
        hold_league(
            tmp_path / "league",
            players=[("solver", "oracle"), ("challenger", "oracle")],
            workers=workers,
            console=None,
        )
    assert not (tmp_path / "league").exists()


def test_a_challenger_inside_another_source_plays(scripted_run, tmp_path):
    run = scripted_run(tmp_path / "run", rounds=1, changes={"questions.sources": {"adversarial(of=challenger)": 1.0}})
    assert [row for row in run.rows("questions") if row["author"] in ("challenger", "adversarial")]
