"""From a name to an agent: registered names, models, folders, and what a person hears about a wrong one."""

import pytest

import selfplay_gym
from selfplay_gym.core.errors import ConfigError, UnknownNameError
from selfplay_gym.selfplay.bench.resolve_agent import read_agent, resolve_agent


def test_options_stand_behind_a_name_or_are_given(untrained_model):
    assert resolve_agent("noisy(accuracy=0.3)").accuracy == 0.3
    assert resolve_agent("noisy(0.3)").accuracy == 0.3
    assert resolve_agent("noisy(accuracy=0.3, scatter=2)", scatter=4).scatter == 4
    assert resolve_agent(f"{untrained_model}(temperature=0.5)").settings.temperature == 0.5
    assert resolve_agent(str(untrained_model), max_new_tokens=3).settings.max_new_tokens == 3


def test_a_folder_may_end_in_parentheses(untrained_model, tmp_path):
    folder = tmp_path / "model (1)"
    folder.symlink_to(untrained_model, target_is_directory=True)
    assert read_agent(str(folder)).name == str(folder)
    named = read_agent(f"{folder}(temperature=0.5)")
    assert (named.name, named.options) == (str(folder), {"temperature": 0.5})


def test_an_address_keeps_its_parentheses():
    assert read_agent("openai:m@http://host/v(1)").name == "openai:m@http://host/v(1)"
    assert read_agent("openai:m@http://host/v1(temperature=0)").options == {"temperature": 0}


@pytest.mark.parametrize("name", ["gpt-4o", "claude-sonnet-4", "o3-mini", "Qwen3-8B"])
def test_a_hosted_model_is_pointed_at_its_endpoint(name):
    with pytest.raises(UnknownNameError, match=rf"openai:MODEL@URL, as in openai:{name}@https"):
        resolve_agent(name)


def test_other_unknown_names_say_what_there_is(tmp_path):
    with pytest.raises(UnknownNameError, match=r"Did you mean 'noisy'.*smollm2, .*tiny.*Or give a model folder"):
        resolve_agent("nosy")
    with pytest.raises(ConfigError, match="no model folder at"):
        resolve_agent(str(tmp_path / "nowhere"))
    with pytest.raises(ConfigError, match=r"expected config\.json"):
        resolve_agent(str(tmp_path))
    with pytest.raises(ConfigError, match="key=value"):
        resolve_agent("smollm2(0.5)")


@pytest.mark.parametrize(
    ("saved", "link", "shown"),
    [
        (["solver-02-001", "solver-10-001", "solver-100-001", "solver-99-007"], None, "checkpoints/solver-100-001"),
        (["solver-02-001", "challenger-03-001", "solver-03-001.draft"], None, "checkpoints/solver-02-001"),
        (["player-01-001"], None, "checkpoints/player-01-001"),
        (["solver-01-001"], "last", "last"),
        (["challenger-01-001"], None, None),
        ([], None, None),
    ],
)
def test_a_run_given_as_a_model_is_answered_alike_by_every_door(tmp_path, saved, link, shown):
    run = tmp_path / "run [1]"
    for name in saved:
        (run / "checkpoints" / name).mkdir(parents=True)
    run.mkdir(exist_ok=True)
    (run / "state.json").write_text("{}")
    if link:
        (run / link).symlink_to(f"checkpoints/{saved[0]}", target_is_directory=True)
    said = set()
    for load in (selfplay_gym.load_agent, resolve_agent):
        with pytest.raises(ConfigError) as caught:
            load(str(run))
        said.add(str(caught.value))
    remedy = f"name one of its models, such as {run / shown}" if shown else "it has no model of who answers yet"
    assert said == {f"{run} is a run, not a model; {remedy}"}
