import importlib.util
import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from selfplay_gym.core.errors import ConfigError, UnknownNameError
from selfplay_gym.selfplay.bench.policies import bench_policies
from selfplay_gym.selfplay.commands.bench import bench_teachers

TEACHER = "SelfPlayTeacher-v0"
EXAMPLE = Path(__file__).parents[3] / "examples" / "sb3_teacher.py"


def _example():
    spec = importlib.util.spec_from_file_location("sb3_teacher", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_curriculum_teaches_better_than_chance():
    report = bench_policies(["random", "band"], TEACHER, episodes=40)
    assert 0.12 < report.score("random").value < 0.28
    (comparison,) = report.comparisons
    assert comparison.difference.low > 0
    assert comparison.p_value < 0.01


def test_equal_policies_tie_and_episodes_are_replayed():
    report = bench_policies(["random", "again=random"], TEACHER, episodes=5)
    assert report.rewards["random"].tolist() == report.rewards["again"].tolist()
    assert report.comparisons[0].difference.value == 0.0
    assert (
        bench_policies(["random"], TEACHER, episodes=5, seed=1).rewards["random"].tolist()
        != report.rewards["random"].tolist()
    )


def test_the_example_trains_saves_and_compares(tmp_path, capsys):
    score = _example().main(steps=1024, episodes=3, output=tmp_path / "teacher.zip")
    assert 0.0 <= score <= 1.0
    assert "| ppo | 3 |" in capsys.readouterr().out
    assert (tmp_path / "teacher.zip").is_file()


@pytest.mark.slow
def test_ppo_solves_the_teacher_environment(tmp_path):
    assert _example().main(episodes=50, output=tmp_path / "teacher.zip") >= 0.5


def test_the_command_prints_and_writes(tmp_path):
    screen = io.StringIO()
    bench_teachers(["random", "band"], episodes=3, out=tmp_path / "t.json", console=Console(file=screen, width=120))
    assert "mean reward per step" in screen.getvalue()
    assert set(json.loads((tmp_path / "t.json").read_text())["policies"]) == {"random", "band"}
    assert json.loads((tmp_path / "t.json").read_text())["provenance"]["versions"]
    bench_teachers(["random"], episodes=2, out=tmp_path / "all", console=Console(file=screen))
    assert {path.suffix for path in (tmp_path / "all").iterdir()} == {".md", ".csv", ".json", ".html"}
    assert "<svg" in (tmp_path / "all" / "bench.html").read_text()


def test_an_environment_is_named_with_its_options():
    report = bench_policies(["random"], "SelfPlayTokens-v0(split=held_out, digits=1)", episodes=3)
    assert report.environment == "SelfPlayTokens-v0(split=held_out, digits=1)"


def test_wrong_names_say_what_there_is(tmp_path):
    with pytest.raises(UnknownNameError, match="band"):
        bench_policies(["bandd"], TEACHER)
    with pytest.raises(ConfigError, match="NoSuchEnv"):
        bench_policies(["random"], "NoSuchEnv-v0")
    (tmp_path / "junk.zip").write_text("junk")
    with pytest.raises(ConfigError, match=r"junk\.zip"):
        bench_policies([f"sb3:{tmp_path / 'junk.zip'}"], TEACHER)
    with pytest.raises(ConfigError, match="no algorithm"):
        bench_policies(["sb3:nosuch:x.zip"], TEACHER)
    with pytest.raises(ConfigError, match="two episodes"):
        bench_policies(["random"], TEACHER, episodes=1)
    with pytest.raises(ConfigError, match="html"):
        bench_teachers(["random"], episodes=2, out=tmp_path / "t.pdf")
    with pytest.raises(ConfigError, match="only play SelfPlayTeacher"):
        bench_policies(["band"], "SelfPlayTokens-v0", episodes=2)
    with pytest.raises(ConfigError, match="no environment"):
        bench_policies(["random"], "SelfPlayTeacher-v9(split=held_out)", episodes=2)


@pytest.mark.parametrize("env", ["MyGame-v0", "SelfPlayKhn-v0", "no_such_module:MyGame-v0"])
def test_an_own_game_that_is_not_known_is_answered_with_how_it_becomes_so(env):
    with pytest.raises(ConfigError, match=r"no environment .*group 'selfplay_gym\.domains'.*env:my_module:MyGame-v0"):
        bench_policies(["random"], env)
    with pytest.raises(ConfigError) as caught:
        bench_policies(["random"], "a b")
    assert "group" not in str(caught.value)
