"""A warm-up and a run with adapters, on a GPU (`pytest -m gpu`) or one that is pretended."""

from __future__ import annotations

import contextlib
import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from selfplay_gym.selfplay.run.train import train
from selfplay_gym.selfplay.settings.presets import preset
from selfplay_gym.selfplay.warmup import bases
from selfplay_gym.selfplay.warmup.train_base import train_base

PRETEND = runpy.run_path(str(Path(__file__).with_name("pretend_gpu.py")))["PretendGPU"]
SMALL = {
    "compute.device": "cuda",
    "rounds": 1,
    "roles.challenger": {"steps": 1, "groups": 2, "samples": 4},
    "roles.solver": {"steps": 1, "groups": 4, "samples": 4, "reward": "random", "update": "grpo"},
    "labels.attempts": 4,
    "questions": {"count": 8, "keep_band": [0.0, 1.0]},
    "exam": {"questions": 8, "samples": 2},
    "guard.questions": 4,
}


def test_the_pretended_gpu_refuses_what_a_gpu_refuses():
    with PRETEND():
        there, here = torch.ones(3, device="cuda"), torch.ones(3)
        assert (there + there).device.type == (there * torch.tensor(2.0)).device.type == "cuda"
        assert there[torch.tensor([0, 2])].device.type == "cuda"
        for mixed in (lambda: there + here, lambda: here[there.long()], lambda: torch.cat([here, there])):
            with pytest.raises(RuntimeError, match="two devices"):
                mixed()


@pytest.mark.parametrize("kind", ["pretended", pytest.param("cuda", marks=pytest.mark.gpu)])
def test_a_warm_up_and_a_round(kind, tmp_path, monkeypatch):
    if kind == "cuda" and not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    if kind == "pretended":
        monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: SimpleNamespace(total_memory=8 << 30))
    monkeypatch.setitem(bases.BASES, "smollm2", bases.SMOLLM2._replace(start="tiny"))
    with PRETEND() if kind == "pretended" else contextlib.nullcontext():
        train_base("smollm2", tmp_path / "base", steps=2, device="cuda", exam=(4, 1), rank=4)
        config = preset("smollm2").replace({"roles.*.model": str(tmp_path / "base"), **SMALL})
        folder = train(config, tmp_path / "run")
    rows = list(folder.rows("metrics"))
    assert folder.state["phase"] == "done"
    assert [row["round"] for row in rows if "exam" in row] == [0, 1]
    updates = {row["role"]: row["updates"] for row in rows if "update_norm" in row}
    assert updates.keys() == {"challenger", "solver"}
    assert updates["solver"] == 1
