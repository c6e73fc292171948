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
import shlex
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
    local kind value about line="${(j: :)words[1,CURRENT-1]} $PREFIX"
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


class _Shell(ShellComplete):
    """What both shells have in common."""

    def get_completion_args(self) -> tuple[list[str], str]:
        """The words before the cursor, and the one it stands in."""
        *words, last, _ = split_line(os.environ.get(LINE, ""))
        return words[1:], last

    def complete(self) -> str:
        """The answer: a line per candidate."""
        *words, last, quoted = split_line(os.environ.get(LINE, ""))
        option, equals, _ = last.partition("=")
        before = option + equals if equals and option.startswith("--") else ""  # click completes the value alone
        if isinstance(self.cli, Group):
            attach(self.cli)
        found = self.get_completions(words[1:], last)
        return "\n".join(self._line(item, before, last, bool(quoted)) for item in found)

    def _line(self, item: CompletionItem[str], before: str, typed: str, quoted: bool) -> str:
        kind = "open" if item.open else item.type
        about = " ".join((item.help or "").split())
        return f"{kind}\t{self.written(before + item.value, typed, quoted)}\t{about}"

    def format_completion(self, item: CompletionItem[str]) -> str:
        """One candidate, as if nothing had been typed."""
        return self._line(item, "", "", False)

    def written(self, value: str, typed: str, quoted: bool) -> str:
        """A candidate as the shell wants it.

        Args:
            typed: the word so far.
            quoted: whether it stands in a quotation that is still open.
        """
        return value


class Bash(_Shell):
    """bash from 4.4."""

    name: ClassVar[str] = "bash"
    source_template: ClassVar[str] = _BASH

    def written(self, value: str, typed: str, quoted: bool) -> str:
        """What follows the last place where bash split the word, with what it would interpret escaped."""
        if quoted:
            return value
        breaks = re.sub(r"[\s\"']", "", os.environ.get(BREAKS, "=:"))
        kept = max((typed.rfind(mark) for mark in breaks), default=-1) + 1
        return re.sub(r"([^\w@%+=:,./*~-])", r"\\\1", value[kept:])


class Zsh(_Shell):
    """zsh, which escapes by itself."""

    name: ClassVar[str] = "zsh"
    source_template: ClassVar[str] = _ZSH


SHELLS = {"bash": Bash, "zsh": Zsh}
for _shell in SHELLS.values():
    add_completion_class(_shell)


def split_line(line: str) -> list[str]:
    """The words of a command line that is not finished, the last of them under the cursor.

    One more follows them: "quoted" if a quotation is open at the end, else "".
    """
    reader = shlex.shlex(line, posix=True, punctuation_chars=False)
    reader.whitespace_split, reader.commenters = True, ""
    words: list[str] = []
    try:
        while (word := reader.get_token()) is not None:
            words.append(word)
    except ValueError as error:  # a quotation is open, or a backslash is last
        return [*words, reader.token, "quoted" if "quotation" in str(error) else ""]
    return [*words, *([""] if not line or line[-1].isspace() else []), ""]


def script(group: Group, shell: str) -> str:
    """What a shell evaluates to complete the command `selfplay-gym`.

    Args:
        shell: one of `SHELLS`.
    """
    return SHELLS[shell](group, {}, "selfplay-gym", "_SELFPLAY_GYM_COMPLETE").source()
