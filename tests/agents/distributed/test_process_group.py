"""Several processes train as one does: the same samples, gradients and weights."""

from __future__ import annotations

import json
import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from selfplay_gym.agents.distributed import shard_files
from selfplay_gym.agents.distributed.parallel_sampler import owners
from selfplay_gym.agents.distributed.process_group import ProcessGroup, launched_alone, rank_and_size
from selfplay_gym.agents.distributed.shard_files import read_shards, write_shards
from selfplay_gym.core.errors import ConfigError, RunError

SCRIPT = Path(__file__).with_name("steps_in_processes.py")
TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
SHARED = {"RANK": "1", "LOCAL_RANK": "1", "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "29500"}
CASES = runpy.run_path(str(SCRIPT))["CASES"]


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """Folders of the steps taken by one process, and by two."""
    one, two = tmp_path_factory.mktemp("one"), tmp_path_factory.mktemp("two")
    runpy.run_path(str(SCRIPT))["main"](one)
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    started = subprocess.run([*TORCHRUN, str(SCRIPT), str(two)], env=environment, capture_output=True, text=True)
    assert started.returncode == 0, started.stderr
    return one, two


def report(folder, case):
    return json.loads((folder / f"{case}.json").read_text())


@pytest.mark.parametrize("case", CASES)
def test_two_processes_sample_and_learn_as_one(outcomes, case):
    one, two = outcomes
    alone, together = report(one, case), report(two, case)
    assert (alone["size"], together["size"]) == (1, 2)
    assert together["texts"] == alone["texts"]
    for mine, theirs in zip(alone["metrics"], together["metrics"], strict=True):
        assert theirs == pytest.approx(mine, rel=1e-4, abs=1e-6)
    mine, theirs = (load_file(folder / f"{case}.safetensors") for folder in outcomes)
    assert mine.keys() == theirs.keys()
    gradients = [name for name in mine if name.startswith("gradient.")]
    assert gradients
    for name in gradients:  # scaled to a length of 1 at most
        assert float((mine[name] - theirs[name]).abs().max()) <= 1e-6, name
    # AdamW divides by the size of the gradient, so where that is next to nothing its rounding shows
    for kind in ("weight.", "moved."):
        pairs = [(mine[name], theirs[name]) for name in mine if name.startswith(kind)]
        gap = torch.cat([(a - b).flatten() for a, b in pairs]).norm()
        assert float(gap) <= 1e-6 * float(torch.cat([a.flatten() for a, _ in pairs]).norm())


def test_weights_put_together_in_16_bits_give_gradients_summed_in_32(outcomes):
    exact, alone, together = (
        load_file(folder / f"by_pairs.{precision}.safetensors")
        for folder, precision in ((outcomes[0], None), (outcomes[0], "bfloat16"), (outcomes[1], "bfloat16"))
    )
    whole = torch.cat([g.flatten() for g in exact.values()])
    for found in (alone, together):
        assert {g.dtype for g in found.values()} == {torch.float32}
        gap = torch.cat([found[name].flatten() for name in exact]) - whole
        assert 1e-4 < float(gap.norm() / whole.norm()) < 0.05


def test_any_number_of_processes_reads_the_state_that_each_wrote_a_share_of(outcomes):
    alone = load_file(outcomes[0] / "state.safetensors")
    together = read_shards(outcomes[1] / "state", lambda name: None, ProcessGroup())
    assert len(list((outcomes[1] / "state").glob("*.safetensors"))) == 2
    assert together.keys() == alone.keys()
    for name, kept in alone.items():
        assert together[name].dtype == kept.dtype
        assert torch.allclose(together[name], kept, rtol=1e-5, atol=1e-6), name


@pytest.mark.filterwarnings("ignore:torch.distributed is disabled")
def test_equal_tensors_leave_equal_bytes(tmp_path):
    tensors = {'ü"a': torch.arange(6.0).view(2, 3), "counters": torch.tensor([1, 2]), "step": torch.tensor(3.0)}
    written = set()
    for number in range(8):  # the library's own order is another one each time
        folder = tmp_path / str(number)
        folder.mkdir()
        write_shards(folder, tensors, ProcessGroup())
        written.add(next(folder.iterdir()).read_bytes())
        found = read_shards(folder, lambda name: None, ProcessGroup())
        assert found.keys() == tensors.keys()
        assert all(torch.equal(found[name], tensors[name]) for name in tensors)
    assert len(written) == 1


def test_a_folder_without_shards_is_refused(tmp_path):
    with pytest.raises(RunError, match="holds no tensors"):
        read_shards(tmp_path, lambda name: None, ProcessGroup())


def test_large_tensors_go_to_several_files(monkeypatch):
    monkeypatch.setattr(shard_files, "FILE_BYTES", 100)
    tensors = {"a": torch.zeros(20), "b": torch.zeros(6), "c": torch.zeros(40), "d": torch.zeros(1)}
    assert shard_files._files(tensors) == {"a": 1, "b": 2, "c": 3, "d": 4}
    monkeypatch.setattr(shard_files, "FILE_BYTES", 104)
    assert shard_files._files(tensors) == {"a": 1, "b": 1, "c": 2, "d": 3}


def test_the_cases_include_a_process_without_rows(outcomes):
    assert (
        report(outcomes[0], "one_group_varies")["metrics"][0]["rows_trained"] == 4
    )  # one group, and groups stay whole


def test_l2_sp_moves_weights_a_quarter_of_the_way(outcomes):
    tensors = load_file(outcomes[1] / "in_shards.safetensors")
    weights = [name for name in tensors if name.startswith("weight.")]
    assert weights
    for name in weights:
        assert torch.allclose(0.75 * tensors[name], tensors[f"moved.{name.removeprefix('weight.')}"], atol=1e-6)


def test_rows_are_dealt_in_whole_groups_short_prompts_first():
    prompts = [[1] * 9, [1], [1] * 5, [1] * 7, [1] * 3]
    owner = owners(prompts, 3, 2).view(5, 3)
    assert owner[:, 0].tolist() == [0, 0, 0, 1, 1]
    assert (owner == owner[:, :1]).all()
    assert owners([[1, 2]], 6, 4).tolist() == [0, 1, 2, 3, 0, 1]
    assert owners([], 2, 2).tolist() == []


def test_a_group_of_one_calls_the_function():
    group, tensor = ProcessGroup(), torch.ones(3)
    assert group.alone
    assert group.is_rank0
    assert group.run_on_all(lambda a, b: a - b, 5, 2) == 3
    assert group.totals([1.0, 2.0]) == [1.0, 2.0]
    assert group.greatest(-1.0) == -1.0
    group.add_up([tensor])
    assert group.from_rank0(tensor).tolist() == [1.0, 1.0, 1.0]
    with ProcessGroup.join("mps") as joined:
        assert joined.alone
        assert joined.device == "mps"


def test_rank_and_size_come_from_the_launcher():
    assert rank_and_size({}) == (0, 1)
    assert rank_and_size({"WORLD_SIZE": "1"}) == (0, 1)
    assert rank_and_size(SHARED) == (1, 2)
    with pytest.raises(ConfigError, match="MASTER_ADDR"):
        rank_and_size({name: value for name, value in SHARED.items() if name != "MASTER_ADDR"})


def test_accelerate_starting_a_single_process_is_noticed():
    assert launched_alone({"ACCELERATE_MIXED_PRECISION": "no"})
    assert not launched_alone({"ACCELERATE_MIXED_PRECISION": "no", **SHARED})
    assert not launched_alone({})


@pytest.mark.parametrize("device", ["cuda:1", "mps"])
def test_a_device_that_processes_cannot_share_is_refused(monkeypatch, device):
    for name, value in SHARED.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError, match="one GPU each"), ProcessGroup.join(device):
        pass
