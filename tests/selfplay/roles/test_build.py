"""Settings of precision, memory and place reach the models and the trainers they are meant for."""

from __future__ import annotations

import pytest
import torch

from selfplay_gym.agents.models.llm import LLMAgent
from selfplay_gym.core.errors import ConfigError, UnknownNameError
from selfplay_gym.selfplay.roles.build import fill_seats
from selfplay_gym.selfplay.roles.role import ROLES
from selfplay_gym.selfplay.settings.presets import parse_settings, preset


def seated(untrained_model, *settings):
    config = preset("debug").replace(model=str(untrained_model), **parse_settings(settings))
    return config, fill_seats(config, ROLES, {})


def test_precision_and_memory_reach_both_trainers(untrained_model):
    settings = ("autocast=bfloat16", "micro_batch_tokens=512", "gradient_checkpointing=true", "dtype=bfloat16")
    _, seats = seated(untrained_model, *settings)
    for seat in seats.values():
        config = seat.trainer.config
        assert (config.autocast, config.micro_batch_tokens, config.gradient_checkpointing) == ("bfloat16", 512, True)
        assert seat.agent.model.dtype is torch.bfloat16
        assert seat.trainer.reference.model.dtype is torch.bfloat16


def test_float16_trains_a_seat_and_its_scale_is_saved_with_it(untrained_model, tmp_path):
    config, seats = seated(untrained_model, "autocast=float16")
    seat = seats["solver"]
    told = seat.trainer.step(
        ["1+1?"] * 2, lambda p, groups: [[float(len(t)) for t in g] for g in groups], samples=4, seed=0
    )
    assert told.updates == 1
    seat.trainer.loss_scale.value = 256.0
    seat.save(tmp_path / "solver")
    again = fill_seats(config, ROLES, {"solver": tmp_path / "solver"})
    assert again["solver"].trainer.loss_scale.value == 256.0


def test_the_challenger_may_live_elsewhere(untrained_model, monkeypatch):
    asked = []
    load = LLMAgent.from_pretrained.__func__

    def noted(cls, name, **options):
        asked.append(options["device"])
        return load(cls, name, **{**options, "device": "cpu"})

    monkeypatch.setattr(LLMAgent, "from_pretrained", classmethod(noted))
    seated(untrained_model, "device=cuda:0", "challenger_device=cuda:1")
    assert asked == ["cuda:1", "cuda:0", "cuda:0"]  # challenger, solver, reference


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        (["isolation=lora", "challenger_device=cuda:1"], ConfigError),
        (["autocast=float32"], UnknownNameError),
        (["dtype=int8"], UnknownNameError),
        (["micro_batch_tokens=0"], ConfigError),
    ],
)
def test_what_cannot_be_is_refused(settings, error):
    with pytest.raises(error):
        preset("debug").replace(**parse_settings(settings))


def test_a_switch_is_true_or_false():
    assert parse_settings(["gradient_checkpointing=False"]) == {"gradient_checkpointing": False}
    with pytest.raises(ConfigError, match="gradient_checkpointing must be of type bool"):
        parse_settings(["gradient_checkpointing=no"])
