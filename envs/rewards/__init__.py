"""What challengers earn, and how alike the questions of a batch are; views, runs and reward authors come in."""

from ...core.records import Reward
from .challenger import ChallengerReward, in_band, in_interval, uncertainty
from .repetition import bleu_matrix, clusters, distinct_clusters, repetition_penalty

__all__ = [
    "ChallengerReward",
    "Reward",
    "bleu_matrix",
    "clusters",
    "distinct_clusters",
    "in_band",
    "in_interval",
    "repetition_penalty",
    "uncertainty",
]
