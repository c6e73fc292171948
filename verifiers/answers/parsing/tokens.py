"""An answer as text, plain or LaTeX or a mixture, to a flat list of tokens."""

from __future__ import annotations

import re

from ..limits import MAX_TOKENS, ParseError, TooLarge
from .clean import group_digits
from .word_tokens import Token, after_value, compound_word, without_argument, word, wordless
from .words import CONSTANTS, CURRENCY, FUNCTIONS, GREEK, UNITS, listed

_TEXT_COMMANDS = listed(
    "text textbf textit textrm textsf texttt textnormal mathrm mathbf mathit mathsf mathtt mbox hbox operatorname rm bf"
    " it boldsymbol bm mathbb mathcal emph textup textsc mathfrak"
)
_SKIPPED = set(
    listed(
        "left right big Big bigg Bigg bigl bigr Bigl Bigr biggl biggr Biggl Biggr displaystyle textstyle scriptstyle"
        " limits nolimits quad qquad thinspace space hfill bold mathstrut nobreak strut middle boxed fbox displaylimits"
        " enspace therefore because underline hat widehat tilde"
    )
)
_ARGUMENT_SKIPPED = {
    "hspace",
    "vspace",
    "phantom",
    "hphantom",
    "vphantom",
    "label",
    "tag",
    "color",
    "textcolor",
    "hskip",
}
_SYNONYMS = {
    "le": "<=", "leq": "<=", "leqslant": "<=", "leqq": "<=", "ge": ">=", "geq": ">=", "geqslant": ">=", "geqq": ">=",
    "lt": "<", "gt": ">", "less": "<", "ne": "!=", "neq": "!=", "thickapprox": "approx", "simeq": "approx",
    "doteq": "approx", "cdot": "*", "times": "*", "ast": "*", "div": "/", "lbrace": "\\{", "rbrace": "\\}",
    "lbrack": "[", "rbrack": "]", "lparen": "(", "rparen": ")", "lvert": "|", "rvert": "|", "vert": "|", "mid": "|",
    "colon": ":",
        "lVert": "‖", "rVert": "‖", "Vert": "‖", "land": "and", "wedge": "and", "lor": "or", "vee": "or",
    "ldots": "...",
    "dots": "...", "cdots": "...", "dotsc": "...", "dotsb": "...", "vdots": "...", "varnothing": "emptyset",
    "slash": "/", "prime": "'", "lgroup": "(", "rgroup": ")", "wr": "*", "degree": "degree", "degrees": "degree",
    "bigcup": "cup", "bigcap": "cap", "backslash": "setminus", "smallsetminus": "setminus",
    "implies": "to",
    "rightarrow": "to", "Rightarrow": "to", "longrightarrow": "to", "euro": "€", "pounds": "£", "yen": "¥",
}  # fmt: skip
_LEXER = re.compile(
    r"(?P<space>\s+|~|\\[,;:!> ]|\\\n)"
    r"|(?P<env>\\(?:begin|end)\s*\{[A-Za-z]+\*?\})"
    r"|(?P<row>\\\\(?:\[\d+\w*\])?|\\cr\b)"
    r"|(?P<set>\\[{}|])"
    r"|(?P<escaped>\\[%$#&_])"
    r"|(?P<cmd>\\[A-Za-z]+)"
    r"|(?P<rep>\d*\.\d*(?:\\(?:overline|bar|dot)\s*(?:\{\d+\}|\d)|(?<=\.)\(\d+\)))"
    r"|(?P<etc>\d*\.\d+(?:\.\.\.|\\l?dots\b|\\cdots\b))"
    r"|(?P<hex>(?=[0-9A-F]{2})[0-9A-F]{0,20}[A-F][0-9A-F]{0,20}(?=_\{?(?:1[1-9]|2\d|3[0-6])\}?)|0[xX][0-9A-Fa-f]{1,40}\b|0[bB][01]{1,99}\b)"
    r"|(?P<num>\d+(?:\.\d+)?(?:[eE][-+]?\d{1,4}(?![\d.A-Za-z]))?|\.\d+)"
    r"|(?P<compound>[A-Za-z]+(?:-[A-Za-z]{2,}){1,4})"
    r"|(?P<word>[A-Za-z]+|[^\W\d_]+)"
    r"|(?P<op><=|>=|!=|==|=<|=>|\*\*|->|\.\.\.|:=|[-+*/^_=<>(){}\[\],;:!|'%&°‖€£¥$₹₩₽₱฿¢.])"
)
_VECTOR = re.compile(r"\s*\\(?:vec|overrightarrow|mathbf|boldsymbol|bm)(?![A-Za-z])")
AHEAD = 24
"""Characters after a word that are looked at to tell a function from a unit."""
_ARRAY_COLUMNS = re.compile(r"\s*(?:\[[a-z]\])?\s*\{[lcr|@{}\s]*\}")


def tokenize(text: str) -> list[Token]:
    """Tokens of a cleaned answer.

    Raises:
        ParseError: a character no notation has.
        TooLarge: more than `MAX_TOKENS` tokens.
    """
    tokens: list[Token] = []
    position, spaced, length = 0, False, len(text)
    while position < length:
        found = _LEXER.match(text, position)
        if found is None:
            raise ParseError(f"unexpected character {text[position]!r}")
        position = found.end()
        kind, lexeme = found.lastgroup, found[0]
        if kind == "space":
            spaced = True
            continue
        if kind in ("num", "rep", "etc", "hex"):
            tokens.append(Token("num", lexeme, spaced))
        elif kind == "op":
            tokens.append(_operator(lexeme, spaced))
        elif kind == "compound" and compound_word(lexeme, spaced, tokens):
            tokens.append(Token("text", lexeme, spaced))
        elif kind in ("word", "compound"):
            run = lexeme.partition("-")[0]
            position = found.start() + len(run)
            tokens.extend(word(run, spaced, tokens, text[position : position + AHEAD]))
        elif kind == "cmd":
            position = _command(lexeme[1:], text, position, spaced, tokens)
        elif kind == "env":
            name = lexeme[lexeme.index("{") + 1 : -1].rstrip("*")
            tokens.append(Token(lexeme[1:4].replace("beg", "begin"), name, spaced))
            if name == "array" and lexeme.startswith("\\begin"):
                columns = _ARRAY_COLUMNS.match(text, position)
                position = columns.end() if columns else position
        elif kind == "row":
            tokens.append(Token("op", "\\\\", spaced))
        elif kind == "set":
            tokens.append(Token("op", "‖" if lexeme == "\\|" else lexeme, spaced))
        elif lexeme == "\\$":
            tokens.append(Token("money", "$", spaced))
        elif lexeme != "\\#":
            tokens.append(Token("op", lexeme[1], spaced))
        spaced = False
        if len(tokens) > MAX_TOKENS:
            raise TooLarge(f"more than {MAX_TOKENS} tokens")
    return tokens


def _operator(lexeme: str, spaced: bool) -> Token:
    if lexeme in CURRENCY:
        return Token("money", lexeme, spaced)
    same = {"==": "=", "=<": "<=", "=>": ">=", "**": "^", ":=": "="}
    return Token("op", same.get(lexeme, lexeme), spaced)


def _command(name: str, text: str, position: int, spaced: bool, tokens: list[Token]) -> int:
    if name in _TEXT_COMMANDS:
        content, position = _argument(text, position)
        tokens.extend(_styled(name, content, spaced, tokens, text[position : position + AHEAD]))
        return position
    if name in _ARGUMENT_SKIPPED:
        return _argument(text, position)[1]
    if name in _SKIPPED:
        if name in ("left", "right") and text[position : position + 1] == ".":
            position += 1
        return position
    if name == "times" and _VECTOR.match(text, position):
        name = "cross"
    name = _SYNONYMS.get(name, name)
    if name in ("and", "or"):
        tokens.append(Token("op", name, spaced))
    elif name in CURRENCY:
        tokens.append(Token("money", name, spaced))
    elif not name[0].isalpha():
        tokens.append(Token("op", name, spaced))
    elif name in CONSTANTS and name != "Pi":
        tokens.append(Token("const", CONSTANTS[name], spaced))
    elif name in FUNCTIONS and name not in ("gamma", "binom", "sqrt", "gcd"):
        tokens.append(Token("fn", FUNCTIONS[name], spaced))
    elif name == "gcd":
        tokens.append(Token("fn", "gcd", spaced))
    elif name in GREEK:
        tokens.append(Token("name", name, spaced))
    else:
        tokens.append(Token("cmd", name, spaced))
    return position


def _argument(text: str, position: int) -> tuple[str, int]:
    """The `{…}` (or single character) that follows a command."""
    while position < len(text) and text[position] in " \t\n~":
        position += 1
    if position >= len(text):
        return "", position
    if text[position] != "{":
        found = re.compile(r"\\?[A-Za-z]+|\d+|.", re.S).match(text, position)
        return (found[0], found.end()) if found else ("", position)
    depth, start = 0, position + 1
    for index in range(position, len(text)):
        if text[index] == "{":
            depth += 1
        elif text[index] == "}":
            depth -= 1
            if depth == 0:
                return text[start:index], index + 1
    return text[start:], len(text)


def _styled(command: str, content: str, spaced: bool, before: list[Token], rest: str) -> list[Token]:
    r"""`\text{ and }` joins, `\mathrm{e}` is a letter, `\text{cm}` a unit, `\mathbf{12}` a number, the rest words."""
    content = content.replace("$", " ").replace("\\!", "")
    words = content.strip().rstrip(".")
    if command == "mathbb":
        return [Token("cmd", "set" + words, spaced)]
    joint = re.fullmatch(r"(?:.*\s)?(and|or)", words, re.S)
    if joint or words in (",", ";"):
        return [Token("op", joint[1] if joint else words, True)]
    if not words:
        return []
    if words in ("mod", "U"):
        return [Token("cmd", words, spaced) if words == "mod" else Token("name", "U", True)]
    inside = bool(before) and before[-1].text in ("{", "/")  # \\frac{\\text{ft}}{\\text{sec}}
    if words in UNITS and words in FUNCTIONS and (inside or after_value(before)) and without_argument(words, rest):
        return [Token("unit", words, spaced)]
    if words in FUNCTIONS and len(words) > 1:
        return [Token("fn", FUNCTIONS[words], spaced)]
    if len(words) == 1 and words.isalpha():
        if wordless(words):
            return [Token("text", words, spaced)]
        measured = after_value(before) and words in UNITS
        return [Token("unit" if measured else "name", words, spaced)]
    if command[:4] == "math" and after_value(before) and _is_unit_product(words):
        return [Token("text", words.replace("\\cdot", "*").replace("\\,", " "), spaced)]
    if (
        (not re.search("[A-Za-z]", words) and words.isascii())
        or words[0].isdigit()
        or _LETTERS.fullmatch(words)
        or (command[:4] in ("math", "text") and command != "text" and "\\" in words)
    ):
        return tokenize(group_digits(words))
    if command == "operatorname":
        return [Token("name", words, spaced)]
    return [Token("text", words, spaced)]


def _is_unit_product(words: str) -> bool:
    r"""Whether it is m\\,s^{-1} or kg\\cdot m/s^2."""
    names = re.findall("[A-Za-z]+", words.replace("\\cdot", ""))
    return len(names) > 1 and all(name in UNITS for name in names)


_LETTERS = re.compile(r"\([A-Z]{1,3}\)|[A-Z]{2,3}|[A-Z]{1,3}(?:(?:\s*,\s*|\s*,?\s+(?:and|or)\s+)[A-Z]{1,3})+")
"""(C); VW; A, C and D; I and III: names, not words."""
