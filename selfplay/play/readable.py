r"""LaTeX as text that is read in a terminal: `\frac{1}{2}\cdot x^2` becomes `1/2·x²`.

Only what models write in questions and answers is known; what is not stays as it was written. Every character is looked
at once, but for the arguments of fractions and roots, which nest at most `DEEPEST` deep.
"""

from __future__ import annotations

import re

DEEPEST = 30
SYMBOLS = {
    "times": "×",
    "cdot": "·",
    "div": "÷",
    "pm": "±",
    "mp": "∓",
    "ast": "*",
    "star": "*",
    "circ": "°",
    "degree": "°",
    "le": "≤",
    "leq": "≤",
    "ge": "≥",
    "geq": "≥",
    "ne": "≠",
    "neq": "≠",
    "approx": "≈",
    "equiv": "≡",
    "sim": "~",
    "lt": "<",
    "gt": ">",
    "infty": "∞",
    "sum": "Σ",
    "prod": "Π",
    "int": "∫",
    "partial": "∂",
    "nabla": "∇",
    "in": "∈",
    "notin": "∉",
    "subset": "⊂",
    "subseteq": "⊆",
    "cup": "∪",
    "cap": "∩",
    "emptyset": "∅",
    "forall": "∀",
    "exists": "∃",
    "land": "∧",
    "wedge": "∧",
    "lor": "∨",
    "vee": "∨",
    "neg": "¬",
    "lnot": "¬",
    "to": "→",
    "rightarrow": "→",
    "Rightarrow": "⇒",
    "implies": "⇒",
    "iff": "⇔",
    "mapsto": "↦",
    "leftarrow": "←",
    "ldots": "…",
    "dots": "…",
    "cdots": "⋯",
    "angle": "∠",
    "triangle": "△",
    "perp": "⊥",
    "parallel": "∥",
    "mid": "|",
    "vert": "|",
    "lvert": "|",
    "rvert": "|",
    "Vert": "‖",
    "prime": "′",
    "therefore": "∴",
    "langle": "⟨",
    "rangle": "⟩",
    "lfloor": "⌊",
    "rfloor": "⌋",
    "lceil": "⌈",
    "rceil": "⌉",
    "ell": "ℓ",
    "quad": "  ",
    "qquad": "    ",
    "left": "",
    "right": "",
    "big": "",
    "Big": "",
    "displaystyle": "",
    "limits": "",
    "alpha": "α",
    "beta": "β",
    "gamma": "γ",
    "delta": "δ",
    "epsilon": "ε",
    "varepsilon": "ε",
    "zeta": "ζ",
    "eta": "η",
    "theta": "θ",
    "iota": "ι",
    "kappa": "κ",
    "lambda": "λ",
    "mu": "μ",
    "nu": "ν",
    "xi": "ξ",
    "pi": "π",
    "rho": "ρ",
    "sigma": "σ",
    "tau": "τ",
    "phi": "φ",
    "varphi": "φ",
    "chi": "χ",
    "psi": "ψ",
    "omega": "ω",
    "Gamma": "Γ",
    "Delta": "Δ",
    "Theta": "Θ",
    "Lambda": "Λ",
    "Xi": "Ξ",
    "Pi": "Π",
    "Sigma": "Σ",
    "Phi": "Φ",
    "Psi": "Ψ",
    "Omega": "Ω",
    **dict.fromkeys((",", ";", ":", " ", "\n"), " "),
    "!": "",
    "(": "",
    ")": "",
    "[": "",
    "]": "",
    "\\": "\n",
    "|": "‖",
    **{mark: mark for mark in "{}%$&#_"},
}
FUNCTIONS = ("sin", "cos", "tan", "log", "ln", "exp", "gcd", "lcm", "max", "min", "mod", "det", "lim", "arctan", "deg")
"""Commands that are their own names."""
WORDS = ("text", "textbf", "textit", "mathrm", "mathbf", "mathit", "mathsf", "mathbb", "operatorname", "boxed", "mbox")
"""Commands of which the argument is what is read."""
WITH_ARGUMENTS = ("frac", "dfrac", "tfrac", "cfrac", "binom", "dbinom", "sqrt")
ABOVE = dict(zip("0123456789+-=()nix", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱˣ", strict=True))
BELOW = dict(zip("0123456789+-=()ijkmnx", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ᵢⱼₖₘₙₓ", strict=True))

_DELIMITED = re.compile(r"\$\$(.+?)\$\$|\$(?! )([^$\n]*[^$\n ])\$(?!\d)", re.S)
_COMMAND = re.compile(r"\\([A-Za-z]+|.)", re.S)
_ATOM = re.compile(r"-?[\w.]+|[√∛]?\w+|\([^()]*\)")


def readable(text: str) -> str:
    """A text with its formulas as they are read; a text without any is left as it is."""
    if not re.search(r"[\\$^]|(?<![A-Za-z0-9_])[A-Za-z]_[\d{]", text):
        return text
    inner = _DELIMITED.sub(lambda found: found[1] or found[2], text)
    return _Formula(inner, braces="\\" in text or inner != text).rest(0)


class _Formula:
    """A text that is read from left to right.

    Args:
        braces: whether bare braces are those of LaTeX, which are not shown.
    """

    def __init__(self, text: str, braces: bool) -> None:
        self.text, self.braces, self.at = text, braces, 0

    def rest(self, depth: int, closing: str = "") -> str:
        """What follows, up to a closing bracket, which is read too, or to the end."""
        found: list[str] = []
        while self.at < len(self.text):
            one = self.text[self.at]
            if one == closing:
                self.at += 1
                break
            before = found[-1][-1:] if found else ""
            found.append(self._next(one, before, depth))
        return "".join(found)

    def _next(self, one: str, before: str, depth: int) -> str:
        if one == "\\":
            return self._command(depth)
        self.at += 1
        if one == "{" and self.braces and depth < DEEPEST:
            return self.rest(depth + 1, "}")
        if one == "}" and self.braces:
            return ""
        if one == "^" and self._has_argument():
            return _raised(self._argument(depth), ABOVE, "^")
        if one == "_" and before.isalpha() and self._has_argument():
            return _raised(self._argument(depth), BELOW, "_")
        return one

    def _command(self, depth: int) -> str:
        match = _COMMAND.match(self.text, self.at)
        if match is None:  # a backslash at the very end
            self.at += 1
            return "\\"
        self.at, name = match.end(), match[1]
        if name in SYMBOLS:
            return SYMBOLS[name]
        if name in FUNCTIONS:
            return name
        known = name in WORDS or name in WITH_ARGUMENTS
        if depth >= DEEPEST or (known and not self._has_argument(spaces=True)):
            return match[0]
        if name in WORDS:
            return self._argument(depth)
        if name in ("frac", "dfrac", "tfrac", "cfrac"):
            return f"{_atom(self._argument(depth, 1))}/{_atom(self._argument(depth, 1))}"
        if name in ("binom", "dbinom"):
            return f"C({self._argument(depth, 1)}, {self._argument(depth, 1)})"
        if name == "sqrt":
            return self._root(depth)
        group = self.text[self.at : self.at + 1] == "{"
        return match[0] + (f"{{{self._argument(depth)}}}" if group else "")

    def _root(self, depth: int) -> str:
        sign = "√"
        if self.text[self.at : self.at + 1] == "[":
            self.at += 1
            degree = self.rest(depth + 1, "]")
            sign = "∛" if degree == "3" else f"{_raised(degree, ABOVE, '')}√"
        return sign + _atom(self._argument(depth, 1))

    def _has_argument(self, spaces: bool = False) -> bool:
        """Whether something follows, at once or after `spaces`."""
        left = self.text[self.at : self.at + 20]
        return bool(left.strip() if spaces else left[:1].strip())

    def _argument(self, depth: int, digits: int | None = None) -> str:
        """A group in braces, a command, or a character; of digits as many as there are, or at most `digits`."""
        while self.at < len(self.text) and self.text[self.at] == " ":
            self.at += 1
        one = self.text[self.at : self.at + 1]
        if one == "{":
            self.at += 1
            return self.rest(depth + 1, "}") if depth < DEEPEST else "{"
        if one == "\\":
            return self._command(depth + 1)
        run = re.compile(r"-?\d+").match(self.text, self.at) if digits is None else None
        found = run[0] if run else one
        self.at += len(found)
        return found


def _raised(text: str, signs: dict[str, str], mark: str) -> str:
    """An exponent or index in small signs where all of them exist, else behind its mark."""
    if text in ("°", "′"):
        return text
    if text and all(one in signs for one in text):
        return "".join(signs[one] for one in text)
    return f"{mark}{_atom(text)}"


def _atom(text: str) -> str:
    """A text that keeps together as it stands, or in brackets."""
    return text if _ATOM.fullmatch(text) or not text else f"({text})"
