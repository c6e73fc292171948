"""Fuzz the answer checker: no crash, no hang, no asymmetry, every parsed answer equal to itself.

    python benchmarks/fuzz_verifiers.py --inputs 1000000 --seed 0
    python benchmarks/fuzz_verifiers.py --memory --inputs 1000000      # does a long run grow? at most 20 MB

Inputs are answers from the labelled pairs, broken by token-level mutations: pieces spliced from other answers, doubled,
dropped, swapped, wrapped, and sprinkled with raw characters. Sympy is not asked (its worker has its own tests). With
--memory whole checks of ever new answers run in one process, and the resident memory is looked at as they go.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import re
import resource
import time
from pathlib import Path

from selfplay_gym import Question, make_verifier
from selfplay_gym.core.extraction import extract_answer
from selfplay_gym.verifiers.answers.compare import Comparison
from selfplay_gym.verifiers.answers.equal import FAILURE, compare, no_oracle
from selfplay_gym.verifiers.answers.limits import TooLarge
from selfplay_gym.verifiers.answers.parsing.locate import locate
from selfplay_gym.verifiers.answers.policy import VOTE, Policy
from selfplay_gym.verifiers.answers.readings import read

DATA = Path(__file__).parent.parent / "tests" / "data"
PIECE = re.compile(r"\\[A-Za-z]+|\\.|\d+|[A-Za-z]+|\s+|.", re.S)
TEX = (
    r"\frac \sqrt \left( \right) { } [ ] ( ) \{ \} ^ _ + - * / ! % = < > \le \neq \in \cup , ; : |"
    r" \pm \mp \infty \pi e i x y n 0 1 2 10 99 0.5 \text{ and } or \% ^\circ \sin \log_ \sum_{k=1}^{n} \int_0^1 dx"
    r" \prod \setminus \lim_{x\to0} \begin{pmatrix} \end{pmatrix} & \\ \binom \lfloor \rfloor \overline \boxed{ $ \$ cm"
    r" \pmod{7} \equiv (mod \angle ABC BAC \overrightarrow{AB} \overline{AB} \approx a.m. p.m. 15:00 3:30 noon"
    r" hundredths squared choose factorial half north south loss profit (apples) (km) square sq m s^2 USD ₹ € 5'6\""
    r" 1h30m hours minutes min sec logs sit-ups base 2 _{16} 1F 0x1F where for-some \forall \exists \iny (C) E- \quad"
    r" \prime {g}_{k} f{\left(x\right)} U inf sqrt( x' ['1','2'] 元 个 。 度 万 三 \frac{\text{km}}{\text{h}}"
    r" \text{ a.m.} \displaystyle times plus minus"
    r" \text{m} percent ' \mathbb{R} \emptyset \mid ... U \ne \approx 1,000 1.000,5 \div 2^{100} 100! \frac{1}{0}"
)
EXTRA = [*TEX.split(), " ", "\n", "\x00", "é", "²", "½", "−", "∞", "√", "∪", "\ud800", "１"]
SLOW_S = 1.0
MOST_MB = 20.0


def pieces() -> list[list[str]]:
    texts = []
    for name in ("equivalence.jsonl", "notation.jsonl", "meaning.jsonl"):
        for line in (DATA / name).read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            texts += [extract_answer(row[side]) or row[side][-200:] for side in ("gold", "pred")]
    return [PIECE.findall(text[-300:]) for text in dict.fromkeys(texts)]


def mutated(rng: random.Random, corpus: list[list[str]]) -> str:
    tokens = list(rng.choice(corpus))
    for _ in range(rng.randrange(4)):
        index, kind = rng.randrange(len(tokens) + 1), rng.randrange(7)
        if kind == 0 and tokens:
            del tokens[index : index + rng.randint(1, 3)]
        elif kind == 1:
            tokens.insert(index, rng.choice(EXTRA))
        elif kind == 2:
            other = rng.choice(corpus)
            start = rng.randrange(len(other) + 1)
            tokens[index:index] = other[start : start + rng.randint(1, 12)]
        elif kind == 3 and tokens:
            tokens[index:index] = tokens[rng.randrange(len(tokens)) :][:6]
        elif kind == 4:
            left, right = rng.choice(
                [("(", ")"), ("{", "}"), ("\\{", "\\}"), ("[", ")"), ("|", "|"), ("\\sqrt{", "}"), ("-(", ")^2")]
            )
            tokens = [left, *tokens, right]
        elif kind == 5 and tokens:
            tokens[index - 1] = rng.choice(EXTRA)
        else:
            rng.shuffle(tokens) if rng.random() < 0.1 else tokens.reverse() if rng.random() < 0.1 else None
    return "".join(tokens[:400])


def problems(a: str, b: str, policy: Policy) -> list[str]:
    """What is wrong with the pair, as lines."""
    found = []
    start = time.process_time()
    forth, back = compare(a, b, policy, no_oracle), compare(b, a, policy, no_oracle)
    seconds = time.process_time() - start
    if forth.outcome is not back.outcome:
        found.append(f"asymmetric: {forth.outcome.value} and {back.outcome.value}")
    if FAILURE in forth.reason or FAILURE in back.reason:
        found.append(f"{forth.reason} / {back.reason}")
    if seconds > SLOW_S:
        found.append(f"slow: {seconds:.1f} s")
    try:
        shape = read(a, policy).forms[0]
        again = read(f" {a} ", policy).forms[0]
        if Comparison(policy, no_oracle).same(shape, again) is not True:
            found.append("not equal to itself")
    except (TooLarge, RecursionError):
        found += []  # too large to be parsed: nothing to compare
    except Exception as error:  # noqa: BLE001 - whatever is raised is what we look for
        found.append(f"raised {type(error).__name__}: {error}")
    return found + problems_of_finding(a)


def problems_of_finding(text: str) -> list[str]:
    """What is wrong with the search for an answer in a text, as lines."""
    start = time.process_time()
    try:
        extract_answer(text, "lenient")
        extract_answer(text, "strict")
        locate(text, "lenient")
    except Exception as error:  # noqa: BLE001 - whatever is raised is what we look for
        return [f"finding raised {type(error).__name__}: {error}"]
    seconds = time.process_time() - start
    return [f"slow to find: {seconds:.1f} s"] if seconds > SLOW_S else []


def fuzz(inputs: int, seed: int, report: bool = True) -> list[tuple[str, str, list[str]]]:
    """Failures among `inputs` mutated answers (each meets the one before)."""
    rng, corpus = random.Random(seed), pieces()
    failures: list[tuple[str, str, list[str]]] = []
    before, started = "42", time.process_time()
    for count in range(1, inputs + 1):
        now = mutated(rng, corpus)
        found = problems(now, before, VOTE if count % 3 == 0 else Policy())
        if found:
            failures.append((now, before, found))
            if report:
                print(repr(now), repr(before), found, flush=True)
        before = now
        if report and count % 50_000 == 0:
            rate = count / (time.process_time() - started)
            print(f"{count:,} inputs, {len(failures)} failures, {rate:,.0f} inputs per CPU-second", flush=True)
    return failures


def resident_mb() -> float:
    """Memory of this process in MB, from the kernel (Linux)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 1e6


def memory(inputs: int, seed: int) -> float:
    """Growth in MB between the first tenth and the end of so many checks, in one process."""
    rng, corpus = random.Random(seed), pieces()
    verifier = make_verifier("sympy", timeout_s=0)
    first = 0.0
    for count in range(1, inputs + 1):
        question = Question("", reference=mutated(rng, corpus))
        verifier.judge(question, [f"\\boxed{{{mutated(rng, corpus)}}}"])
        if count == inputs // 10:
            gc.collect()
            first = resident_mb()
        if count % max(1, inputs // 10) == 0:
            print(f"{count:,} checks: {resident_mb():.1f} MB", flush=True)
    gc.collect()
    return resident_mb() - first


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--memory", action="store_true", help="measure memory instead")
    parser.add_argument("--inputs", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if options.memory:
        grown = memory(options.inputs, options.seed)
        print(f"{options.inputs:,} checks: {grown:+.1f} MB after the first tenth")
        raise SystemExit(grown > MOST_MB)
    failures = fuzz(options.inputs, options.seed)
    print(f"{options.inputs:,} inputs, {len(failures)} failures")
    raise SystemExit(bool(failures))


if __name__ == "__main__":
    main()
