"""Peak memory of one update on a model of SmolLM2-135M's shape, 8 completions of 512 tokens: ours against a simple
forward and backward pass of transformers that keeps all logits (same dtype, CPU). Random weights; a process for each.

    python benchmarks/update_memory.py
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys

import torch

ROWS, LENGTH, PROMPT = 8, 512, 32


def model():
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=49152,
        hidden_size=576,
        intermediate_size=1536,
        num_hidden_layers=30,
        num_attention_heads=9,
        num_key_value_heads=3,
        tie_word_embeddings=True,
        max_position_embeddings=8192,
    )
    return LlamaForCausalLM(config)


def peak() -> float:
    """Most memory this process has held, GiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def by_transformers() -> None:
    net = model()
    ids = torch.randint(49152, (ROWS, PROMPT + LENGTH))
    logits = net(ids).logits[:, PROMPT - 1 : -1]
    torch.log_softmax(logits.float(), -1).gather(2, ids[:, PROMPT:, None]).mean().backward()


def ours() -> None:
    from selfplay_gym.agents.inference.interface.samples import SamplingSettings
    from selfplay_gym.agents.inference.packed_forward import PackedModel
    from selfplay_gym.agents.inference.sampling import LocalSampler
    from selfplay_gym.agents.models.llm import LLMAgent
    from selfplay_gym.agents.training.batch import Batch
    from selfplay_gym.agents.training.config import GRPOConfig, StepMetrics
    from selfplay_gym.agents.training.objectives import PolicyGradient
    from selfplay_gym.agents.training.trainer import GRPOTrainer

    net = model()
    agent = object.__new__(LLMAgent)  # no tokenizer is needed for an update
    agent.model, agent.decoder, agent.settings = net, PackedModel.of(net), SamplingSettings()
    agent.prompts = None  # type: ignore[assignment]
    agent.sampler = LocalSampler(net, [2], agent.decoder)
    trainer = GRPOTrainer(agent, GRPOConfig(max_new_tokens=LENGTH, micro_batch_tokens=1024))
    trainer.optimizer.step = lambda: None  # the optimiser's state is the same on both sides, and left out on both
    ones = torch.ones(ROWS, LENGTH)
    batch = Batch(
        prompts=[list(range(3, 3 + PROMPT))],
        row_prompt=torch.zeros(ROWS, dtype=torch.int64),
        tokens=torch.randint(49152, (ROWS, LENGTH)),
        lengths=torch.full((ROWS,), LENGTH),
        mask=ones,
        advantages=torch.randn(ROWS),
        sampler_logp=-ones,
        activation_index=torch.zeros(ROWS, 0, dtype=torch.int64),
        sampled_as=torch.arange(ROWS),
        rows_total=ROWS,
        tokens_total=float(ROWS * LENGTH),
    )
    trainer._update(batch, StepMetrics(), PolicyGradient(trainer.config, LENGTH, on_policy=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--side", choices=["transformers", "ours"], help="measure one side in this process")
    side = parser.parse_args().side
    torch.set_num_threads(1)
    if side is not None:
        {"transformers": by_transformers, "ours": ours}[side]()
        print(peak())
        return
    seen = {}
    for name in ("ours", "transformers"):
        out = subprocess.run([sys.executable, __file__, "--side", name], capture_output=True, text=True, check=True)
        seen[name] = float(out.stdout.split()[-1])
    share = seen["ours"] / seen["transformers"]
    print("peak memory of one update:", end=" ")
    print(f"ours {seen['ours']:.2f} GiB, transformers {seen['transformers']:.2f} GiB, {share:.0%}")


if __name__ == "__main__":
    main()
