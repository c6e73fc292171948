"""Memory of each process that loads, samples from, trains and saves a model of 500 M random parameters: alone, in
shards, and as one of several copies. CPU, short texts: weights, gradients and the optimiser's state are what counts.

    python benchmarks/shard_memory.py [--processes 2] [--hidden 1280] [--layers 26] [--dtype float32] [--kl 0.1]
    python benchmarks/shard_memory.py --computed 8      # larger models on so many processes, by the formula below

Peaks are those of resident memory (`VmHWM`, set back before each phase; Linux), without what Python and torch take
before there is a model. Ways are measured one after the other; the largest takes 23 GB with the default shape: copies,
which are asked for by name.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

from selfplay_gym.benchmarks.launched import worst

ENVIRONMENT = {"OMP_NUM_THREADS": "1", "MALLOC_MMAP_THRESHOLD_": "262144"}
"""glibc would keep freed blocks of up to 32 MiB, of which a model of this size has many and a larger one few."""
PHASES = ("load", "sample", "first update", "second update", "save")
WAYS: dict[str, dict[str, Any]] = {
    "alone": {},
    "shards": {"compute.sharding": "fsdp2"},
    "gathered": {"compute.sharding": "fsdp2", "compute.gather_to_sample": True},
    "copies": {"compute.sharding": "none"},
}


LARGE = {"7 B": (3584, 18944, 28, 4), "32 B": (5120, 27648, 64, 8)}
"""Hidden size, intermediate size, layers, key heads of 128: the shapes of Qwen2.5-7B and -32B."""
LARGE_VOCABULARY = 152064


def computed(processes: int) -> list[str]:
    """Rows of a table: GB per process for one role and its parts, without activations, keys and values.

    With P parameters of w bytes on N processes: at rest weights and both running means are 3 w P / N. An update adds
    gradients and the weights before it, 2 w P / N. What is whole at a time (the parts outside of layers, and two
    layers, as the next is fetched ahead) has a weight and a gradient in the precision of products, and a buffer: of
    that precision when weights come, of the weights' own when gradients go.
    """
    rows = []
    for name, (hidden, inner, layers, key_heads) in LARGE.items():
        layer = 2 * hidden**2 + 2 * hidden * 128 * key_heads + 3 * hidden * inner
        root = 2 * LARGE_VOCABULARY * hidden
        size = layers * layer + root
        for dtype, width, low in (("float32, autocast bfloat16", 4, 2), ("bfloat16", 2, 2)):
            at_rest, there = 3 * width * size / processes, root + 2 * layer
            figures = {
                "at rest": at_rest,
                "sampling by layer": at_rest + 2 * low * there,
                "sampling, gathered": at_rest + low * size + low * root,
                "update": at_rest + 2 * width * size / processes + (2 * low + width) * there,
                "reference": width * size / processes,
                "copies, update": 5 * width * size,
            }
            rows.append(f"| {name}, {dtype} | " + " | ".join(f"{v / 1e9:.0f}" for v in figures.values()) + " |")
    return [f"| model | {' | '.join(figures)} |", *rows]


def shape(hidden: int) -> dict[str, Any]:
    """What a model of a hidden size, a multiple of 320, looks like: the parts outside of layers are 8 % of it."""
    return {
        "hidden_size": hidden,
        "vocab_size": 25 * hidden,
        "intermediate_size": hidden * 14 // 5,
        "num_attention_heads": hidden // 64,
        "num_key_value_heads": hidden // 320,
        "tie_word_embeddings": True,
        "max_position_embeddings": 2048,
    }


def write_model(folder: Path, hidden: int, layers: int, dtype: str) -> int:
    """A folder with a model of random weights; how many it has."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from selfplay_gym.agents.models.tiny import build_tokenizer

    torch.manual_seed(0)
    with torch.device("cpu"):
        model = LlamaForCausalLM(LlamaConfig(**shape(hidden), num_hidden_layers=layers)).to(getattr(torch, dtype))
    model.save_pretrained(str(folder))
    build_tokenizer().save_pretrained(str(folder))
    return sum(parameter.numel() for parameter in model.parameters())


def measure(options: argparse.Namespace) -> None:
    """Run by every process: [peak in bytes, seconds] of each phase, in a file of its own."""
    import torch

    from selfplay_gym.agents.distributed.process_group import ProcessGroup
    from selfplay_gym.selfplay.roles.build import build_on_all, build_roles
    from selfplay_gym.selfplay.settings.config import RunConfig

    torch.set_num_threads(1)
    out = Path(options.measure)
    settings = {
        "roles.solver.model": str(out / "model"),
        "roles.solver.max_new_tokens": 2,
        "roles.*.grpo.kl_weight": options.kl,
        "compute.dtype": options.dtype,
        **WAYS[options.ways[0]],
    }
    seen: dict[str, list[float]] = {}
    with ProcessGroup.join() as group:
        mark = partial(_mark, seen, _status("VmRSS"))
        group.register("mark", mark)
        build = build_roles if group.alone else build_on_all(group)
        if not group.is_rank0:
            group.serve()
        else:
            config = RunConfig().replace(settings)
            group.run_on_all(mark, "load", True)
            role = build(config, ("solver",), {}, {})["solver"]
            group.run_on_all(mark, "load", False)
            prompts = ["What is 3 + 4?", "And what is 12 * 12?"]
            tasks: dict[str, Any] = {
                "sample": lambda: role.agent.act(prompts, n=2, seed=0),
                "first update": lambda: role.trainer.step(prompts, alternating, samples=2, seed=1),
                "second update": lambda: role.trainer.step(prompts, alternating, samples=2, seed=2),
                "save": lambda: role.save(out / "checkpoint"),
            }
            for name, task in tasks.items():
                group.run_on_all(mark, name, True)
                task()
                group.run_on_all(mark, name, False)
    (out / f"{group.rank}.json").write_text(json.dumps(seen))


def alternating(prompts: Any, groups: Any) -> list[list[float]]:
    """Rewards of 0 and 1, so that every group has something to teach."""
    return [[float(index % 2) for index in range(len(group))] for group in groups]


def _mark(seen: dict[str, list[float]], before: float, name: str, begins: bool) -> None:
    """Begin or end a phase in this process."""
    if begins:
        Path("/proc/self/clear_refs").write_text("5")  # the peak is from now on
        seen[name] = [0.0, time.perf_counter()]
    else:
        seen[name] = [_status("VmHWM") - before, time.perf_counter() - seen[name][1]]


def _status(name: str) -> float:
    """A figure of this process's memory, in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * float(next(line.split()[1] for line in lines if line.startswith(f"{name}:")))


def one(way: str, options: argparse.Namespace, model: Path) -> dict[str, list[float]]:
    """[peak of the process that took most, seconds] of each phase."""
    processes = 1 if way == "alone" else options.processes
    with tempfile.TemporaryDirectory(dir=model.parent) as folder:
        Path(folder, "model").symlink_to(model)
        asked = ["--measure", folder, "--ways", way, "--dtype", options.dtype, "--kl", str(options.kl)]
        return worst(__file__, asked, processes, Path(folder), PHASES, ENVIRONMENT)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--hidden", type=int, default=1280)
    parser.add_argument("--layers", type=int, default=26)
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--kl", type=float, default=0.0)
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=["alone", "shards", "gathered"])
    parser.add_argument("--computed", type=int, metavar="N")
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.computed:
        print(*computed(options.computed), sep="\n")
        return
    if options.measure:
        measure(options)
        return
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder, "model")
        size = write_model(model, options.hidden, options.layers, options.dtype)
        print(f"{size / 1e6:.0f} M parameters, {options.dtype}, KL weight {options.kl:g}, {options.processes} ranks")
        print(f"{'peak, GB (bytes per parameter), seconds':40}" + "".join(f"{name:>22}" for name in PHASES))
        peaks = {}
        for way in options.ways:
            seen = one(way, options, model)
            peaks[way] = max(peak for peak, _ in seen.values())
            cells = (f"{peak / 1e9:.2f} ({peak / size:.1f}) {seconds:.0f} s" for peak, seconds in seen.values())
            print(f"{way:40}" + "".join(f"{cell:>22}" for cell in cells), flush=True)
    for way, peak in peaks.items():
        if "alone" in peaks and way != "alone":
            print(f"{way}: {peak / peaks['alone']:.2f} of the peak of one process")


if __name__ == "__main__":
    main()
