"""What one GPU does: is it right, how fast it samples and learns beside transformers and TRL, what memory it takes.

    python benchmarks/gpu.py --out results/gpu                          all parts, 60 s each at most
    python benchmarks/gpu.py --parts agree,sample --seconds 30          two parts
    python benchmarks/gpu.py --device cpu --shapes toy --preset debug   a dry run without a GPU

Parts, each with so many seconds at most; what is not measured by then is named, what fails says so in a line:

    agree     greedy tokens against `generate`, log-probabilities and gradients against the same model on the CPU, and
              in bfloat16 against transformers' own forward pass
    sample    tokens per second of `LLMAgent.sample` and of `generate`; everybody writes to the limit
    update    trained tokens per second of an update (forward, backward, AdamW) and of a plain loop around transformers'
              forward pass on the same rows in the same parts; LoRA of rank 16 on a frozen base
    step      a whole GRPO step (sampling, reward, update), and TRL's where TRL is installed
    run       three rounds of self-play of the embedded model, with exams, as `selfplay-gym train` plays them

Weights are random, of the shapes of SmolLM2-135M and of a model of 1.5 billion parameters (`gpu_lab.py`): rates do not
depend on them. Times are medians of wall seconds between synchronisations of the device, after an untimed warm-up;
memory is the most that torch had allocated meanwhile, the model included. OUT.json and OUT.md are written after each
part. The exit code is 1 if something disagreed or failed.
"""

from __future__ import annotations

import argparse
import copy
import importlib
import logging
import platform
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from selfplay_gym.agents.inference.interface.samples import Samples, SamplingSettings
from selfplay_gym.agents.inference.logprobs import completion_logps
from selfplay_gym.agents.models.llm import LLMAgent
from selfplay_gym.agents.training.trainer import GRPOConfig, GRPOTrainer
from selfplay_gym.benchmarks.gpu_lab import (
    SHAPES,
    Lab,
    TimeUp,
    at_most,
    clean_up,
    in_one_line,
    prompts_of,
    random_agent,
    write,
)

GROUP = 8


@dataclass(frozen=True)
class Work:
    """How much is done: prompts of `prompt` tokens, `GROUP` completions of `tokens` tokens each."""

    shapes: Sequence[str]
    preset: str
    prompt: int = 32
    tokens: int = 64
    part_tokens: int = 8192

    @classmethod
    def of(cls, shapes: Sequence[str], preset: str, small: bool) -> Work:
        return cls(shapes, preset, prompt=16, tokens=8, part_tokens=256) if small else cls(shapes, preset)

    def rows(self, small: bool) -> Sequence[int]:
        """How many completions are sampled at a time."""
        return (16,) if small else (64, 512)


# --- is it right ---


def agree(lab: Lab, work: Work, small: bool) -> None:
    cases = [("tiny", "fp32"), (work.shapes[0], "fp32"), *((shape, "bf16") for shape in work.shapes)]
    for name, precision in cases:
        with lab.trying(model=name, precision=precision) as row:
            if name == "tiny":
                agent = LLMAgent.from_pretrained("tiny", device=str(lab.device))
                prompts = ["What is 12+7?", "What is 3*4-5?", "Solve 3x+4=19.", "What is 20-6+1?"]
            else:
                agent = random_agent(name, precision, lab.device, spread=0.05)
                prompts = prompts_of(agent, 4, work.prompt)
            row["decoder"] = decoder_of(agent)
            row |= greedy_tokens(agent, prompts, 4 if small else 24)
            row |= against_transformers(agent, prompts) if precision == "bf16" else against_cpu(agent, prompts)


def decoder_of(agent: LLMAgent) -> str:
    """Whose forward pass an agent runs; the packed one where it agrees with that of transformers."""
    return "transformers" if agent.decoder is None else "packed"


def greedy_tokens(agent: LLMAgent, prompts: Sequence[str], length: int) -> dict[str, Any]:
    """How many rows say what `generate` says. In bfloat16 near ties are told apart differently, so none is counted."""
    ours = agent.with_settings(temperature=0, max_new_tokens=length).sample(prompts)
    same = 0
    for prompt, row, size in zip(prompts, ours.tokens.tolist(), ours.lengths.tolist(), strict=True):
        ids = torch.tensor([agent.prompt_ids(prompt)], device=ours.tokens.device)
        theirs = agent.model.generate(ids, attention_mask=torch.ones_like(ids), do_sample=False, **ends(agent, length))
        same += row[:size] == theirs[0, ids.shape[1] :].tolist()[:size]
    found: dict[str, Any] = {"greedy": f"{same} of {len(prompts)}"}
    if next(agent.model.parameters()).dtype is torch.float32:
        found["agrees"] = same == len(prompts)
    return found


def against_cpu(agent: LLMAgent, prompts: Sequence[str]) -> dict[str, Any]:
    """Log-probabilities and gradients of sampled completions, here and on the CPU."""
    samples = agent.with_settings(max_new_tokens=8).sample(prompts, n=2, seed=0)
    here = logps_and_gradient(agent, samples)
    twin = LLMAgent(copy.deepcopy(agent.model).cpu(), agent.tokenizer)
    there = logps_and_gradient(twin, samples.to(torch.device("cpu")))
    apart = float((here[0] - there[0]).abs().max())
    slope = float((here[1] - there[1]).norm() / there[1].norm())
    drawn = float((samples.logps.cpu() - here[0]).abs().max())
    fine = apart < 1e-3 and slope < 1e-3 and drawn < 1e-3
    return {"logp_difference": apart, "sampler_difference": drawn, "gradient_difference": slope, "agrees": fine}


def against_transformers(agent: LLMAgent, prompts: Sequence[str]) -> dict[str, Any]:
    """Log-probabilities of the packed pass and of transformers' own, both in bfloat16 and on this device."""
    samples = agent.with_settings(max_new_tokens=8).sample(prompts, n=2, seed=0)
    with torch.no_grad():
        ours, theirs = (logps_of(agent, samples, decoder) for decoder in (agent.decoder, None))
    apart = float((ours - theirs).abs().mean())
    drawn = float((samples.logps - ours).abs().mean())
    return {"logp_difference": apart, "sampler_difference": drawn, "agrees": apart < 0.1 and drawn < 0.1}


def logps_of(agent: LLMAgent, samples: Samples, decoder: Any) -> Tensor:
    owner = torch.arange(len(samples.tokens), device=samples.tokens.device) // samples.n
    return completion_logps(agent.model, decoder, samples.prompt_ids, owner, samples.tokens, samples.lengths)


def logps_and_gradient(agent: LLMAgent, samples: Samples) -> tuple[Tensor, Tensor]:
    """On the CPU: log-probabilities (R, T), and the gradient of their weighted sum as one vector."""
    logps = logps_of(agent, samples, agent.decoder)
    weight = torch.linspace(-1, 1, logps.numel(), device=logps.device).view(logps.shape)
    gradients = torch.autograd.grad((logps * weight).sum(), list(agent.model.parameters()))
    return logps.detach().cpu(), torch.cat([g.flatten().cpu() for g in gradients])


def ends(agent: LLMAgent, length: int) -> dict[str, Any]:
    """What `generate` is told of where to end."""
    stops = [stop for stop in agent.stop_ids if stop < agent.model.config.vocab_size]
    return {"max_new_tokens": length, "eos_token_id": stops or None, "pad_token_id": 0}


# --- how fast it samples ---


def sample(lab: Lab, work: Work, small: bool) -> None:
    cases = [(shape, precision) for precision in ("bf16", "fp32") for shape in work.shapes]
    lab.planned = len(cases) * len(work.rows(small)) * 2
    for shape, precision in cases:
        agent = random_agent(shape, precision, lab.device).with_settings(max_new_tokens=work.tokens)
        for rows in work.rows(small):
            prompts = prompts_of(agent, rows // GROUP, work.prompt)
            for who, draw in (("ours", ours_drawing), ("generate", generate_drawing)):
                with lab.trying(model=shape, precision=precision, rows=rows, who=who) as row:
                    drawing = draw(agent, prompts)
                    found = lab.time(partial(drawing, work.tokens), partial(drawing, 4))
                    row |= {"tokens_per_s": rows * work.tokens / found["seconds"], **found}
                    if who == "ours":
                        row["decoder"] = decoder_of(agent)
        del agent
        clean_up(lab.device)


def ours_drawing(agent: LLMAgent, prompts: Sequence[str]) -> Callable[[int], object]:
    return lambda length: agent.with_settings(max_new_tokens=length).sample(prompts, n=GROUP, seed=0)


def generate_drawing(agent: LLMAgent, prompts: Sequence[str]) -> Callable[[int], object]:
    """`generate` with the tokens read and decoded, as an agent does it."""
    device = agent.model.get_input_embeddings().weight.device
    ids = torch.tensor([agent.prompt_ids(p) for p in prompts], device=device).repeat_interleave(GROUP, 0)

    def draw(length: int) -> object:
        mask = torch.ones_like(ids)
        options = {**ends(agent, length), "do_sample": True, "top_k": 0, "temperature": 1.0, "top_p": 1.0}
        made = agent.model.generate(ids, attention_mask=mask, **options)
        return agent.tokenizer.batch_decode(made[:, ids.shape[1] :], skip_special_tokens=True)

    return draw


# --- how fast it learns ---


class Given:
    """A sampler that gives the same completions each time, so that a step is reward and update alone."""

    on_policy = True
    keeps_activations = False

    def __init__(self, agent: LLMAgent, prompts: Sequence[str], length: int, device: torch.device) -> None:
        shape = (GROUP * len(prompts), length)
        numbers = torch.randint(3, agent.model.config.vocab_size, shape, generator=torch.Generator().manual_seed(0))
        self.samples = Samples(
            texts=[],
            prompt_ids=[agent.prompt_ids(prompt) for prompt in prompts],
            tokens=numbers.to(device),
            logps=torch.zeros(shape, device=device),
            lengths=torch.full(shape[:1], length, device=device),
            finished=torch.ones(shape[:1], dtype=torch.bool, device=device),
        )

    def sample(
        self, prompt_ids: Sequence[Sequence[int]], *, n: int, settings: SamplingSettings, seed: int | None
    ) -> Samples:
        return self.samples


def alternating(prompts: Sequence[str], groups: list[list[str]]) -> list[list[float]]:
    """Rewards that vary in every group."""
    return [[float(index % 2) for index in range(len(group))] for group in groups]


def update(lab: Lab, work: Work, small: bool) -> None:
    ways = [
        *((shape, way) for way in ("bf16", "bf16, LoRA", "fp32, autocast bf16") for shape in work.shapes),
        *((shape, "fp32") for shape in work.shapes),
    ]
    lab.planned = len(ways) * 2
    for shape, way in ways:
        for who in ("ours", "transformers"):
            with lab.trying(model=shape, precision=way, who=who) as row:
                agent = learner(shape, way, lab.device)
                prompts = prompts_of(agent, (16 if small else 64) // GROUP, work.prompt)
                given = Given(agent, prompts, work.tokens * (1 if small else 2), lab.device)
                autocast = "bfloat16" if "autocast" in way else None
                run = ours_learning if who == "ours" else plain_learning
                found = lab.time(run(agent, prompts, given, autocast, work.part_tokens))
                row |= {"tokens_per_s": given.samples.tokens.numel() / found["seconds"], **found}
            agent = given = run = None  # type: ignore[assignment]
            clean_up(lab.device)


def learner(shape: str, way: str, device: torch.device) -> LLMAgent:
    """A model as this way of learning has it."""
    agent = random_agent(shape, way.partition(",")[0], device)
    if "LoRA" not in way:
        return agent
    from selfplay_gym.agents.roles.lora import add_adapters
    from selfplay_gym.agents.roles.role_agent import RoleRecord

    record = RoleRecord("lora", ("solver",), "solver", "random", "frozen")
    return add_adapters(agent, record, rank=16, seed=0, checkpoints={})["solver"]


def ours_learning(
    agent: LLMAgent, prompts: Sequence[str], given: Given, autocast: str | None, budget: int
) -> Callable[[], object]:
    config = GRPOConfig(
        learning_rate=1e-6, max_new_tokens=given.samples.tokens.shape[1], autocast=autocast, micro_batch_tokens=budget
    )
    trainer = GRPOTrainer(agent.with_settings(sampler=given), config)
    return lambda: trainer.step(prompts, alternating, samples=GROUP, seed=0)


def plain_learning(
    agent: LLMAgent, prompts: Sequence[str], given: Given, autocast: str | None, budget: int
) -> Callable[[], object]:
    """The loop that anybody would write: whole rows through transformers, log-softmax, gather, AdamW."""
    model, tokens = agent.model, given.samples.tokens
    trained = [p for p in model.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(trained, lr=1e-6, fused=True)
    ids = torch.tensor(given.samples.prompt_ids, device=tokens.device).repeat_interleave(GROUP, 0)
    whole, start = torch.cat([ids, tokens], 1), ids.shape[1]
    advantage = torch.tensor([1.0, -1.0], device=tokens.device).repeat(len(whole) // 2)[:, None]
    kind = tokens.device.type

    def step() -> float:
        optimiser.zero_grad(set_to_none=True)
        for rows in torch.arange(len(whole), device=tokens.device).split(max(1, budget // whole.shape[1])):
            with torch.autocast(kind, torch.bfloat16, enabled=autocast is not None):
                logits = model(whole[rows], use_cache=False, logits_to_keep=tokens.shape[1] + 1).logits[:, :-1]
            logps = torch.log_softmax(logits.float(), -1).gather(2, whole[rows, start:, None])[:, :, 0]
            ratio = (logps - logps.detach()).exp()
            (-(ratio * advantage[rows]).sum() / tokens.numel()).backward()  # type: ignore[no-untyped-call]
        norm = torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimiser.step()
        return float(norm)

    return step


# --- whole steps ---


def step(lab: Lab, work: Work, small: bool) -> None:
    cases = [(shape, precision) for shape in work.shapes[:1] for precision in ("bf16", "fp32")]
    lab.planned = 2 * len(cases)
    for shape, precision in cases:
        for who, steps in (("ours", our_steps), ("TRL", trl_steps)):
            with lab.trying(model=shape, precision=precision, who=who) as row:
                agent = random_agent(shape, precision, lab.device)
                prompts = prompts_of(agent, (16 if small else 64) // GROUP, work.prompt)
                row |= steps(lab, agent, prompts, work.tokens)
            agent = None  # type: ignore[assignment]
            clean_up(lab.device)


def letters(prompts: Sequence[str], groups: list[list[str]]) -> list[list[float]]:
    """A reward that a text decides."""
    return [[float(text.count("1") + text.count("7")) for text in group] for group in groups]


def our_steps(lab: Lab, agent: LLMAgent, prompts: Sequence[str], length: int) -> dict[str, Any]:
    config = GRPOConfig(learning_rate=1e-6, max_new_tokens=length, micro_batch_tokens=8192)
    trainer = GRPOTrainer(agent, config)
    return lab.time(lambda: trainer.step(prompts, letters, samples=GROUP, seed=trainer.steps))


def trl_steps(lab: Lab, agent: LLMAgent, prompts: Sequence[str], length: int) -> dict[str, Any]:
    """TRL's own loop, timed by a callback; as many steps as there is time for."""
    try:
        from datasets import Dataset
        from transformers import PrinterCallback, TrainerCallback
        from trl import GRPOConfig as TRLConfig
        from trl import GRPOTrainer as TRLTrainer
    except ImportError as error:
        lab.planned -= 1
        return {"failed": f"TRL is not here: {error}"}

    class Watched(TrainerCallback):
        """Ends the training when its share of the time is over."""

        begun = time.perf_counter()

        def on_step_begin(self, *_: Any, **__: Any) -> None:
            lab.sync()
            if lab.device.type == "cuda" and len(seconds) == 1:
                torch.cuda.reset_peak_memory_stats(lab.device)
            self.started = time.perf_counter()

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            lab.sync()
            seconds.append(time.perf_counter() - self.started)
            used = time.perf_counter() - self.begun + seconds[-1]
            control.should_training_stop = len(seconds) > 1 and used > share

    def reward(prompts: list[str], completions: list[str], **_: Any) -> list[float]:
        return letters(prompts, [completions])[0]

    share = lab.remaining / max(1, lab.planned)
    lab.planned -= 1
    seconds: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        settings = TRLConfig(
            output_dir=folder, per_device_train_batch_size=len(prompts) * GROUP, gradient_accumulation_steps=1,
            num_generations=GROUP, max_completion_length=length, max_steps=20, learning_rate=1e-6,
            lr_scheduler_type="constant", temperature=1.0, top_k=0, beta=0.0, loss_type="grpo",
            optim="adamw_torch_fused", gradient_checkpointing=False, bf16=False, use_cpu=lab.device.type == "cpu",
            report_to=[], logging_steps=1000, save_strategy="no", disable_tqdm=True, shuffle_dataset=False, seed=0,
        )  # fmt: skip
        trainer = TRLTrainer(
            model=agent.model.train(),
            reward_funcs=reward,
            args=settings,
            train_dataset=Dataset.from_dict({"prompt": [agent.format(p) for p in prompts] * 21}),
            processing_class=agent.tokenizer,
            callbacks=[Watched()],
        )
        trainer.remove_callback(PrinterCallback)
        trainer.train()
    timed = sorted(seconds[1:] or seconds)
    peak = torch.cuda.max_memory_allocated(lab.device) / (1 << 30) if lab.device.type == "cuda" else None
    return {"seconds": timed[len(timed) // 2], "repeats": len(timed), "peak_gib": peak}


# --- a run ---


def run(lab: Lab, work: Work, small: bool) -> None:
    """What it committed before the time was over counts."""
    from selfplay_gym import train
    from selfplay_gym.selfplay.settings.presets import preset

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "run")
        settings = {"rounds": 3, "compute.device": str(lab.device)}
        try:
            train(preset(work.preset).replace(settings), path)
        except TimeUp:
            lab.left.append("the rest of the run")
        lab.rows += rounds_of(path)


def rounds_of(path: Path) -> list[dict[str, Any]]:
    """A row per round that was committed: seconds of its stages, tokens, and the exam after it."""
    from selfplay_gym.selfplay.evaluation import ExamResult
    from selfplay_gym.selfplay.storage.run_folder import RunFolder

    folder = RunFolder.open(path)
    metrics, timings = list(folder.rows("metrics")), list(folder.rows("timings"))
    found = []
    for number in sorted({row["round"] for row in metrics}):
        mine = [row for row in metrics if row["round"] == number]
        spent = {row["phase"]: row["seconds"] for row in timings if row["round"] == number}
        exams = [ExamResult.from_dict(row["exam"]) for row in mine if "exam" in row]
        found.append(
            {
                "round": number,
                "seconds": sum(spent.values()),
                **{f"{phase}_s": seconds for phase, seconds in spent.items() if seconds >= 0.5},
                "sampled": sum(row.get("tokens_sampled", 0) + row.get("tokens_examined", 0) for row in mine),
                "trained": sum(row.get("tokens_trained", 0) for row in mine if "by_role" in row),
                "exam_sampled": exams[-1].accuracy.value if exams else None,
            }
        )
    return found


PARTS: dict[str, tuple[str, Callable[[Lab, Work, bool], None]]] = {
    "agree": ("Greedy tokens against `generate`; largest differences to the same model on the CPU (bf16: mean, to "
              "transformers' pass on the same device).", agree),
    "sample": ("Sampled tokens per second, 8 completions a prompt, all written to the limit.", sample),
    "update": ("Trained tokens per second of an update: forward, backward, AdamW.", update),
    "step": ("Seconds of a GRPO step: sampling, reward, update.", step),
    "run": ("Three rounds of self-play with exams, embedded model.", run),
}  # fmt: skip


def measured(name: str, lab: Lab, work: Work, small: bool) -> dict[str, Any]:
    """One part, whatever happens in it."""
    about, part = PARTS[name]
    failed = None
    try:
        with at_most(lab.seconds):
            part(lab, work, small)
    except TimeUp:
        lab.left.append("what came after, the time was over")
    except Exception as error:  # noqa: BLE001 - the other parts go on
        failed = in_one_line(error)
    seconds = time.perf_counter() - lab.started
    clean_up(lab.device)
    return {"about": about, "seconds": seconds, "rows": lab.rows, "left": lab.left, "failed": failed}


def import_all(names: Sequence[str]) -> None:
    """What takes seconds to import, before any clock runs: an import that is broken off cannot be done again."""
    wanted = ["transformers.models.auto.modeling_auto", "transformers.generation.utils"]
    wanted += ["transformers.models.llama.modeling_llama", "transformers.models.qwen2.modeling_qwen2"]
    wanted += ["transformers.models.qwen3.modeling_qwen3"]
    wanted += ["selfplay_gym.selfplay.run.train", "sympy"] if "run" in names else []
    wanted += ["peft"] if "update" in names else []
    wanted += ["trl", "trl.trainer.grpo_trainer", "datasets"] if "step" in names else []
    for name in wanted:
        with suppress(ImportError):  # whoever needs it says that it is not there
            importlib.import_module(name)


def machine(device: torch.device) -> dict[str, str]:
    import transformers

    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.machine()
    return {
        "device": name,
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "Python": platform.python_version(),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", default=",".join(PARTS), help="which, with commas between; in this order")
    parser.add_argument("--seconds", type=float, default=60.0, help="of each part, at most")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--shapes", default="135m,1.5b", help=f"with commas between: {', '.join(SHAPES)}")
    parser.add_argument("--preset", default="tiny", help="of the part `run`")
    parser.add_argument("--small", action="store_true", help="few rows and tokens, to try it out")
    parser.add_argument("--out", type=Path, default=Path("gpu"), help="OUT.json and OUT.md are written")
    options = parser.parse_args()
    names, shapes = options.parts.split(","), options.shapes.split(",")
    for wanted, known in ((names, PARTS), (shapes, SHAPES)):
        if not set(wanted) <= set(known):
            parser.error(f"unknown: {', '.join(sorted(set(wanted) - set(known)))}; known: {', '.join(known)}")
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    device = torch.device(options.device, 0) if options.device == "cuda" else torch.device(options.device)
    small = options.small or device.type == "cpu"
    import_all(names)
    results: dict[str, Any] = {"command": " ".join(["benchmarks/gpu.py", *sys.argv[1:]]), "machine": machine(device)}
    results["parts"] = {}
    for name in names:
        found = measured(name, Lab(device, options.seconds), Work.of(shapes, options.preset, small), small)
        results["parts"][name] = found
        write(results, options.out)
        rows = found["rows"]
        wrong = sum("failed" in row or row.get("agrees") is False for row in rows)
        ending = f"failed: {found['failed']}" if found["failed"] else f"{wrong} of {len(rows)} rows failed or disagree"
        print(f"{name:7} {found['seconds']:5.0f} s   {ending}", flush=True)
    bad = [name for name, part in results["parts"].items() if part["failed"]]
    bad += [name for name, part in results["parts"].items() for row in part["rows"] if row.get("agrees") is False]
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
