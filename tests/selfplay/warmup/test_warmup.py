"""The warm-up: equal settings give equal corpora without a held-out question, and a base comes with its model card."""

import json
import re
from dataclasses import asdict, replace

import pytest

from selfplay_gym.agents.model_names import SHIPPED, shipped_folder
from selfplay_gym.agents.models.tiny import build_model
from selfplay_gym.core.errors import ConfigError
from selfplay_gym.core.held_out import is_held_out
from selfplay_gym.core.math_language import key, read
from selfplay_gym.selfplay.settings.presets import PRESETS
from selfplay_gym.selfplay.warmup.bases import BASES, find_base
from selfplay_gym.selfplay.warmup.chain_corpus import ChainCorpus, ChainWarmup
from selfplay_gym.selfplay.warmup.train_base import train_base

WRITTEN = re.compile(r"<question>(.+)</question> \\boxed\{(-?\d+)\}")


def asked_and_written(corpus, steps):
    """The examples of some steps: (question, solution) of solvers, (question, claimed answer) of challengers."""
    pairs = [pair for step in range(steps) for pair in corpus.batch(step)]
    written = [WRITTEN.fullmatch(text).groups() for prompt, text in pairs if prompt == corpus.instruction]
    return [pair for pair in pairs if pair[0] != corpus.instruction], written


@pytest.mark.parametrize("name", BASES)
def test_a_corpus_is_a_function_of_its_settings_and_holds_no_exam_question(name):
    base = find_base(name)
    first, second = (base.corpus(base.settings(batch=64)) for _ in range(2))
    assert first.batch(7) == second.batch(7) != first.batch(8)
    assert first.batch(7) != base.corpus(base.settings(batch=64, seed=1)).batch(7)
    asked, written = asked_and_written(first, 20)
    assert asked
    assert written
    assert not any(is_held_out(key(question)) for question, _ in [*asked, *written])


def test_chains_are_worked_rightly_and_challengers_ask_shorter_ones():
    asked, written = asked_and_written(ChainCorpus(ChainWarmup()), 20)
    for question, solution in [*asked, *((text, rf"\boxed{{{claimed}}}") for text, claimed in written)]:
        assert solution.endswith(rf"\boxed{{{read(question).answer}}}")
    lengths, short = ([read(question).operations for question, _ in pairs] for pairs in (asked, written))
    assert len(written) / (len(asked) + len(written)) == pytest.approx(0.12, abs=0.03)
    assert sum(length > 1 for length in lengths) / len(lengths) == pytest.approx(0.45, abs=0.04)
    assert sum(length > 1 for length in short) / len(short) == pytest.approx(0.5, abs=0.09)
    assert max(lengths) > 8


def test_shorter_corpora_and_slips_can_be_asked_for():
    corpus = ChainCorpus(ChainWarmup(longest=3, challenger_share=0.0, slip=1.0))
    asked, written = asked_and_written(corpus, 3)
    assert written == []
    assert {read(question).operations for question, _ in asked} == {1, 2, 3}
    assert not any(text.endswith(rf"\boxed{{{read(q).answer}}}") for q, text in asked if read(q).operations == 1)


def test_chains_that_start_from_any_number():
    corpus = ChainCorpus(ChainWarmup())
    asked, written = asked_and_written(corpus, 20)
    for question, solution in asked:
        assert solution.endswith(rf"\boxed{{{read(question).answer}}}")
        assert solution.count("=") == read(question).operations
        assert not is_held_out(key(question))
    first = [int(re.search(r"-?\d+", question)[0]) for question, _ in asked]
    assert min(first) >= -45
    assert max(first) <= 60
    elsewhere = sum(not 1 <= number <= 9 for number in first) / len(first)
    assert elsewhere == pytest.approx((0.1 + 0.9 * 0.35) * 97 / 106, abs=0.05)
    assert all(re.search(r" [1-9][-+]|<question>[^-]", text) for text, _ in written)  # challengers ask as before


@pytest.mark.parametrize(
    "change", [{"steps": 0}, {"batch": 0}, {"slip": 1.5}, {"challenger_share": -0.1}, {"starts": 2}], ids=str
)
def test_settings_that_cannot_work_are_named(change):
    with pytest.raises(ConfigError, match=next(iter(change))):
        ChainWarmup(**change)


def test_a_base_is_trained_examined_and_described(tmp_path, monkeypatch):
    monkeypatch.setattr("selfplay_gym.selfplay.warmup.train_base.EXAM_QUESTIONS", 32)
    monkeypatch.setitem(BASES, "frontier", find_base("frontier")._replace(max_new_tokens=8))
    exam = train_base("frontier", tmp_path / "base", steps=1)
    assert len(exam.keys) == 32
    card = (tmp_path / "base" / "README.md").read_text()
    assert "selfplay-gym warmup --preset frontier --seed 0" in card
    assert "    decay = 0.5\n" in card
    assert json.loads((tmp_path / "base" / "generation_config.json").read_text())["max_new_tokens"] == 8
    with pytest.raises(ConfigError, match="not empty"):
        train_base("frontier", tmp_path / "base", steps=1)
    with pytest.raises(ConfigError, match="Did you mean 'frontier'"):
        train_base("fronteer", tmp_path / "other")


@pytest.mark.parametrize("name", SHIPPED)
def test_the_shipped_card_names_the_settings_of_today_and_the_weights_are_small(name):
    folder = shipped_folder(name)
    card = (folder / "README.md").read_text(encoding="utf-8")
    for setting, value in asdict(find_base(name).settings()).items():
        assert f"    {setting} = {value!r}\n" in card
    assert name in PRESETS
    assert (folder / "model.safetensors").stat().st_size < 3.3e6


def test_positions_are_a_setting_and_others_are_refused():
    assert build_model(0, "nope").config.rope_parameters["rope_type"] == "linear"
    with pytest.raises(ConfigError, match="rope"):
        build_model(0, "ropes")
    assert replace(ChainWarmup(), positions="nope").positions == "nope"
