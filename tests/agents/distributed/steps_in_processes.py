"""Takes the same GRPO steps however many processes run it, and writes the outcome down for `test_process_group.py`.

python steps_in_processes.py OUT                                   alone
torchrun --standalone --nproc_per_node 2 steps_in_processes.py OUT
"""

import json
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import AutoConfig, AutoModelForCausalLM

from selfplay_gym.agents.distributed.parallel_sampler import ParallelSampler
from selfplay_gym.agents.distributed.placement import Placement, Sharded
from selfplay_gym.agents.distributed.process_group import ProcessGroup
from selfplay_gym.agents.models.llm import LLMAgent
from selfplay_gym.agents.models.tiny import build_tokenizer
from selfplay_gym.agents.training.trainer import GRPOConfig, GRPOTrainer

PROMPTS = ["What is 1+2?", "Solve 3x+4=19.", "What is 1+2?", "and a longer one, to pad the others", "5*5"]


def count_ones(prompts, groups):
    return [[float(text.count("1") + text.count("a")) for text in group] for group in groups]


def only_first(prompts, groups):
    """One group has variance, so one process has nothing to train on."""
    return [[float(i == 0) * len(text) for text in group] for i, group in enumerate(groups)]


def only_others(prompts, groups):
    return [[float(i != 0) * len(text) for text in group] for i, group in enumerate(groups)]


CASES = {
    "uneven": (PROMPTS, count_ones, {}),
    "small_parts": (PROMPTS, count_ones, {"micro_batch_tokens": 60, "epochs": 2, "loss_type": "dapo"}),
    "one_group_varies": (PROMPTS, only_first, {}),
    "one_group_without_variance": (PROMPTS, only_others, {"loss_type": "dr_grpo", "weight_decay": 0.1}),
    "one_prompt": (PROMPTS[:1], count_ones, {}),
    "through_transformers": (PROMPTS[:3], count_ones, {"hf": True}),
    "towards_a_reference": (PROMPTS, count_ones, {"kl_weight": 0.1}),
    "in_shards": (PROMPTS, count_ones, {"shard": True, "epochs": 2}),
    "in_shards_one_group_varies": (
        PROMPTS[:4],
        only_first,
        {"shard": True, "kl_weight": 0.1, "micro_batch_tokens": 60},
    ),
    "in_shards_through_transformers": (PROMPTS[:3], count_ones, {"shard": True, "hf": True}),
}


def build(seed):
    shape = {
        "hidden_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "intermediate_size": 64,
        "vocab_size": len(build_tokenizer()),
        "max_position_embeddings": 256,
        "pad_token_id": 0,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "tie_word_embeddings": True,
    }
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        model = AutoModelForCausalLM.from_config(AutoConfig.for_model("qwen3", **shape)).eval()
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.add_(0.1 * torch.randn_like(parameter))
    return LLMAgent(model, build_tokenizer())


def prepare(group, name, hf=False, shard=False, **settings):
    """A trainer for one case that the processes share."""
    agent = build(0)
    if hf:
        agent.decoder = agent.sampler.decoder = None
    local, placement = agent.sampler, Placement(group)
    if shard and not group.alone:
        placement = Sharded(group, agent.model, name)
    reference = build(1) if settings.get("kl_weight") else None
    trainer = GRPOTrainer(agent, GRPOConfig(**{"max_new_tokens": 24, **settings}), reference=reference)
    trainer.placement = placement
    if not group.alone:
        trainer.agent.sampler = ParallelSampler(local, placement)
        group.register(f"{name}.sample", trainer.agent.sampler.sample_on_rank)
        group.register(f"{name}.update", trainer.update_on_rank)
        group.register(f"{name}.l2_sp", trainer.l2_sp_on_rank)
    caught, step = {}, trainer.optimizer.step

    def spy():
        caught.update({f"gradient.{n}": placement.gather(p.grad).clone() for n, p in trainer._trained.items()})
        step()

    trainer.optimizer.step = spy
    return trainer, caught


def outcome(trainer, caught, prompts, reward):
    texts = []

    def seen(asked, groups):
        texts.extend(groups)
        return reward(asked, groups)

    metrics = [trainer.step(prompts, seen, samples=4, seed=seed).as_dict() for seed in range(2)]
    weights = {f"weight.{n}": p.detach().clone() for n, p in trainer.parameters.items()}
    trainer.l2_sp({n: torch.zeros(p.shape) for n, p in trainer._trained.items()}, 0.25)
    moved = {f"moved.{n}": p.detach().clone() for n, p in trainer.parameters.items()}
    return metrics, texts, {**caught, **weights, **moved}


def main(out):
    torch.set_num_threads(1)
    with ProcessGroup.join("cpu") as group:
        prepared = {name: prepare(group, name, **settings) for name, (_, _, settings) in CASES.items()}
        if not group.is_rank0:
            assert group.serve() == "done"
            return
        for name, (prompts, reward, _) in CASES.items():
            metrics, texts, tensors = outcome(*prepared[name], prompts, reward)
            save_file({key: value.contiguous() for key, value in tensors.items()}, out / f"{name}.safetensors")
            (out / f"{name}.json").write_text(json.dumps({"metrics": metrics, "texts": texts, "size": group.size}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
