"""Train the embedded model with TRL's GRPOTrainer on our questions, rewarded by our verifier.

    python examples/train_with_trl.py --steps 50

Wants `pip install -e ".[trl]"`.
"""

from __future__ import annotations

import argparse
import tempfile

from trl import GRPOConfig, GRPOTrainer

from selfplay_gym.agents import LLMAgent
from selfplay_gym.interop.trl import dataset, reward_function


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--prompts", type=int, default=16, help="questions per step")
    parser.add_argument("--samples", type=int, default=8, help="completions per question")
    options = parser.parse_args()

    agent = LLMAgent.from_pretrained("tiny")
    with tempfile.TemporaryDirectory() as folder:
        config = GRPOConfig(
            output_dir=folder,
            per_device_train_batch_size=options.prompts * options.samples,
            num_generations=options.samples,
            max_completion_length=72,
            max_steps=options.steps,
            learning_rate=1e-4,
            lr_scheduler_type="constant",
            logging_steps=1,
            save_strategy="no",
            report_to="none",
            use_cpu=True,
            bf16=False,
            disable_tqdm=True,
        )
        trainer = GRPOTrainer(
            model=agent.model,
            reward_funcs=[reward_function("sympy")],
            args=config,
            train_dataset=dataset(size=512, seed=0),
            processing_class=agent.tokenizer,
        )
        trainer.train()
    for row in trainer.state.log_history:
        if "reward" in row:
            print(f"step {row['step']:3d}   mean reward {row['reward']:.3f}")


if __name__ == "__main__":
    main()
