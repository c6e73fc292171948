"""TRL trains our tiny model on games that an OpenEnv server holds, by tool calls and by replies."""

import random
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest

from selfplay_gym.core.errors import ConfigError

pytest.importorskip("openenv", reason="OpenEnv 0.10 is tested in an environment of its own: docs/interop_openenv.md")
pytest.importorskip("trl")

from selfplay_gym.interop.openenv.training import Games, rows

SPEC = spec_from_file_location("served", Path(__file__).with_name("test_openenv.py"))
served = module_from_spec(SPEC)
SPEC.loader.exec_module(served)

TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}{{ message['content'] }}"
    "{% for call in message['tool_calls'] or [] %}{{ call['function']['name'] }}"
    "{% for name, value in call['function']['arguments'].items() %} {{ name }} {{ value }}{% endfor %}{% endfor %}\n"
    "{% endfor %}"
)
"""The tiny model's own template, with words for tool calls; without them TRL refuses any environment."""
CALL = {"type": "function", "function": {"name": "answer", "arguments": {"text": "{content}"}}}
REPLY_IS_CALL = {
    "defaults": {"role": "assistant", "content": ""},
    "start_anchor": "\n",
    "fields": {"tool_calls": {"close_pattern": "</s>", "content": "text", "repeats": True, "transform": CALL}},
}
REPLY = {
    "defaults": {"role": "assistant"},
    "start_anchor": "\n",
    "fields": {"content": {"close_pattern": "</s>", "content": "text"}},
}
"""How a reply is read: as the argument of a tool call (the tiny model knows no syntax for one), or as it is."""


@pytest.fixture(scope="module")
def address():
    with served.serving(sessions=8) as found:
        yield f"http://{found}"


def test_rows_share_a_seed_within_a_group_and_differ_otherwise():
    made = rows(size=6, seed=2, levels=[0.2, 0.4], system="Be brief.")
    assert made == rows(size=6, seed=2, levels=[0.2, 0.4], system="Be brief.")
    assert len({row["seed"] for row in made}) == 6
    assert [row["level"] for row in made] == [0.2, 0.4] * 3
    assert [turn["role"] for turn in made[0]["prompt"]] == ["system", "user"]
    for wrong in ({"size": 0}, {"size": True}, {"size": 2, "levels": []}):
        with pytest.raises(ConfigError):
            rows(**wrong)


def test_the_first_answer_counts_and_no_answer_earns_nothing(address):
    env = gym.make("SelfPlayMath-v0", curriculum="fixed(level=0.2)")
    asked, _ = env.reset(seed=5)
    label = env.step("")[4]["label"]
    with Games(address) as games:
        game = games()
        assert game.reset(seed=5, level=0.2, prompt="a column of the row") == asked
        assert game.get_reward() == 0.0
        assert "taken" in game.answer(rf"\boxed{{{label}}}")
        assert "already" in game.answer("no")
        assert game.get_reward() == 1.0
        game.reset(seed=5, level=0.2)
        assert game.get_reward() == 0.0


def test_closing_gives_the_sessions_back(address):
    for _ in range(3):
        with Games(address, tool=False) as games:
            made = [games() for _ in range(8)]  # all there is room for
            replies = [[{"role": "assistant", "content": "x"}]] * 8
            for game in made:
                game.reset(seed=1)
            assert games.reward(completions=replies, environments=made) == [0.0] * 8


@pytest.mark.slow
@pytest.mark.parametrize("tool", [True, False])
def test_trl_trains_on_a_served_game(tmp_path, address, tool):
    import torch
    from datasets import Dataset
    from trl import GRPOConfig
    from trl.trainer.grpo_trainer import GRPOTrainer

    from selfplay_gym.agents.models.llm import LLMAgent

    agent = LLMAgent.from_pretrained("tiny")
    agent.tokenizer.chat_template = TEMPLATE
    agent.tokenizer.response_template = REPLY_IS_CALL if tool else REPLY
    before = {name: p.detach().clone() for name, p in agent.model.named_parameters()}
    config = GRPOConfig(
        output_dir=str(tmp_path),
        per_device_train_batch_size=8,
        num_generations=4,
        max_completion_length=48,
        max_steps=2,
        learning_rate=1e-3,
        logging_steps=1,
        save_strategy="no",
        report_to="none",
        use_cpu=True,
        bf16=False,
        disable_tqdm=True,
        max_tool_calling_iterations=1,
    )
    states = random.getstate(), np.random.get_state(), torch.random.get_rng_state()
    try:
        with Games(address, tool=tool) as games:
            trainer = GRPOTrainer(
                model=agent.model,
                reward_funcs=[] if tool else [games.reward],
                args=config,
                train_dataset=Dataset.from_list(rows(size=8, seed=1, levels=[0.1, 0.3])),
                processing_class=agent.tokenizer,
                environment_factory=games,
            )
            trainer.train()
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
        torch.random.set_rng_state(states[2])
    (rewards,) = (list(values) for values in trainer._logs["rewards"].values())
    prompts = list(trainer._logs["prompt"])
    assert len(rewards) == 8
    assert 0.0 < sum(rewards) < 8.0
    assert all(prompts[i] == prompts[i - i % 4] for i in range(8))  # a group has one question
    assert prompts[0][-1]["content"]
    moved = [name for name, p in agent.model.named_parameters() if not torch.equal(p, before[name])]
    assert len(moved) == len(before)
