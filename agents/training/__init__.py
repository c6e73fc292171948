"""The GRPO trainer and what it is made of: batches, dynamic sampling, optimiser state, supervised fine-tuning."""
