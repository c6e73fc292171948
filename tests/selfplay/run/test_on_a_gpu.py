"""A warm-up and a run with adapters, on a GPU (`pytest -m gpu`) or one that is pretended."""

from __future__ import annotations

import contextlib
import runpy
from pathlib import Path

import pytest
import torch

from selfplay_gym.selfplay.run.train import train
from selfplay_gym.selfplay.settings.presets import preset
from selfplay_gym.selfplay.warmup import bases
from selfplay_gym.selfplay.warmup.train_base import train_base

PRETEND = runpy.run_path(str(Path(__file__).parents[2] / "agents" / "pretend_gpu.py"))["PretendGPU"]
SMALL = {
    "compute.device": "cuda",
    "rounds": 1,
    "roles.challenger": {"steps": 1, "groups": 2, "samples": 4},
    "roles.solver": {"steps": 1, "groups": 4, "samples": 4, "reward": "random"},
    "labels.attempts": 4,
    "questions": {"count": 8, "keep_band": [0.0, 1.0]},
    "exam": {"questions": 8, "samples": 2},
    "guard.questions": 4,
}


@pytest.mark.parametrize("kind", ["pretended", pytest.param("cuda", marks=pytest.mark.gpu)])
def test_a_warm_up_and_a_round(kind, tmp_path, monkeypatch):
    if kind == "cuda" and not torch.cuda.is_available():
        pytest.skip("no CUDA device")
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
