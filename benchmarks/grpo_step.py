"""Time of one GRPO step (sampling, rewards, forward, backward, update) against TRL's `GRPOTrainer`, on one CPU thread.

    python benchmarks/grpo_step.py             both workloads, a minute or two
    python benchmarks/grpo_step.py --steps 25  more steps

Workloads
    fixed    3.15 M parameters, 8 prompts x 8 samples, 24 + 32 tokens, nobody stops early, all groups vary
    ragged   the shipped tiny model on arithmetic and equations as in the preset: answers of many lengths, groups
             without variance

Both sides get the same model, the same prompts, the same reward, temperature 1, no KL, one update per batch; TRL runs
the whole batch in one forward pass, its fastest setting here. Steps alternate, one of theirs, one of ours, in one
process; a number is the median of CPU seconds per step. The FLOP floor counts, at the speed of a large matrix product
on this machine, what an ordinary loop cannot leave out: every prompt and completion token forward once in sampling, and
once forward and backward (3 x) in the update, groups with variance only. The share is floor / time.

    sampling  `LLMAgent.sample` against `transformers.generate` on the 3.15 M model: 8 prompts x 8 samples in one batch
              of 64, any of three tokens ends an answer (geometric lengths, mean about 30), at most 128. Greedy tokens
              are compared first and must be equal.
"""

from __future__ import annotations

import argparse
import copy
import logging
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from selfplay_gym.agents.inference.sampling import LocalSampler
from selfplay_gym.agents.models.llm import LLMAgent
from selfplay_gym.agents.models.tiny import build_tokenizer
from selfplay_gym.agents.training.trainer import GRPOConfig, GRPOTrainer, StepMetrics
from selfplay_gym.core.math_language import answer
from selfplay_gym.core.seeding import python_stream

Reward = Callable[[str, str], float]
NEVER = "<never>"


@dataclass
class Workload:
    """One comparison: prompts as text, the reward, how much to draw."""

    name: str
    agent: LLMAgent
    prompts: list[str]
    reward: Reward
    samples: int
    max_new_tokens: int
    learning_rate: float


def fixed(seed: int) -> Workload:
    """Every answer has 32 tokens: the ending token has no row in the model's vocabulary."""
    from transformers import Qwen3Config, Qwen3ForCausalLM

    tokenizer = build_tokenizer()
    vocabulary = len(tokenizer)
    tokenizer.add_special_tokens({"eos_token": NEVER})
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        config = Qwen3Config(
            vocab_size=vocabulary,
            hidden_size=256,
            intermediate_size=768,
            num_hidden_layers=4,
            num_attention_heads=4,
            num_key_value_heads=2,
            head_dim=64,
            tie_word_embeddings=True,
            max_position_embeddings=512,
            pad_token_id=0,
            bos_token_id=1,
            eos_token_id=vocabulary,
        )
        model = Qwen3ForCausalLM(config)
    agent = LLMAgent(model, tokenizer)
    rng = python_stream(seed, "bench", "fixed")
    room = 24 - len(agent.prompt_ids("0"))
    prompts = ["0" + "".join(str(int(10 * rng.random())) for _ in range(room)) for _ in range(8)]
    return Workload("fixed", agent, prompts, lambda _, text: float(text.count("1") + text.count("a")), 8, 32, 1e-6)


def ragged(seed: int) -> Workload:
    """Questions of the preset's kind, reward 1 for right answers."""
    agent = LLMAgent.from_pretrained("tiny")
    rng = python_stream(seed, "bench", "ragged")

    def number(top: int) -> int:
        return 1 + int(rng.random() * top)

    prompts = [f"What is {number(20)}+{number(20)}*{number(9)}?" for _ in range(16)]
    prompts += [f"Solve {number(9)}x+{number(9)}={number(60)}." for _ in range(8)]
    prompts += [f"What is {number(9)}-{number(9)}?" for _ in range(8)]

    def reward(prompt: str, text: str) -> float:
        return float(f"\\boxed{{{answer(prompt)}}}" in text)

    return Workload("ragged", agent, prompts, reward, 8, 128, 1e-6)


def our_step(work: Workload) -> Callable[[int], tuple[float, StepMetrics]]:
    """A function that takes one step from a seed, and returns its CPU seconds and metrics."""
    agent = LLMAgent(copy.deepcopy(work.agent.model), work.agent.tokenizer)
    config = GRPOConfig(learning_rate=work.learning_rate, max_new_tokens=work.max_new_tokens)
    trainer = GRPOTrainer(agent, config)

    def reward_fn(prompts: Sequence[str], groups: list[list[str]]) -> list[list[float]]:
        return [[work.reward(p, text) for text in group] for p, group in zip(prompts, groups, strict=True)]

    def step(seed: int) -> tuple[float, StepMetrics]:
        start = time.process_time()
        metrics = trainer.step(work.prompts, reward_fn, samples=work.samples, seed=seed)
        return time.process_time() - start, metrics

    return step


def trl_config(work: Workload, steps: int, folder: str) -> Any:
    """TRL's settings for the same steps, one of which warms up."""
    from trl import GRPOConfig as TRLConfig

    return TRLConfig(
        output_dir=folder,
        per_device_train_batch_size=len(work.prompts) * work.samples,
        gradient_accumulation_steps=1,
        num_generations=work.samples,
        max_completion_length=work.max_new_tokens,
        max_steps=steps + 1,
        learning_rate=work.learning_rate,
        lr_scheduler_type="constant",
        temperature=1.0,
        top_k=0,
        beta=0.0,
        loss_type="grpo",
        optim="adamw_torch_fused",
        gradient_checkpointing=False,
        bf16=False,
        use_cpu=True,
        report_to=[],
        logging_steps=1000,
        save_strategy="no",
        disable_tqdm=True,
        shuffle_dataset=False,
        seed=0,
    )


def alternate(work: Workload, steps: int) -> tuple[list[float], list[float], list[StepMetrics]]:
    """CPU seconds of our steps and of TRL's, and our metrics. Ours run inside a callback between two of theirs, so that
    both meet the same machine; the first pair is a warm-up and left out."""
    from datasets import Dataset
    from transformers import TrainerCallback
    from trl import GRPOTrainer as TRLTrainer

    take_step = our_step(work)
    ours, theirs, metrics = [], [], []

    class BetweenSteps(TrainerCallback):
        started = 0.0

        def on_step_begin(self, *_: Any, **__: Any) -> None:
            self.started = time.process_time()

        def on_step_end(self, *_: Any, **__: Any) -> None:
            theirs.append(time.process_time() - self.started)
            seconds, seen = take_step(len(ours))
            ours.append(seconds)
            metrics.append(seen)

    formatted = {work.agent.format(p): p for p in work.prompts}

    def reward(prompts: list[str], completions: list[str], **_: Any) -> list[float]:
        return [work.reward(formatted[p], text) for p, text in zip(prompts, completions, strict=True)]

    with tempfile.TemporaryDirectory() as folder:
        trainer = TRLTrainer(
            model=copy.deepcopy(work.agent.model),
            reward_funcs=reward,
            args=trl_config(work, steps, folder),
            train_dataset=Dataset.from_dict({"prompt": list(formatted) * (steps + 1)}),
            processing_class=work.agent.tokenizer,
            callbacks=[BetweenSteps()],
        )
        trainer.train()
    return ours[1:], theirs[1:], metrics[1:]


def flop_floor(work: Workload, metrics: StepMetrics) -> float:
    """Floating-point operations no step can avoid: 2 per weight and token forward, 6 forward and backward."""
    weights = sum(p.numel() for p in work.agent.model.parameters())  # the tied embedding counts once, as the head
    prompt_tokens = sum(len(work.agent.prompt_ids(p)) for p in dict.fromkeys(work.prompts))
    rows = len(work.prompts) * work.samples
    trained_prompts = prompt_tokens * metrics.rows_trained / rows
    sampled = prompt_tokens + rows * (metrics.mean_length - 1)
    trained = trained_prompts + metrics.tokens_trained - metrics.rows_trained
    return weights * (2 * sampled + 6 * trained)


def machine_flops() -> float:
    """Operations per second of a 1024³ float32 matrix product, best of ten."""
    a, b = torch.randn(1024, 1024), torch.randn(1024, 1024)
    best = float("inf")
    for _ in range(10):
        start = time.process_time()
        a @ b
        best = min(best, time.process_time() - start)
    return 2 * 1024**3 / best


def compare(work: Workload, steps: int) -> None:
    ours, theirs, metrics = alternate(work, steps)
    peak = machine_flops()
    mine, trl = statistics.median(ours), statistics.median(theirs)
    floor = statistics.median([flop_floor(work, m) for m in metrics]) / peak
    last = metrics[-1]
    print(
        f"{work.name:7} ours {mine:.3f} s   TRL {trl:.3f} s   ratio {mine / trl:.2f}   "
        f"floor {floor:.3f} s ({floor / mine:.0%} of our time) at {peak / 1e9:.0f} GFLOP/s   "
        f"length {last.mean_length:.1f}   groups without variance {last.zero_variance_share:.0%}",
        flush=True,
    )


def compare_sampling(work: Workload, steps: int) -> None:
    stops = [5, 6, 7]
    model, tokenizer = copy.deepcopy(work.agent.model), work.agent.tokenizer
    agent = LLMAgent(model, tokenizer).with_settings(max_new_tokens=128)
    agent = agent.with_settings(sampler=LocalSampler(model, stops, agent.decoder))
    ids = torch.tensor([agent.prompt_ids(p) for p in work.prompts]).repeat_interleave(8, 0)
    options: dict[str, Any] = {"max_new_tokens": 128, "eos_token_id": stops, "pad_token_id": 0}
    mask = torch.ones_like(ids)

    greedy = agent.with_settings(temperature=0).sample(work.prompts, n=8)
    theirs = model.generate(ids, attention_mask=mask, do_sample=False, **options)[:, ids.shape[1] :]
    for row, length in enumerate(greedy.lengths.tolist()):
        assert greedy.tokens[row, :length].tolist() == theirs[row, :length].tolist(), f"row {row} differs"

    ours, generate, lengths = [], [], []
    for seed in range(steps):
        start = time.process_time()
        samples = agent.sample(work.prompts, n=8, seed=seed)
        middle = time.process_time()
        model.generate(ids, attention_mask=mask, do_sample=True, top_k=0, **options)
        generate.append(time.process_time() - middle)
        ours.append(middle - start)
        lengths.append(float(samples.lengths.float().mean()))
    mine, other = statistics.median(ours), statistics.median(generate)
    print(
        f"sampling ours {mine:.3f} s   generate {other:.3f} s   {other / mine:.1f} times as fast   "
        f"mean length {statistics.mean(lengths):.0f}, greedy tokens equal",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--steps", type=int, default=9, help="timed steps of either side")
    parser.add_argument("--only", choices=["fixed", "ragged", "sampling"], help="one part")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    torch.set_num_threads(1)
    for build in (fixed, ragged):
        if arguments.only in (None, build.__name__):
            compare(build(seed=0), arguments.steps)
    if arguments.only in (None, "sampling"):
        compare_sampling(fixed(seed=0), arguments.steps)


if __name__ == "__main__":
    main()
