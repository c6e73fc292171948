"""How fast, in how much memory, and how exactly the nearest of all earlier questions are found.

    python benchmarks/novelty.py [--earlier 100000] [--batch 512] [--checked 1000] [--kind mixed words tales] [--seed 0]

CPU seconds of one process, one thread (set OMP_NUM_THREADS=1): of adding all earlier questions, of a batch of new ones,
of adding that batch as a round does, and of another batch then. Memory is the process's highest so far, Python, NumPy
and SciPy included: run one kind at a time to read it. `--checked` texts are compared with all others by
brute force, by counts of bigrams in dictionaries.

    mixed   the generator's arithmetic, equations and composed questions
    words   20 to 60 of the same 40 words, so that every bigram is in many texts
    tales   stories of 25 to 80 words, words as frequent as Zipf's law has it
"""

from __future__ import annotations

import argparse
import itertools
import random
import resource
import time
from collections import Counter
from collections.abc import Callable

from bleu import WORDS

from selfplay_gym import make_generator
from selfplay_gym.core.records import TaskSpec
from selfplay_gym.envs.rewards.nearest import NearestTexts, as_compared


def mixed(rng: random.Random) -> str:
    return GENERATOR.generate(TaskSpec(rng.random()), rng).text


def words(rng: random.Random) -> str:
    return " ".join(rng.choice(WORDS) for _ in range(rng.randint(20, 60)))


def tales(rng: random.Random) -> str:
    return " ".join(rng.choices(VOCABULARY, WEIGHTS, k=rng.randint(25, 80))) + "?"


GENERATOR = make_generator("mixed")
LETTERS = random.Random(0)
VOCABULARY = ["".join(LETTERS.choices("etaoinshrdlucmfw", k=LETTERS.randint(2, 9))) for _ in range(8000)]
WEIGHTS = [1.0 / rank for rank in range(1, len(VOCABULARY) + 1)]
KINDS: dict[str, Callable[[random.Random], str]] = {"mixed": mixed, "words": words, "tales": tales}


def by_brute_force(text: str, others: list[Counter[tuple[str, str]]]) -> float:
    own = counted(text)
    return max(2 * (own & other).total() / (own.total() + other.total()) for other in others)


def counted(text: str) -> Counter[tuple[str, str]]:
    tokens = ["", *as_compared(text).split(" "), ""]
    return Counter(itertools.pairwise(tokens))


def cpu(work: Callable[[], object]) -> tuple[float, object]:
    start = time.process_time()
    result = work()
    return time.process_time() - start, result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--earlier", type=int, default=100_000)
    parser.add_argument("--batch", type=int, default=512)
    parser.add_argument("--checked", type=int, default=1000)
    parser.add_argument("--kind", nargs="+", default=list(KINDS), choices=list(KINDS))
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    NearestTexts(["warm", "up"]).nearest(["warm"])
    print(f"{'kind':>6} {'different':>9} {'add, s':>7} {'batch, s':>8} {'a round, s':>10} {'batch, s':>8} {'MB':>5}")
    for kind in options.kind:
        row(kind, options.earlier, options.batch, options.seed)
    for kind in options.kind:
        check(kind, options.checked, options.seed)


def row(kind: str, earlier: int, batch: int, seed: int) -> None:
    rng, write = random.Random(seed), KINDS[kind]
    texts = [write(rng) for _ in range(earlier)]
    batches = [[write(rng) for _ in range(batch)] for _ in range(2)]
    index = NearestTexts()
    added, _ = cpu(lambda: index.add(texts))
    first, _ = cpu(lambda: index.nearest(batches[0]))
    more, _ = cpu(lambda: index.add(batches[0]))
    after, _ = cpu(lambda: index.nearest(batches[1]))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{kind:>6} {len(index):>9} {added:>7.2f} {first:>8.2f} {more:>10.2f} {after:>8.2f} {memory:>5.0f}")


def check(kind: str, count: int, seed: int) -> None:
    rng, write = random.Random(seed + 1), KINDS[kind]
    texts, asked = [write(rng) for _ in range(count)], [write(rng) for _ in range(count)]
    found = NearestTexts(texts).nearest(asked)
    others = [counted(text) for text in texts]
    gap = max(abs(one.similarity - by_brute_force(text, others)) for one, text in zip(found, asked, strict=True))
    print(f"{kind:>6}: {count} texts against {count} by brute force, largest difference {gap:.1e}")


if __name__ == "__main__":
    main()
