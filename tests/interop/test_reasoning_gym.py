"""Our questions as data sets of reasoning-gym: what its own tests expect of one, and our rewards."""

import json
import pickle
import subprocess
import sys

import pytest

from selfplay_gym.core.errors import ConfigError
from selfplay_gym.core.held_out import is_held_out
from selfplay_gym.core.registries import generators
from selfplay_gym.envs.game.domains import identity_of
from selfplay_gym.interop.rows import graded_of

reasoning_gym = pytest.importorskip("reasoning_gym")
ours = pytest.importorskip("selfplay_gym.interop.reasoning_gym")

NAMES = sorted(f"selfplay_{name}" for name in generators.names() if not name.endswith(":"))
NEEDS_SANDBOX = {"selfplay_abduction", "selfplay_deduction", "selfplay_induction", "selfplay_program"}


@pytest.mark.parametrize("name", NAMES)
def test_a_generator_is_a_procedural_data_set(name):
    data = reasoning_gym.create_dataset(name, seed=42, size=4)
    items = list(data)
    assert len(data) == len(items) == 4
    assert items == list(data) == list(reasoning_gym.create_dataset(name, seed=42, size=4))
    assert [data[3], data[1]] == [items[3], items[1]]
    assert items != list(reasoning_gym.create_dataset(name, seed=43, size=4))
    assert json.loads(json.dumps(items))[0]["question"] == items[0]["question"]
    for index, item in enumerate(items):
        assert isinstance(item["question"], str)
        assert isinstance(item["answer"], str)
        assert item["metadata"]["source_dataset"] == name
        assert item["metadata"]["source_index"] == index
        if name not in NEEDS_SANDBOX or index == 0:
            assert data.score_answer(item["answer"], entry=item) == 1.0
        assert data.score_answer(None, entry=item) == 0.0
        assert data.score_answer("", entry=item) == 0.0


def test_every_text_earns_what_the_environment_pays(texts):
    data = reasoning_gym.create_dataset("selfplay_mixed", seed=0, size=1)
    scored = [data.score_answer(text, {"metadata": {"row": one.row()}}) for one, text in texts.attempts()]
    assert scored == texts.rewards()
    assert len(scored) == 1000
    assert 200 < sum(scored) < 800


def test_a_wrong_answer_scores_nothing_though_the_right_one_stands_in_it():
    data = reasoning_gym.create_dataset("selfplay_arithmetic", seed=0, size=20)
    for item in data:
        assert data.score_answer(item["answer"] + "1", entry=item) == 0.0


def test_items_follow_levels_kind_and_split():
    low = reasoning_gym.create_dataset("selfplay_arithmetic", low=0.1, high=0.3, seed=1, size=30)
    levels = [item["metadata"]["row"]["level"] for item in low]
    assert all(0.1 <= level <= 0.3 for level in levels)
    assert len(set(levels)) > 10
    for split in ("train", "held_out"):
        data = reasoning_gym.create_dataset("selfplay_mixed", split=split, seed=1, size=30)
        questions = [graded_of(item["metadata"]["row"]).question for item in data]
        assert {is_held_out(identity_of(question)) for question in questions} == {split == "held_out"}


WRONG = {
    "size": (0, -1, "5", 2.0, True, None, [5], b"5", float("nan")),
    "seed": (-1, "1", 1.5, True, [1], float("nan")),
    "low": (-0.1, 1.1, "x", None, True, [0.5], float("nan"), 1j),
    "high": (-0.1, 1.1, "x", None, True, [0.5], float("inf")),
    "kind": ("arithmetik", "", 5, ["arithmetic"], True),
    "split": ("exam", None, 5, ["train"], {}),
    "template": ("plane", None, 5, ["plain"]),
    "level": ("x", 2.0, None),
    "sise": (5,),
}


@pytest.mark.parametrize("name", ["selfplay_mixed", "selfplay_math", "selfplay_code"])
@pytest.mark.parametrize(("setting", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_a_setting_that_cannot_work_is_refused_by_name(name, setting, value):
    with pytest.raises(ConfigError) as refused:
        reasoning_gym.create_dataset(name, **{setting: value})
    said = str(refused.value)
    assert (setting if setting in ("level", "sise") else repr(value)) in said
    assert setting in said or setting == "kind"  # which some generators call a part or a task


def test_levels_run_upwards():
    with pytest.raises(ConfigError, match=r"low=0\.6 and high=0\.5"):
        reasoning_gym.create_dataset("selfplay_mixed", low=0.6, high=0.5)


def test_kinds_are_those_of_the_generator():
    data = reasoning_gym.create_dataset("selfplay_mixed", kind="equation", seed=1, size=5)
    assert {graded_of(item["metadata"]["row"]).question.author for item in data} == {"equation"}
    with pytest.raises(ConfigError, match=r"has no kinds.*leave kind out"):
        reasoning_gym.create_dataset("selfplay_arithmetic", kind="arithmetic")


def test_an_unknown_template_names_those_there_are():
    with pytest.raises(ValueError, match="plain"):
        reasoning_gym.create_dataset("selfplay_mixed", template="plane")


def test_their_composite_and_their_curriculum_take_ours():
    from reasoning_gym.composite import DatasetSpec

    specs = [DatasetSpec("selfplay_mixed", 1, {"high": 0.5}), DatasetSpec("leg_counting", 1, {})]
    mixed = reasoning_gym.create_dataset("composite", datasets=specs, seed=3, size=12)
    assert {item["metadata"]["source_dataset"] for item in mixed} == {"selfplay_mixed", "leg_counting"}
    assert all(mixed.score_answer(item["answer"], entry=item) == 1.0 for item in mixed)
    curriculum = reasoning_gym.factory.create_curriculum("selfplay_mixed")
    curriculum.increment_attr_level("level")
    config = curriculum.generate_configuration({"seed": 1, "size": 5})
    assert (config.low, config.high, config.size) == (0.0, 0.2, 5)


def test_their_scorer_by_name_and_a_copy_of_a_data_set_score_the_same():
    data = reasoning_gym.create_dataset("selfplay_equation", seed=5, size=3)
    score = reasoning_gym.get_score_answer_fn("selfplay_equation")
    copy = pickle.loads(pickle.dumps(data))
    assert list(copy) == list(data)
    assert [score(item["answer"], item) for item in copy] == [1.0] * 3


def test_registering_again_changes_nothing_and_finds_what_came_later():
    before = ours.register()
    assert before == ours.register()
    generators.register("late-sums", "selfplay_gym.curricula.generators.arithmetic:Arithmetic")
    try:
        assert set(ours.register()) - set(before) == {"selfplay_late-sums"}
    finally:
        generators.unregister("late-sums")
        reasoning_gym.factory.DATASETS.pop("selfplay_late-sums", None)


def test_without_reasoning_gym_one_line_says_what_to_install():
    code = (
        "import sys; sys.modules['reasoning_gym'] = None\n"
        "from selfplay_gym.core.errors import MissingExtraError\n"
        "try:\n    import selfplay_gym.interop.reasoning_gym\nexcept MissingExtraError as error:\n    print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install 'selfplay-gym[rg]'" in done.stdout
