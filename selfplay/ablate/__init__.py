"""Which part of the method does the work: one thing changed at a time, over several seeds."""

from .variants import VARIANTS, Ablation, ablate, summarise

__all__ = ["VARIANTS", "Ablation", "ablate", "summarise"]
