"""Completion scripts for bash and zsh: the shell sends the text before the cursor, and gets candidates line by line.

click's own scripts send words as the shell has split them: bash splits at "=" and ":", which settings (`rounds=8`) and
names (`rg:chain_sum`) are full of. So the line is sent whole and split here, and bash gets of each candidate what
stands behind the last place where it would split.

A line of the answer is KIND, value and description, with tabs between:

    plain   a whole word
    open    a word that goes on: no space behind it (`runs/`, `rounds=`)
    file    any file, by the shell's own means
    dir     any folder, likewise
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import ClassVar

from click import Group
from click.shell_completion import CompletionItem, ShellComplete, add_completion_class

from .parameters import attach

LINE, BREAKS = "_SELFPLAY_GYM_LINE", "_SELFPLAY_GYM_BREAKS"
"""Environment variables of a request: the line up to the cursor, and the characters at which bash splits words."""

_BASH = """\
%(complete_func)s() {
    local kind value about IFS=$'\\t'
    COMPREPLY=()
    while read -r kind value about; do
        case $kind in
            plain) COMPREPLY+=("$value") ;;
            open) COMPREPLY+=("$value"); compopt -o nospace ;;
            file) compopt -o default ;;
            dir) compopt -o dirnames ;;
        esac
    done < <(LINE="${COMP_LINE:0:COMP_POINT}" BREAKS="$COMP_WORDBREAKS" \\
        %(complete_var)s=bash_complete "$1" 2> /dev/null)
}
complete -o nosort -F %(complete_func)s %(prog_name)s
""".replace("LINE=", f"{LINE}=").replace("BREAKS=", f"{BREAKS}=")

_ZSH = """\
#compdef %(prog_name)s
%(complete_func)s() {
    local kind value about line="${(j: :)words[1,CURRENT-1]} $QIPREFIX$PREFIX"
    local -a plain shown open files
    while IFS=$'\\t' read -r kind value about; do
        case $kind in
            plain) plain+=("$value"); shown+=("$value${about:+  -- $about}") ;;
            open) open+=("$value") ;;
            file) files=(_files) ;;
            dir) files=(_files -/) ;;
        esac
    done < <(LINE="$line" %(complete_var)s=zsh_complete "$words[1]" 2> /dev/null)
    (( $#plain )) && compadd -l -V names -d shown -a plain
    (( $#open )) && compadd -V parts -S '' -a open
    (( $#files )) && $files
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    %(complete_func)s "$@"
else
    compdef %(complete_func)s %(prog_name)s
fi
""".replace("LINE=", f"{LINE}=")


@dataclass(frozen=True)
class Word:
    """The word under the cursor.

    Attributes:
        text: as the command would get it, without quotes.
        quote: the quotation mark that is still open, or "".
        start: of the text, what the shell will replace: behind the mark that is open, or where bash last split it.
    """

    text: str
    quote: str = ""
    start: int = 0


class _Shell(ShellComplete):
    """What both shells have in common."""

    def get_completion_args(self) -> tuple[list[str], str]:
        """The words before the cursor, and the one it stands in."""
        words, last = split_line(os.environ.get(LINE, ""))
        return words[1:], last.text

    def complete(self) -> str:
        """The answer: a line per candidate."""
        words, last = split_line(os.environ.get(LINE, ""), os.environ.get(BREAKS, "=:"))
        option, equals, _ = last.text.partition("=")
        before = option + equals if equals and option.startswith("--") else ""  # click completes the value alone
        if isinstance(self.cli, Group):
            attach(self.cli)
        found = self.get_completions(words[1:], last.text)
        return "\n".join(self._line(item, before, last) for item in found)

    def _line(self, item: CompletionItem[str], before: str, typed: Word) -> str:
        kind = "open" if item.open else item.type
        about = " ".join((item.help or "").split())
        return f"{kind}\t{self.written(before + item.value, typed)}\t{about}"

    def format_completion(self, item: CompletionItem[str]) -> str:
        """One candidate, as if nothing had been typed."""
        return self._line(item, "", Word(""))

    def written(self, value: str, typed: Word) -> str:
        """A candidate as the shell wants it, in place of what was typed."""
        return value


class Bash(_Shell):
    """bash from 4.4."""

    name: ClassVar[str] = "bash"
    source_template: ClassVar[str] = _BASH

    def written(self, value: str, typed: Word) -> str:
        """What follows the last place where bash split the word, with what it would interpret escaped.

        Behind a quotation mark that is open bash splits no more, and closes the quotation itself. An exclamation mark
        stands outside of double quotes, where history has no escape for it.
        """
        rest = value[typed.start :]
        if typed.quote and rest.endswith(typed.quote):  # bash takes the mark at the end for that which closes
            within = self.written(value[:-1], typed)
            return f"{within}{typed.quote}\\{typed.quote}"
        if typed.quote == "'":
            return rest.replace("'", r"'\''")
        if typed.quote:
            return re.sub(r'(["$`\\])', r"\\\1", rest).replace("!", "\"'!'\"")
        return re.sub(r"([^\w@%+=:,./~-])", r"\\\1", rest)


class Zsh(_Shell):
    """zsh, which escapes by itself."""

    name: ClassVar[str] = "zsh"
    source_template: ClassVar[str] = _ZSH


SHELLS = {"bash": Bash, "zsh": Zsh}
for _shell in SHELLS.values():
    add_completion_class(_shell)


def split_line(line: str, breaks: str = "") -> tuple[list[str], Word]:
    """The words of a command line that is not finished, and the one under the cursor, which may be empty.

    Args:
        breaks: characters at which the shell splits the word once more for completion.
    """
    words: list[str] = []
    text, begun, quote, escaped = "", False, "", False
    broken = opened = 0
    for character in line:
        if character.isspace() and not (quote or escaped):
            words += [text] if begun else []
            text, begun, broken = "", False, 0
            continue
        begun = True
        if escaped:
            stays = quote and character not in '"\\$`'  # in double quotes a backslash before any other is one
            text, escaped = text + ("\\" if stays else "") + character, False
        elif character == "\\" and quote != "'":
            escaped = True
        elif quote and character == quote:
            quote = ""
        elif not quote and character in "\"'":
            quote, opened = character, len(text)
        else:
            text += character
            broken = len(text) if not quote and character in breaks else broken
    return words, Word(text, quote, opened if quote else broken)


def script(group: Group, shell: str) -> str:
    """What a shell evaluates to complete the command `selfplay-gym`.

    Args:
        shell: one of `SHELLS`.
    """
    return SHELLS[shell](group, {}, "selfplay-gym", "_SELFPLAY_GYM_COMPLETE").source()
