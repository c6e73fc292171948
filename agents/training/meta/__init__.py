"""Meta-learning: initial weights from which a few steps lead far on a new task. Only `pairs` knows language models."""
