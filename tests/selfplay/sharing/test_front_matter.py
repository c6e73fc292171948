"""Front matter is YAML that says what it was given; both cards of questions are written by it."""

import datasets
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from selfplay_gym.interop.data_set import MEANING, DataSetFormat
from selfplay_gym.interop.question_sets import question_set
from selfplay_gym.selfplay.settings.config import RunConfig
from selfplay_gym.selfplay.sharing.facts import RunFacts
from selfplay_gym.selfplay.sharing.front_matter import data_set_fields, front_matter
from selfplay_gym.selfplay.sharing.questions import COLUMNS, questions_card

WORDS = st.sampled_from(
    ["yes", "No", "null", "n<1K", "1.0", "1e5", "a: b", "- x", "#", "'", '"', "{", "*a", "~", "", "a b"]
)
TEXTS = WORDS | st.text(alphabet=st.characters(codec="ascii", categories=["L", "N", "P", "S", "Zs"]), max_size=8)
VALUES = st.recursive(
    TEXTS | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


def read(lines):
    assert (lines[0], lines[-1]) == ("---", "---")
    assert all(lines[1:-1])
    return yaml.safe_load("\n".join(lines[1:-1]))


@given(st.dictionaries(TEXTS, VALUES, min_size=1, max_size=4))
def test_what_is_written_is_read_again(fields):
    assert read(front_matter(fields)) == fields


def test_it_is_written_as_people_write_it():
    fields = {
        "license": "apache-2.0",
        "tags": ["a", "n<1K"],
        **data_set_fields("v", "q.jsonl", {"x": {"dtype": "bool"}}),
    }
    assert "\n".join(front_matter(fields)) == (
        '---\nlicense: apache-2.0\ntags:\n  - a\n  - "n<1K"\nconfigs:\n  - config_name: v\n    data_files: q.jsonl\n'
        "dataset_info:\n  config_name: v\n  features:\n    - name: x\n      dtype: bool\n---"
    )


def test_both_cards_of_questions_name_their_columns_and_their_files(tmp_path):
    pushed = questions_card(RunConfig(), RunFacts([]), 5).split("---\n")[1]
    DataSetFormat().write(question_set("mixed", ["train"], limit=2), tmp_path)
    exported = (tmp_path / "README.md").read_text(encoding="utf-8").split("---\n")[1]
    for card, columns in ((pushed, COLUMNS), (exported, MEANING)):
        fields = yaml.safe_load(card)
        (config,) = fields["configs"]
        assert config["config_name"] == fields["dataset_info"]["config_name"]
        assert [feature["name"] for feature in fields["dataset_info"]["features"]] == list(columns)
        assert datasets.Features._from_yaml_list(fields["dataset_info"]["features"])


@pytest.mark.parametrize("value", [[], {}])
def test_nothing_is_nothing(value):
    assert read(front_matter({"a": value})) == {"a": value}
