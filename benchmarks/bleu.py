"""How fast, and how exactly, `bleu_matrix` scores all ordered pairs of a batch, against sacrebleu pair by pair.

    python benchmarks/bleu.py [--sizes 128 512 2048] [--pairs 2000] [--seed 0]
    python benchmarks/bleu.py --clusters 8192     clusters of one large batch, and the memory they take

CPU seconds of one process, one thread (set OMP_NUM_THREADS=1). sacrebleu is timed on `--pairs` random ordered pairs and
scaled to n², since all of them would take minutes; its tokeniser cache is warm, as it would be. NLTK is added if it is
installed (R-Zero's code calls it).
"""

from __future__ import annotations

import argparse
import logging
import random
import resource
import time
from collections.abc import Callable

import numpy as np
import sacrebleu

from selfplay_gym.envs.rewards import bleu_matrix, clusters, repetition_penalty
from selfplay_gym.envs.rewards.bleu import nltk_matrix

SENTENCE = (
    "a train leaves the station at noon and travels 60 km per hour , how far is it from town when 1/3 of x^2 + 5 "
    "apples are sold for $2.50 each to Ann who then has twice as many as Tom had before lunch ?"
)
WORDS = SENTENCE.split()


def question(rng: random.Random) -> str:
    """Half short arithmetic, half word problems of 20 to 60 words."""
    if rng.random() < 0.5:
        return f"What is {rng.randint(1, 99)}+{rng.randint(1, 99)}*{rng.randint(2, 9)}-{rng.randint(1, 20)}?"
    return " ".join(rng.choice(WORDS) for _ in range(rng.randint(20, 60)))


def cpu(work: Callable[[], object]) -> float:
    """CPU seconds of one call."""
    start = time.process_time()
    work()
    return time.process_time() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[128, 512, 2048])
    parser.add_argument("--pairs", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--clusters", type=int, help="only cluster a batch of this size")
    options = parser.parse_args()
    if options.clusters is not None:
        one_large_batch(options.clusters, random.Random(options.seed))
        return
    logging.getLogger("sacrebleu").setLevel(logging.ERROR)
    bleu_matrix(["warm", "up"])
    repetition_penalty(["warm", "up"])
    head = f"{'questions':>9} {'ours, s':>9} {'penalty, s':>10} {'sacrebleu, s':>13} {'ratio':>7}"
    print(f"{head} {'largest difference':>19}")
    for size in options.sizes:
        row(size, options.pairs, random.Random(options.seed))


def one_large_batch(size: int, rng: random.Random) -> None:
    """Peak memory is that of the whole process, with numpy and scipy; it begins with nothing else."""
    texts = [question(rng) for _ in range(size)]
    clusters(texts[:2])
    found: list[int] = []
    seconds = cpu(lambda: found.extend(clusters(texts).tolist()))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{size} questions: {len(set(found))} clusters in {seconds:.1f} CPU s, {peak:.0f} MB at most")


def row(size: int, pairs: int, rng: random.Random) -> None:
    texts = [question(rng) for _ in range(size)]
    ours = min(cpu(lambda: bleu_matrix(texts)) for _ in range(3))
    penalty = min(cpu(lambda: repetition_penalty(texts)) for _ in range(3))
    chosen = [(rng.randrange(size), rng.randrange(size)) for _ in range(pairs)]
    for i in range(size):  # the tokeniser's cache
        sacrebleu.sentence_bleu(texts[i], [texts[i]])
    start = time.process_time()
    theirs = np.array([sacrebleu.sentence_bleu(texts[i], [texts[j]]).score / 100 for i, j in chosen])
    pairwise = (time.process_time() - start) / pairs * size**2
    matrix = bleu_matrix(texts)
    difference = np.abs(theirs - np.array([matrix[i, j] for i, j in chosen])).max()
    print(f"{size:>9} {ours:>9.3f} {penalty:>10.3f} {pairwise:>13.1f} {pairwise / ours:>6.0f}x {difference:>19.1e}")
    against_nltk(texts, chosen)


def against_nltk(texts: list[str], chosen: list[tuple[int, int]]) -> None:
    try:
        from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu
    except ImportError:
        return
    smooth = SmoothingFunction().method1
    start = time.process_time()
    theirs = [sentence_bleu([texts[j].split()], texts[i].split(), smoothing_function=smooth) for i, j in chosen]
    pairwise = (time.process_time() - start) / len(chosen) * len(texts) ** 2
    start = time.process_time()
    matrix = nltk_matrix(texts)
    ours = time.process_time() - start
    difference = max(abs(score - matrix[i, j]) for score, (i, j) in zip(theirs, chosen, strict=True))
    print(f"{'(NLTK)':>9} {ours:>9.3f} {'':>10} {pairwise:>13.1f} {pairwise / ours:>6.0f}x {difference:>19.1e}")


if __name__ == "__main__":
    main()
