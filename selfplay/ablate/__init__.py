"""Which part of the method does the work: one thing changed at a time, over several seeds.

Commands and users come in.
"""

from .results import Ablation
from .rows import VARIANTS
from .variants import ablate, summarise

__all__ = ["VARIANTS", "Ablation", "ablate", "summarise"]
