"""Meta-learning: initial weights from which a few steps lead far on a new task. For stages; it knows no language model."""
