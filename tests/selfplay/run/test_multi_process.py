"""A run that torchrun starts in two processes is the run of one process, and ends as one."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from selfplay_gym.agents.distributed.process_group import ProcessGroup
from selfplay_gym.agents.distributed.shard_files import read_shards
from selfplay_gym.agents.load import load_agent
from selfplay_gym.core.errors import ConfigError
from selfplay_gym.selfplay.run.train import train
from selfplay_gym.selfplay.settings.files import to_toml
from selfplay_gym.selfplay.settings.presets import preset
from selfplay_gym.selfplay.storage.checkpoint import OPTIMISER, SHARDS
from selfplay_gym.selfplay.storage.run_folder import LOGS, RunFolder

TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
CONFIG = preset("debug").replace(
    {
        "rounds": 1,
        "questions.count": 12,
        "exam.questions": 8,
        "roles.challenger.groups": 3,
        "roles.*.max_new_tokens": 40,
    }
)
DEADLINE_S = 300  # generous: test machines are shared


def command(path, config=CONFIG, launcher=TORCHRUN, more=()):
    file = path.with_suffix(".toml")
    file.write_text(to_toml(config))
    return [*launcher, "-m", "selfplay_gym.cli", "train", "--config", str(file), "--run-dir", str(path), *more]


def start(arguments):
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}
    return subprocess.Popen(
        arguments, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def finish(started):
    """Exit code and what was printed; nothing is left running."""
    try:
        out, err = started.communicate(timeout=DEADLINE_S)
    finally:
        if started.poll() is None:
            os.killpg(started.pid, signal.SIGKILL)
    return started.returncode, out, err


def play(path, config=CONFIG, more=()):
    code, out, err = finish(start(command(path, config, more=more)))
    assert code == 0, err
    return out


def rounded(value):
    """Floats cut to what two ways of adding the same numbers agree on."""
    if isinstance(value, dict):
        return {name: rounded(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [rounded(inner) for inner in value]
    return pytest.approx(value, rel=1e-3, abs=1e-6) if isinstance(value, float) else value


def tensors_of(checkpoint):
    """The tensors of each file; the optimiser's state as one, whoever wrote it."""
    files = {file.relative_to(checkpoint): file for file in checkpoint.rglob("*.safetensors")}
    found = {name: load_file(file) for name, file in files.items() if SHARDS not in name.parts}
    if (checkpoint / SHARDS).is_dir():
        found[Path(OPTIMISER)] = read_shards(checkpoint / SHARDS, lambda name: None, ProcessGroup())
    return found


def same_run(path, other):
    """Equal logs up to rounding of measures, and equal weights up to a small part of a step."""
    folders = [RunFolder.open(path), RunFolder.open(other)]
    for name in LOGS:
        if name != "timings":
            mine, theirs = (list(folder.rows(name)) for folder in folders)
            assert theirs == rounded(mine), name
    assert folders[0].state["checkpoints"] == folders[1].state["checkpoints"]
    for checkpoint in folders[0].state["checkpoints"].values():
        kept = [tensors_of(each / "checkpoints" / checkpoint) for each in (path, other)]
        assert kept[0].keys() == kept[1].keys()
        for file, weights in kept[0].items():
            twins = kept[1][file]
            assert weights.keys() == twins.keys()
            gap = torch.cat([(weights[n].double() - twins[n].double()).flatten() for n in weights])
            assert float(gap.abs().max()) <= 0.2 * CONFIG.roles["solver"].grpo.learning_rate, file
            assert float(gap.norm()) <= 1e-6 * float(torch.cat([w.double().flatten() for w in weights.values()]).norm())


def same_bytes(path, other):
    """Equal logs, but for clocks, and equal checkpoints."""
    folders = [RunFolder.open(path), RunFolder.open(other)]
    assert folders[0].state["checkpoints"] == folders[1].state["checkpoints"]
    logs = [Path(f"{name}.jsonl") for name in LOGS if name != "timings"]
    tensors = [file.relative_to(path) for file in sorted((path / "checkpoints").rglob("*.safetensors"))]
    assert tensors
    for file in [log for log in logs if (path / log).exists()] + tensors:
        assert (other / file).read_bytes() == (path / file).read_bytes(), file


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    path = tmp_path_factory.mktemp("alone") / "run"
    train(CONFIG, path)
    return path


@pytest.mark.slow
def test_two_processes_play_the_same_run_and_speak_with_one_voice(alone, tmp_path):
    printed = play(tmp_path / "run")
    same_run(alone, tmp_path / "run")
    assert printed.count("Report: ") == 1
    assert printed.count("round 1/1 · generate\n") == 1
    environment = json.loads((tmp_path / "run" / "environment.json").read_text())
    assert environment["processes"] == 2


SHARDED = CONFIG.replace({"compute.sharding": "fsdp2"})


GATHERED = SHARDED.replace({"compute.gather_to_sample": True})  # quicker, and all else is as without


@pytest.fixture(scope="module")
def gathered(tmp_path_factory):
    path = tmp_path_factory.mktemp("gathered") / "run"
    play(path, GATHERED)
    return path


@pytest.fixture(scope="module")
def in_shards(tmp_path_factory):
    path = tmp_path_factory.mktemp("in_shards") / "run"
    play(path, SHARDED)
    return path


@pytest.mark.slow
def test_shards_play_the_same_run_and_anybody_reads_their_models(alone, in_shards):
    same_run(alone, in_shards)
    for name in RunFolder.open(in_shards).state["checkpoints"].values():
        folder, expected = in_shards / "checkpoints" / name, alone / "checkpoints" / name
        assert [file.name for file in folder.glob("*.safetensors")] == ["model.safetensors"]
        assert load_file(folder / "model.safetensors").keys() == load_file(expected / "model.safetensors").keys()
        assert len(list((folder / "optimiser").iterdir())) == 2
        assert load_agent(folder).act(["What is 1+2?"], seed=0) == load_agent(expected).act(["What is 1+2?"], seed=0)


@pytest.mark.slow
@pytest.mark.parametrize(
    "setting",
    [
        {"roles.*.weight_sharing": "lora"},
        {"roles.*": {"weight_sharing": "lora", "trunk": "trained"}},
        {"roles.*.weight_sharing": "prompt"},
        {"roles.*.weight_sharing": "tokens"},
        {"roles.*": {"l2_sp": 10.0, "grpo.kl_weight": 0.0}},
        {"roles.*": {"l2_sp": 10.0, "grpo.kl_weight": 0.0}, "compute.sharding": "fsdp2"},
        {"questions.sources": {"procedural": 1.0}, "guard": {"mode": "on", "every": 1}, "roles.solver.steps": 3},
    ],
    ids=["lora", "lora-trained", "prompt", "tokens", "l2-sp", "l2-sp-sharded", "procedural-guarded"],
)
def test_every_way_to_part_the_roles_is_the_same_in_two_processes(tmp_path, setting):
    config = CONFIG.replace(setting)
    train(config, tmp_path / "alone")
    play(tmp_path / "run", config)
    same_run(tmp_path / "alone", tmp_path / "run")


@pytest.mark.slow
@pytest.mark.parametrize("sharding", ["none", "fsdp2"])
def test_ctrl_c_stops_all_together_and_any_number_of_processes_goes_on(tmp_path, sharding):
    config = CONFIG.replace({"compute.sharding": sharding, "roles.solver.steps": 4})
    train(config, tmp_path / "alone")
    run = start(command(tmp_path / "run", config))
    for line in run.stdout:
        if "train(solver)" in line:
            os.kill(run.pid, signal.SIGINT)  # torchrun passes it on
            break
    code, out, err = finish(run)
    assert code != 0
    assert out.count("Stopped and saved.") == 1, err
    assert RunFolder.open(tmp_path / "run").state["phase"] != "done"
    folder = train(config, tmp_path / "run", resume=True)
    assert folder.state["phase"] == "done"
    same_run(tmp_path / "alone", tmp_path / "run")


@pytest.mark.slow
def test_a_run_of_one_process_goes_on_in_two(alone, tmp_path):
    run = start(command(tmp_path / "run", launcher=[sys.executable]))
    for line in run.stdout:
        if "attempt" in line:
            run.send_signal(signal.SIGKILL)
            break
    finish(run)
    play(tmp_path / "run", more=["--resume"])
    same_run(alone, tmp_path / "run")


DYING = """
import os, sys
from selfplay_gym.agents.inference.sampling import LocalSampler
from selfplay_gym.cli import main

honest, calls = LocalSampler.sample, []

def dying(self, *arguments, **options):
    calls.append(1)
    if os.environ["RANK"] == sys.argv[1] and len(calls) == 4:
        {death}
    return honest(self, *arguments, **options)

LocalSampler.sample = dying
sys.exit(main(sys.argv[2:]))
"""


@pytest.mark.slow
@pytest.mark.parametrize("death", ['raise MemoryError("no room")', "os._exit(7)", "os.kill(os.getpid(), 9)"])
@pytest.mark.parametrize("rank", ["0", "1"])
def test_a_process_that_dies_ends_the_run_and_the_rest_can_go_on(alone, tmp_path, rank, death):
    script = tmp_path / "dying.py"
    script.write_text(DYING.format(death=death))
    arguments = command(tmp_path / "run", launcher=[*TORCHRUN, str(script), rank])
    del arguments[arguments.index(rank) + 1 : arguments.index("train")]  # the script is the command line here
    code, _, err = finish(start(arguments))
    assert code != 0
    assert "no room" in err or f"rank      : {rank}" in err or f"local_rank: {rank}" in err
    train(CONFIG, tmp_path / "run", resume=True)
    same_run(alone, tmp_path / "run")


DYING_IN = {
    "sample": ("agents.distributed.parallel_sampler", "ParallelSampler.sample_on_rank", 4),
    "update": ("agents.distributed.sharded", "Sharded.backward", 2),
    "save": ("agents.distributed.sharded", "Sharded.weights", 1),
}
DYING_IN_SHARDS = """
import importlib, os, sys
from selfplay_gym.cli import main

rank, module, name, last = sys.argv[1:5]
owner, method = name.split(".")
owner = getattr(importlib.import_module(f"selfplay_gym.{module}"), owner)
honest, calls = getattr(owner, method), []

def dying(self, *arguments):
    calls.append(1)
    if os.environ["RANK"] == rank and len(calls) == int(last):
        os.kill(os.getpid(), 9)
    return honest(self, *arguments)

setattr(owner, method, dying)
sys.exit(main(sys.argv[5:]))
"""


@pytest.mark.slow
@pytest.mark.parametrize(("rank", "place", "others"), [(1, "sample", None), (0, "update", 3), (1, "save", 1)])
def test_shards_go_on_byte_for_byte_after_a_kill_and_any_number_of_processes_nearly_so(
    gathered, tmp_path, rank, place, others
):
    script, path, twin = tmp_path / "dying.py", tmp_path / "run", tmp_path / "twin"
    script.write_text(DYING_IN_SHARDS)
    asked = command(path, GATHERED)
    death = [str(script), str(rank), *map(str, DYING_IN[place])]
    code, _, err = finish(start([*TORCHRUN, *death, *asked[asked.index("train") :]]))
    assert code != 0
    assert "exitcode  : -9" in err, err
    assert RunFolder.open(path).state.get("phase") != "done"
    shutil.copytree(path, twin)
    play(path, GATHERED, more=["--resume"])
    same_bytes(gathered, path)
    if others is not None:
        asked = command(twin, GATHERED, launcher=[*TORCHRUN[:-1], str(others)], more=["--resume"])
        code, _, err = finish(start(asked))
        assert code == 0, err
        same_run(gathered, twin)


def test_a_wrong_setting_is_refused_once_and_no_process_hangs(tmp_path):
    taken = tmp_path / "run"
    taken.write_text("a file")
    code, _, err = finish(start(command(Path(taken))))
    assert code != 0
    assert err.count("--run-dir must name a folder") == 1


def test_only_models_of_one_role_are_sharded():
    with pytest.raises(ConfigError, match="weight_sharing='copies'"):
        CONFIG.replace({"compute.sharding": "fsdp2", "roles.*.weight_sharing": "lora"})
