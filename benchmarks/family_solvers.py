"""Solvers of the task families that read nothing but a question's text; `families.py` and the tests share them.

None does what its generator does. A solver looks through everything there is, so that it returns the answers of *all*
solutions: a list of one is a proof of uniqueness.

    family        generator                              solver
    arithmetic    reads its own expression               Python's syntax tree
    equation      plants the root                        brings x to one side
    units         multiplies along a ladder of units     sizes in the smallest unit
    sequences     continues a rule that it has drawn     all rules of the class that the text names
    knights       truth tables over all assignments      person by person, back where a statement does not fit
    ordering      sets of orders                         runner by runner, back where a clue does not hold
    clauses       truth tables over all assignments      variable by variable, back where a clause is false
    subset-sums   sums by shifted bits                   all sums of two halves, matched
    grid-paths    adds up cell by cell                   all paths less those that meet a first blocked cell
    quantifiers   minima and maxima of remainders        tries out members, as far as it has to

Each elementary result passes through `Work`, which counts it and spoils it with a given chance: a solver of known
skill.
"""

from __future__ import annotations

import ast
import math
import random
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

NUMBER = r"-?\d+"


class Work:
    """Elementary steps.

    Args:
        slip: the chance that a step goes wrong: a number is off by one, a truth is turned round.
        rng: decides which; not needed without slips.
    """

    def __init__(self, slip: float = 0.0, rng: random.Random | None = None) -> None:
        self.slip, self.rng, self.steps = slip, rng, 0

    def number(self, value: int) -> int:
        self.steps += 1
        if self.rng is not None and self.rng.random() < self.slip:
            return value + self.rng.choice((-1, 1))
        return value

    def truth(self, value: bool) -> bool:
        self.steps += 1
        return value is not (self.rng is not None and self.rng.random() < self.slip)


def found(pattern: str, text: str) -> re.Match[str]:
    match = re.search(pattern, text)
    if match is None:
        raise ValueError(f"cannot read {text!r}")
    return match


# --- easy families ---


def arithmetic(text: str, work: Work) -> list[int]:
    def value(node: ast.expr) -> int:
        if isinstance(node, ast.BinOp):
            left, right = value(node.left), value(node.right)
            known = {ast.Add: left + right, ast.Sub: left - right, ast.Mult: left * right}
            return work.number(known[type(node.op)])
        if isinstance(node, ast.Constant) and isinstance(node.value, int):
            return node.value
        raise ValueError(f"cannot read {text!r}")

    expression = found(r"^(?:What is|Compute|Find the value of) ([-+*()\d]+)[?.]$", text)[1]
    return [value(ast.parse(expression, mode="eval").body)]


def equation(text: str, work: Work) -> list[int]:
    left, right = found(r"^Solve (?:for x: )?(.+)=(.+)\.$", text).groups()
    (a, b), (c, d) = _linear(left), _linear(right)
    slope, constant = work.number(a - c) if c else a, work.number(d - b)
    if slope in (0, 1):
        return [constant] if slope else []
    root = work.number(constant // slope)
    return [root] if constant % slope == 0 else []


def _linear(side: str) -> tuple[int, int]:
    """Slope and constant."""
    match = found(r"^(?:(\d*)x)?([-+]?\d+)?$", side)
    return 0 if match[1] is None else int(match[1] or 1), int(match[2] or 0)


SIZES: tuple[dict[str, int], ...] = (
    {"weeks": 604_800, "days": 86_400, "hours": 3_600, "minutes": 60, "seconds": 1},
    {"kilometres": 1_000_000, "metres": 1_000, "centimetres": 10, "millimetres": 1},
    {"tonnes": 1_000_000_000, "kilograms": 1_000_000, "grams": 1_000, "milligrams": 1},
    {"hectolitres": 100_000, "litres": 1_000, "decilitres": 100, "centilitres": 10, "millilitres": 1},
    {"miles": 63_360, "yards": 36, "feet": 12, "inches": 1},
    {"gallons": 8, "quarts": 2, "pints": 1},
    {"full turns": 1_296_000, "degrees": 3_600, "minutes of arc": 60, "seconds of arc": 1},
)


def units(text: str, work: Work) -> list[int]:
    unit, amounts = found(r"^How many (.+?) are (.+)\?$", text).groups()
    signs = [1, *(1 if sign == "plus" else -1 for sign in re.findall(r" (plus|minus) ", amounts))]
    total: int | None = None
    for sign, amount in zip(signs, re.split(r" plus | minus ", amounts), strict=True):
        count, name = amount.split(" ", 1)
        (sizes,) = [sizes for sizes in SIZES if name in sizes and unit in sizes]
        value = int(count)
        passed = sorted((size for size in sizes.values() if sizes[unit] <= size <= sizes[name]), reverse=True)
        for large, small in pairwise(passed):
            value = work.number(value * (large // small))
        total = value if total is None else work.number(total + sign * value)
    return [] if total is None else [total]


def sequences(text: str, work: Work) -> list[int]:
    given = [int(term) for term in found(r"begins ([-\d, ]+)\.", text)[1].split(", ")]
    place = int(found(r"term number (\d+)\?$", text)[1])
    return [_walk(rule, given, place, work) for rule in _rules(text, given)]


def _rules(text: str, given: list[int]) -> Iterator[tuple[str, int, int]]:
    """All rules of the class that fit all terms given."""
    x, y, z = given[:3]
    if "plus a fixed whole number" in text:
        yield from (("+", d, 0) for d in _within(x, y) if _fits(("+", d, 0), given))
    elif "this number grows by a fixed whole number" in text:
        fitting = [d for d in _within(x, y) if x + d == y]
        yield from (("++", d, g) for d in fitting for g in _within(x, y, y, z) if _fits(("++", d, g), given))
    else:
        low, high = map(int, found(rf"p and q from ({NUMBER}) to ({NUMBER})\.", text).groups())
        name = "p2" if text.startswith("From the third on") else "p1"
        every = ((name, p, q) for p in range(low, high + 1) for q in range(low, high + 1))
        yield from (rule for rule in every if _fits(rule, given))


def _within(*terms: int) -> range:
    """All whole numbers that a difference, or a difference of differences, of such terms can be."""
    most = sum(map(abs, terms))
    return range(-most, most + 1)


def _fits(rule: tuple[str, int, int], given: list[int]) -> bool:
    known = 2 if rule[0] == "p2" else 1
    return all(_walk(rule, given[:known], n, Work()) == given[n - 1] for n in range(known + 1, len(given) + 1))


def _walk(rule: tuple[str, int, int], given: list[int], place: int, work: Work) -> int:
    """The term at a place, from the first terms on."""
    kind, p, q = rule
    terms = given[: 2 if kind == "p2" else 1]
    while len(terms) < place:
        if kind == "+":
            terms.append(work.number(terms[-1] + p))
        elif kind == "++":
            terms.append(work.number(terms[-1] + p))
            p = work.number(p + q)
        elif kind == "p1":
            terms.append(work.number(work.number(p * terms[-1]) + q))
        else:
            terms.append(work.number(work.number(p * terms[-1]) + work.number(q * terms[-2])))
    return terms[place - 1]


# --- search with going back ---

Check = tuple[set[int], Callable[[list[int]], bool]]
"""The variables that a constraint is about, and whether it holds of the values of the first variables."""


def all_solutions(
    values: Sequence[int], count: int, checks: list[Check], work: Work, *, different: bool = False
) -> list[list[int]]:
    """All assignments of values to variables 0 … count − 1 of which every check holds, variable by variable."""
    due = [[check for about, check in checks if max(about) == last] for last in range(count)]
    whole, partial = [], [[]]
    while partial:
        assigned = partial.pop()
        if len(assigned) == count:
            whole.append(assigned)
            continue
        for value in values:
            longer = [*assigned, value]
            if not (different and value in assigned) and all(work.truth(check(longer)) for check in due[len(assigned)]):
                partial.append(longer)
    return whole


def knights(text: str, work: Work) -> list[int]:
    people = int(found(r"Each of (\d+) people", text)[1])
    said = re.findall(r"Number (\d+) says: ([^.]+)\.", text)
    if not said or " says" in re.sub(r"Number \d+ says: [^.]+\.", "", text):
        raise ValueError(f"a statement cannot be read in {text!r}")
    checks = [_statement(int(speaker) - 1, words, people) for speaker, words in said]
    return [sum(i for i, knight in enumerate(one, 1) if knight) for one in all_solutions((1, 0), people, checks, work)]


def _statement(speaker: int, words: str, people: int) -> Check:
    """Whether a statement is true exactly if its speaker is a knight."""
    about = [int(number) - 1 for number in re.findall(r"\d+", words)]
    if counted := re.fullmatch(r"exactly (\d+) of us (?:is a knight|are knights)", words):
        count = int(counted[1])
        return set(range(people)), lambda kinds: (sum(kinds) == count) == kinds[speaker]
    meaning: dict[str, Callable[[list[int]], bool]] = {
        "# is a knight": lambda kinds: kinds == [1],
        "# is a knave": lambda kinds: kinds == [0],
        "# and # are of the same kind": lambda kinds: kinds[0] == kinds[1],
        "# and # are of different kinds": lambda kinds: kinds[0] != kinds[1],
        "# and # are both knights": lambda kinds: kinds == [1, 1],
        "# and # are both knaves": lambda kinds: kinds == [0, 0],
        "at least one of # and # is a knight": lambda kinds: 1 in kinds,
        "at least one of # and # is a knave": lambda kinds: 0 in kinds,
    }
    true = meaning[re.sub(r"\d+", "#", words)]
    return {speaker, *about}, lambda kinds: true([kinds[i] for i in about]) == kinds[speaker]


def ordering(text: str, work: Work) -> list[int]:
    clues = re.split(r"(?<=[.]) ", text)
    names = re.split(r", | and ", clues[0].removesuffix(" ran a race, and no two of them finished together."))
    asked = re.split(r", | and ", found(r"Write the places of (.+), in this order and without blanks", clues[-1])[1])
    checks = [_clue(clue, names) for clue in clues[1:-1]]
    places = all_solutions(range(1, len(names) + 1), len(names), checks, work, different=True)
    return [int("".join(str(one[names.index(name)]) for name in asked)) for one in places]


def _clue(clue: str, names: list[str]) -> Check:
    about = [names.index(name) for name in re.findall("|".join(names), clue)]
    a, b = about[0], about[-1]
    numbers = [int(number) for number in re.findall(r"\d+", clue)]
    meaning: dict[str, Callable[[list[int]], bool]] = {
        "@ finished at place #.": lambda places: places[a] == numbers[0],
        "@ did not finish at place #.": lambda places: places[a] != numbers[0],
        "@ finished before @.": lambda places: places[a] < places[b],
        "@ finished directly before @.": lambda places: places[b] - places[a] == 1,
        "There was nobody between @ and @.": lambda places: abs(places[b] - places[a]) == 1,
        "There was exactly # runner between @ and @.": lambda places: abs(places[b] - places[a]) == numbers[0] + 1,
        "There were exactly # runners between @ and @.": lambda places: abs(places[b] - places[a]) == numbers[0] + 1,
    }
    return set(about), meaning[re.sub(r"\d+", "#", re.sub("|".join(names), "@", clue))]


def clauses(text: str, work: Work) -> list[int]:
    count = int(found(r"variables x1 to x(\d+) is true or false", text)[1])
    checks = [_clause(clause) for clause in re.findall(r"\(([^)]*)\)", text)]
    return [sum(i for i, true in enumerate(one, 1) if true) for one in all_solutions((1, 0), count, checks, work)]


def _clause(clause: str) -> Check:
    literals = [
        (int(found(r"^(?:not )?x(\d+)$", part)[1]) - 1, not part.startswith("not")) for part in clause.split(" or ")
    ]
    return {i for i, _ in literals}, lambda values: any(values[i] == true for i, true in literals)


# --- other hard families ---


def subset_sums(text: str, work: Work) -> list[int]:
    numbers = [(int(i), int(number)) for i, number in re.findall(r"a(\d+) = (\d+)", text)]
    target = int(found(r"adds up to (\d+)\.", text)[1])
    half = len(numbers) // 2
    left, right = _all_sums(numbers[:half], work), _all_sums(numbers[half:], work)
    matching: dict[int, list[int]] = {}
    for total, places in left:
        matching.setdefault(total, []).append(places)
    return [places + more for total, places in right for more in matching.get(target - total, ())]


def _all_sums(numbers: list[tuple[int, int]], work: Work) -> list[tuple[int, int]]:
    """The sum of every subset, with the sum of its places."""
    sums = [(0, 0)]
    for place, number in numbers:
        sums += [(work.number(total + number), places + place) for total, places in sums]
    return sums


def grid_paths(text: str, work: Work) -> list[int]:
    blocked = re.findall(r"\((\d+), (\d+)\)", found(r"blocked: (.+?)\. A step", text)[1])
    start, end = found(r"lead from \((.+)\) to \((.+)\)\?$", text).groups()
    cells = sorted(((int(x), int(y)) for x, y in blocked), key=sum)
    x0, y0 = map(int, start.split(", "))
    x1, y1 = map(int, end.split(", "))
    first: list[tuple[int, int, int]] = []
    for x, y in [*cells, (x1, y1)]:
        free = work.number(math.comb(x - x0 + y - y0, x - x0))
        for a, b, ways in first:
            if a <= x and b <= y:
                free = work.number(free - ways * math.comb(x - a + y - b, x - a))
        first.append((x, y, free))
    return [first[-1][2]]


def quantifiers(text: str, work: Work) -> list[int]:
    names = re.findall(r"(?:all|a|every) ([xyzw]) in \{", text)
    sets = [[int(member) for member in members.split(", ")] for members in re.findall(r"\{([^}]*)\}", text)]
    exists = ["there is a " + name in text for name in names]
    total, modulus, most = found(r"remainder of (.+) divided by (\d+) is at most (\d+)\?$", text).groups()
    terms = [term.split("*") for term in total.split(" + ")]

    def holds(values: dict[str, int]) -> bool:
        if len(values) < len(names):
            at = len(values)
            tried = (holds({**values, names[at]: member}) for member in sets[at])
            return any(tried) if exists[at] else all(tried)
        value = sum(math.prod(values[f] if f in values else int(f) for f in term) for term in terms)
        return work.truth(value % int(modulus) <= int(most))

    return [sum(x for x in sets[0] if holds({"x": x}))]


SOLVERS: dict[str, Callable[[str, Work], list[int]]] = {
    "arithmetic": arithmetic,
    "equation": equation,
    "units": units,
    "sequences": sequences,
    "knights": knights,
    "ordering": ordering,
    "clauses": clauses,
    "subset-sums": subset_sums,
    "grid-paths": grid_paths,
    "quantifiers": quantifiers,
}
"""Answers of all solutions of a question, by family."""
