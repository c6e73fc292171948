"""Are labels of several models better than one model's, for the same tokens, and what is measured reliability worth?

    for S in 1 2 3 4 5 6 7 8; do selfplay-gym warmup --preset tiny --steps 900 --seed $S --output BASES/$S; done
    selfplay-gym warmup --preset tiny --steps 150 --seed 9 --output BASES/weak
    python benchmarks/coalition.py BASES --only 1        # optional: the answers of one base, in a process of its own
    python benchmarks/coalition.py BASES [--out docs/coalition-tiny.md]

Every folder in BASES is a base; "weak" is a bad member and none of the others. Each answers the same held-out questions
ATTEMPTS times, which is kept in BASES/answers, so a killed measurement goes on. A coalition of k bases then labels with
T answers, T/k from each, through the verifier `coalition`: k = 1 is one model's vote. Known answers only measure.
"""

# mypy: ignore-errors
# As for examples: it imports the installed package, which mypy does not look for when it reads the checkout.

from __future__ import annotations

import argparse
import hashlib
import re
import time
from pathlib import Path

import numpy as np

from selfplay_gym import Outcome, load_agent, make_agent, make_verifier
from selfplay_gym.core.math_language import answer
from selfplay_gym.core.seeding import integer_seed
from selfplay_gym.selfplay.evaluation import held_out_questions
from selfplay_gym.selfplay.pages.tables import markdown_table
from selfplay_gym.selfplay.run.provenance import describe_environment
from selfplay_gym.selfplay.stats import mean_rate, paired
from selfplay_gym.selfplay.storage.files import read_json, write_json, write_text

SIZES, BUDGETS = (1, 2, 4, 8), (8, 16, 32)
WEIGHTS = ("equal", "reliability")
WEAK, SURE = "weak", 0.9
BATCH = 64


class Stored:
    """A member that gives the answers it gave before: the first `n` of each."""

    def __init__(self, name, prompts, answers, tokens=0):
        self.name, self.tokens, self.answers = name, tokens, dict(zip(prompts, answers, strict=True))

    def act(self, prompts, *, n=1, seed=None):
        return [self.answers[prompt][:n] for prompt in prompts]


class OffByOne:
    """A member whose every answer is one more than the right one: the worst that does not conspire."""

    name = "off by one"

    def act(self, prompts, *, n=1, seed=None):
        return [[rf"\boxed{{{int(answer(prompt)) + 1}}}"] * n for prompt in prompts]


def read(questions, groups):
    """The answers in attempts, each alone in a box, "" for a non-answer: what is read once is not read again."""
    judged = make_verifier("majority").judge_many(questions, groups)
    return [["" if v.answer is None else f"\\boxed{{{v.answer}}}" for v in one.verdicts] for one in judged]


def drawn(folder, base, questions, attempts, seed):
    """The answers of a base, from its file, or asked for now."""
    prompts = [question.text for question in questions]
    weights = hashlib.blake2b((folder / base / "model.safetensors").read_bytes(), digest_size=8).hexdigest()
    asked = hashlib.blake2b(repr((prompts, attempts, seed, weights)).encode(), digest_size=8).hexdigest()
    path = folder / "answers" / f"{base}-{asked}.json"
    if not path.is_file():
        import torch

        torch.set_num_threads(1)
        agent, answers = load_agent(folder / base), []
        for start in range(0, len(prompts), BATCH):
            part = prompts[start : start + BATCH]
            answers += agent.act(part, n=attempts, seed=integer_seed(seed, "coalition", base, start))
        path.parent.mkdir(exist_ok=True)
        write_json(path, {"answers": read(questions, answers), "tokens": agent.counted.sampled})
    found = read_json(path)
    return Stored(base, prompts, found["answers"], found["tokens"])


class Bench:
    """Label accuracies on one set of questions."""

    def __init__(self, questions):
        self.questions, self.grader = questions, make_verifier("sympy")
        self.decided = make_verifier("majority", ties="invalid")

    def labelled(self, members, budget, weights):
        """For each question whether its label is right, and how probable it was; the last judgement."""
        coalition = make_verifier(
            "coalition", members=members, weights=weights, attempts=budget // len(members), domain="math"
        )
        judged = coalition.judge_many(self.questions, [()] * len(self.questions))
        texts = [[f"\\boxed{{{one.label}}}"] for one in judged]
        graded = self.grader.judge_many(self.questions, texts)
        pairs = zip(judged, graded, strict=True)
        right = [one.label is not None and grade.verdicts[0].outcome is Outcome.CORRECT for one, grade in pairs]
        sure = [bool(one.evidence["shares"]) and one.evidence["shares"][0] >= SURE for one in judged]
        return np.array(right), np.array(sure), judged[0].evidence["coalition"]["members"]

    def reliabilities(self, members, budget):
        """Of each member how often the answer it gives most often is right, where it has one, and what was measured."""
        found = self.labelled(members, budget, "reliability")[2]
        texts = [question.text for question in self.questions]
        for member in members:
            voted = self.decided.judge_many(self.questions, member.act(texts, n=budget // len(members)))
            firsts = [
                (q, [rf"\boxed{{{one.label}}}"]) for q, one in zip(self.questions, voted, strict=True) if one.valid
            ]
            graded = self.grader.judge_many(*map(list, zip(*firsts, strict=True)))
            right = np.mean([one.verdicts[0].outcome is Outcome.CORRECT for one in graded])
            yield member.name, right, len(firsts), found[member.name]["reliability"]


def rotations(members, k):
    """Groups of k neighbours, one from every place; one group of all."""
    places = range(len(members)) if k < len(members) else range(1)
    return [[members[(first + i) % len(members)] for i in range(k)] for first in places]


def compared(bench, groups_of, budget, weights, baseline=None):
    """Mean label accuracy over groups, over questions; against a baseline, if there is one."""
    tried = [bench.labelled(group, budget, weights) for group in groups_of]
    counts = np.array([right for right, _, _ in tried]).sum(0)
    sure = np.array([one for _, one, _ in tried])
    right = np.array([one for one, _, _ in tried])
    row = {
        "members": len(groups_of[0]),
        "answers": budget,
        "weights": weights,
        "groups": len(tried),
        "accuracy": mean_rate(counts / len(tried)).as_dict(),
        "sure_share": float(sure.mean()),
        "sure_right": float(right[sure].mean()) if sure.any() else None,
    }
    if baseline is not None:
        # groups differ in number: counts out of a common multiple
        ours, theirs, samples = counts * baseline[1], baseline[0] * len(tried), len(tried) * baseline[1]
        row["against"] = paired(theirs, ours, samples=samples).as_dict()
    return row, (counts, len(tried))


def measure(bench, bases, weak):
    """All rows of the two tables."""
    table, bad = [], []
    for budget in BUDGETS:
        single = None
        for k in [k for k in SIZES if k <= len(bases)]:
            equal = None
            for weights in WEIGHTS:
                row, counts = compared(bench, rotations(bases, k), budget, weights, single)
                single, equal = single or counts, equal or counts
                if weights == "reliability":
                    ours, theirs = counts[0], equal[0]
                    row["against_equal"] = paired(theirs, ours, samples=counts[1]).as_dict()
                table.append(row)
    spoilers = [*([weak] if weak else []), make_agent("random"), OffByOne()]
    for spoiler in spoilers:
        for k in [k for k in SIZES[1:] if k <= len(bases)]:
            groups = [[*group[:-1], spoiler] for group in rotations(bases, k)]
            equal = None
            for weights in WEIGHTS:
                row, counts = compared(bench, groups, BUDGETS[-1], weights, equal)
                equal = equal or counts
                bad.append({"bad": getattr(spoiler, "name", "random"), **row})
    return table, bad


def page(found):
    """The tables as Markdown."""
    by = {(r["answers"], r["members"], r["weights"]): r for r in found["table"]}
    sizes = sorted({r["members"] for r in found["table"]})
    first = [
        [f"{budget}", weights, *(_cell(by[budget, k, weights]) for k in sizes)]
        for budget in BUDGETS
        for weights in WEIGHTS
    ]
    against = [
        [f"{b}", f"{k}", _points(by[b, k, "equal"]["against"]), _points(by[b, k, "reliability"]["against_equal"])]
        for b in BUDGETS
        for k in sizes[1:]
    ]
    sure = [[f"{b}", *(_sure(by[b, k, "reliability"]) for k in sizes)] for b in BUDGETS]
    of = {(r["bad"], r["members"], r["weights"]): r for r in found["bad"]}
    spoiled = [
        [name, f"{k}", *(_cell(of[name, k, w]) for w in WEIGHTS), _points(of[name, k, "reliability"]["against"])]
        for name, k in dict.fromkeys((r["bad"], r["members"]) for r in found["bad"])
    ]
    measured = [
        [one["member"], str(one["questions"]), *(f"{100 * one[name]:.1f}" for name in ("right", "measured"))]
        for one in found["reliability"]
    ]
    heads = [f"k = {k}" for k in sizes]
    return (
        "\n\n".join(
            [
                "# Labels of coalitions, tiny bases of different seeds",
                f"`python benchmarks/coalition.py BASES`, {found['environment']}, commit {found['commit']}; bases "
                f"{', '.join(found['bases'])} of `selfplay-gym warmup --preset tiny --steps {found['steps']}`, "
                f"{found['questions']} held-out questions of the generator `mixed`, seed "
                f"{found['seed']}. What it says stands in [coalition.md](coalition.md).",
                "Labels that are right, per cent, with 95 % intervals over questions: T answers in all, T/k of each of "
                "k members, mean over groups of neighbours. One column costs the same tokens as the others "
                f"({found['tokens_per_answer']:.1f} per answer, from {min(found['tokens'].values()):.1f} to "
                f"{max(found['tokens'].values()):.1f} by base).",
                "\n".join(markdown_table(["T", "weights", *heads], first)),
                "Differences in points: k members with equal weights against one model with as many answers; measured "
                "reliability against equal weights.",
                "\n".join(markdown_table(["T", "k", "equal − one model", "reliability − equal"], against)),
                f"Labels with a probability of at least {SURE}: their share of all (of these, right).",
                "\n".join(markdown_table(["T", *heads], sure)),
                f"One bad member in place of a good one, T = {BUDGETS[-1]}.",
                "\n".join(markdown_table(["bad member", "k", *WEIGHTS, "reliability − equal"], spoiled)),
                "The answer that each member gives most often: on how many questions there is one, how often it is "
                "right, per cent, and the reliability measured without labels, in one coalition of all with "
                f"{found['reliability_answers']} answers per question.",
                "\n".join(markdown_table(["member", "questions", "right", "measured"], measured)),
            ]
        )
        + "\n"
    )


def _cell(row):
    a = row["accuracy"]
    return f"{100 * a['value']:.1f} [{100 * a['low']:.1f}, {100 * a['high']:.1f}]"


def _points(p):
    return f"{p['points']:+.1f} [{p['low']:+.1f}, {p['high']:+.1f}]"


def _sure(row):
    return f"{100 * row['sure_share']:.0f} ({100 * row['sure_right']:.1f})" if row["sure_right"] is not None else "0"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bases", type=Path)
    parser.add_argument("--only", help="draw the answers of this base, and do no more")
    parser.add_argument("--questions", type=int, default=512)
    parser.add_argument("--attempts", type=int, default=BUDGETS[-1])
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--out", type=Path, default=Path("docs/coalition-tiny.md"))
    given = parser.parse_args()
    begun = time.perf_counter()
    questions = held_out_questions("mixed", given.questions, given.seed)
    if given.only:
        drawn(given.bases, given.only, questions, given.attempts, given.seed)
        return
    names = sorted(path.parent.name for path in given.bases.glob("*/model.safetensors"))
    if not names:
        raise SystemExit(f"no bases in {given.bases}: a folder with model.safetensors each, see --help")
    members = {name: drawn(given.bases, name, questions, given.attempts, given.seed) for name in names}
    weak = members.pop(WEAK, None)
    prompts = [question.text for question in questions]
    bench, bases = Bench(questions), list(members.values())
    table, bad = measure(bench, bases, weak)
    everybody = [
        *bases,
        *([weak] if weak else []),
        Stored("random", prompts, make_agent("random").act(prompts, n=8, seed=0)),
        OffByOne(),
    ]
    per_answer = {m.name: m.tokens / (len(prompts) * given.attempts) for m in bases}
    environment = describe_environment()
    budget = 4 * len(everybody)
    found = {
        "questions": len(prompts),
        "attempts": given.attempts,
        "seed": given.seed,
        "steps": re.search(r"steps = (\d+)", (given.bases / names[0] / "README.md").read_text())[1],
        "bases": [m.name for m in bases],
        "environment": f"{environment['system']}, {environment['cpus']} CPUs",
        "commit": environment["commit"],
        "tokens": per_answer,
        "tokens_per_answer": float(np.mean(list(per_answer.values()))),
        "table": table,
        "bad": bad,
        "reliability_answers": budget,
        "reliability": [
            {"member": name, "right": float(right), "questions": questions, "measured": reliability}
            for name, right, questions, reliability in bench.reliabilities(everybody, budget)
        ],
    }
    write_json(given.out.with_suffix(".json"), found)
    write_text(given.out, page(found))
    print(page(found))
    print(f"{time.perf_counter() - begun:.0f} s")


if __name__ == "__main__":
    main()
