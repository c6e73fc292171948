"""The public door: what `import selfplay_gym` offers, and what it costs."""

import json
import subprocess
import sys

import pytest

import selfplay_gym

HEAVY = ("torch", "transformers", "sympy", "scipy", "sacrebleu", "matplotlib", "stable_baselines3", "pettingzoo")
LAZY = ("Run", "RunConfig", "exam", "load_agent", "train")


def asked_of_a_new_process(code):
    """The JSON that a script prints in a fresh interpreter."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_importing_pulls_in_no_heavy_library():
    loaded = asked_of_a_new_process("import json, sys, selfplay_gym; print(json.dumps(sorted(sys.modules)))")
    assert "selfplay_gym.core.records" in loaded  # the list is that of the process that imported us
    assert set(loaded) & set(HEAVY) == set()


def test_importing_takes_less_than_half_a_second():
    """Processor time, so that a busy machine does not count; the best of three, so that a cold disk does not either."""
    code = "import json, time; begun = time.process_time(); import selfplay_gym; print(time.process_time() - begun)"
    assert min(asked_of_a_new_process(code) for _ in range(3)) < 0.5


def test_asking_for_a_run_loads_its_modules_and_only_then():
    code = (
        "import json, sys, selfplay_gym; before = 'selfplay_gym.selfplay.run.train' in sys.modules; "
        "selfplay_gym.train; print(json.dumps([before, 'selfplay_gym.selfplay.run.train' in sys.modules]))"
    )
    assert asked_of_a_new_process(code) == [False, True]


def test_the_names_of_whole_runs_are_the_things_themselves():
    from selfplay_gym.agents.load import load_agent
    from selfplay_gym.selfplay.exams.hold import exam
    from selfplay_gym.selfplay.notebook.run import Run
    from selfplay_gym.selfplay.notebook.train import train
    from selfplay_gym.selfplay.settings.config import RunConfig

    found = [getattr(selfplay_gym, name) for name in LAZY]
    assert found == [Run, RunConfig, exam, load_agent, train]


def test_every_name_of_the_door_is_there_and_listed():
    assert [name for name in selfplay_gym.__all__ if not hasattr(selfplay_gym, name)] == []
    assert set(selfplay_gym.__all__) <= set(dir(selfplay_gym))
    assert set(LAZY) <= set(selfplay_gym.__all__)


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'trian'"):
        selfplay_gym.trian  # noqa: B018


def test_gymnasium_finds_an_environment_without_an_import_of_ours():
    """Gymnasium imports what stands before the colon of an id."""
    code = (
        "import gymnasium, json; env = gymnasium.make('selfplay_gym:SelfPlayMath-v0'); print(json.dumps(env.spec.id))"
    )
    assert asked_of_a_new_process(code) == "SelfPlayMath-v0"
