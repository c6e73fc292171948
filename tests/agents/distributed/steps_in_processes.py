"""Takes the same GRPO steps however many processes run it, and writes the outcome down for `test_process_group.py`.

python steps_in_processes.py OUT                                   alone
torchrun --standalone --nproc_per_node 2 steps_in_processes.py OUT
"""

import json
import sys
from functools import partial
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import save_file
from transformers import AutoConfig, AutoModelForCausalLM

from selfplay_gym.agents.distributed.parallel_sampler import ParallelSampler
from selfplay_gym.agents.distributed.placement import Placement
from selfplay_gym.agents.distributed.process_group import ProcessGroup
from selfplay_gym.agents.distributed.shard_files import read_shards, write_shards
from selfplay_gym.agents.distributed.sharded import Sharded
from selfplay_gym.agents.models.llm import LLMAgent
from selfplay_gym.agents.models.tiny import build_tokenizer
from selfplay_gym.agents.training.objectives import CrossEntropy
from selfplay_gym.agents.training.optimiser_state import parameter_of
from selfplay_gym.agents.training.trainer import GRPOConfig, GRPOTrainer

PAIRS = [("What is 1+2?", "3"), ("5*5", "25"), ("Solve 3x+4=19.", "x=5")]
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
    "lora": (PROMPTS, count_ones, {"lora": True, "epochs": 2}),
    "towards_a_reference": (PROMPTS, count_ones, {"kl_weight": 0.1}),
    "in_shards": (PROMPTS, count_ones, {"shard": True, "epochs": 2}),
    "in_shards_one_group_varies": (
        PROMPTS[:4],
        only_first,
        {"shard": True, "kl_weight": 0.1, "micro_batch_tokens": 60},
    ),
    "in_shards_through_transformers": (PROMPTS[:3], count_ones, {"shard": True, "hf": True}),
    "in_shards_whole_to_sample": (PROMPTS, count_ones, {"shard": True, "gather": True}),
    "in_shards_whole_through_transformers": (PROMPTS[:3], count_ones, {"shard": True, "gather": True, "hf": True}),
    "in_shards_recomputed": (PROMPTS, count_ones, {"shard": True, "gradient_checkpointing": True, "epochs": 2}),
    "in_shards_recomputed_through_transformers": (
        PROMPTS[:3],
        count_ones,
        {"shard": True, "hf": True, "gradient_checkpointing": True},
    ),
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


def with_adapters(agent):
    """The agent with a LoRA adapter that does something from the beginning."""
    config = LoraConfig(r=4, lora_alpha=8, target_modules=["q_proj", "v_proj", "o_proj", "down_proj"])
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(2)
        model = get_peft_model(agent.model, config)
        with torch.no_grad():
            for name, parameter in model.named_parameters():
                if "lora_B" in name:
                    parameter.copy_(0.1 * torch.randn_like(parameter))
    return LLMAgent(model, agent.tokenizer)


def prepare(group, name, hf=False, shard=False, gather=False, lora=False, **settings):
    """A trainer for one case that the processes share."""
    agent = with_adapters(build(0)) if lora else build(0)
    if hf:
        agent.decoder = agent.sampler.decoder = None
    local, placement = agent.sampler, Placement(group)
    reference = build(1) if settings.get("kl_weight") else None
    reference_placement = Placement(group)
    if shard and not group.alone:
        how = {"gather_to_sample": gather, "precision": settings.get("autocast")}
        placement = Sharded(group, agent.model, agent.decoder, name, **how)
        if reference:
            reference.model.requires_grad_(False)
            reference_placement = Sharded(group, reference.model, reference.decoder, f"{name}.reference")
    trainer = GRPOTrainer(agent, GRPOConfig(**{"max_new_tokens": 24, **settings}), reference=reference)
    trainer.placement, trainer.reference_placement = placement, reference_placement
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


def write_state(trainer, folder):
    """The optimiser's state on disk as each process has it, and back; and back from whole tensors."""
    placement, group = trainer.placement, trainer.placement.group
    if group.is_rank0:
        folder.mkdir()
    group.meet()
    write_shards(folder, trainer.tensors(), group)
    whole = {name: placement.gather(kept).clone() for name, kept in trainer.tensors().items()}
    for given in (whole, read_shards(folder, partial(parameter_of, trained=trainer._trained), group)):
        trainer.optimizer.state.clear()
        trainer.load_tensors(given)
        found = trainer.tensors()
        assert found.keys() == whole.keys()
        assert trainer.steps == (2 if group.is_rank0 or given is not whole else 0)  # rank 0 alone counts them
        for name, kept in found.items():
            if name == "trainer.counters":
                continue
            assert kept.shape == whole[name].shape
            assert torch.equal(placement.gather(kept), whole[name]), name


def by_pairs(trainer, caught):
    """Gradients of one supervised step."""
    trainer.learn(PAIRS, CrossEntropy())
    return caught


def main(out):
    torch.set_num_threads(1)
    with ProcessGroup.join("cpu") as group:
        prepared = {name: prepare(group, name, **settings) for name, (_, _, settings) in CASES.items()}
        written = partial(write_state, prepared["in_shards"][0])
        group.register("write", written)
        low = {p: prepare(group, f"by_pairs_{p}", shard=True, autocast=p) for p in (None, "bfloat16")}
        if not group.is_rank0:
            assert group.serve() == "done"
            return
        for name, (prompts, reward, _) in CASES.items():
            metrics, texts, tensors = outcome(*prepared[name], prompts, reward)
            save_file({key: value.contiguous() for key, value in tensors.items()}, out / f"{name}.safetensors")
            (out / f"{name}.json").write_text(json.dumps({"metrics": metrics, "texts": texts, "size": group.size}))
        if group.alone:
            save_file(prepared["in_shards"][0].tensors(), out / "state.safetensors")
        else:
            group.run_on_all(written, out / "state")
        for precision, parts in low.items():
            save_file(by_pairs(*parts), out / f"by_pairs.{precision}.safetensors")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
