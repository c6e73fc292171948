"""How a prompt becomes tokens: the words of the chat template, and the question between them as text alone.

A prompt is one user turn of the tokenizer's chat template if it has one, with a system turn of ours where the template
would insert its own; otherwise the raw text after what the tokenizer puts before a text. The template is rendered once,
with a mark in place of the question, so a question is never read as template; and what its control tokens are is known
beforehand, so a question cannot add to them (`text_tokens.py`). A template that asks for today's date is given a fixed
one: equal seeds must give equal samples tomorrow.
"""

from __future__ import annotations

import datetime
import itertools
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ...core.errors import ConfigError, SelfPlayError
from .skipping import writing
from .text_tokens import TextTokens, writable

DATE = datetime.date(2025, 1, 1)
"""What a template that asks for the date is told."""
AT_ONCE = 16
"""Characters per token of a beginning that is tokenised first; text has about four."""
LONGEST = 100_000
"""Characters that a template may make of a short question."""

_CALL = re.compile(r"""strftime_now\(\s*(?:format\s*=\s*)?("[^"]*"|'[^']*')\s*\)""")
_MARK = "⟦70319⟧"
_BLANKS = "\t \n\t"
_REMEDY = "mend chat_template in its folder (tokenizer_config.json or chat_template.jinja), or choose another model"
_OURS = ("messages", "tokenize", "add_generation_prompt", "chat_template", "conversation", "continue_final_message")
_PROBES = ("What is 12+7?\nCompute 3*4.", "What is 35+8?\nCompute 6*9.")


class Slot(NamedTuple):
    """A place of the question in the template: which ends of its text are stripped of blanks there."""

    left: bool
    right: bool

    def filled(self, text: str) -> str:
        text = text.lstrip() if self.left else text
        return text.rstrip() if self.right else text


class PromptFormat:
    """Prompts of one tokenizer.

    Args:
        tokenizer: of transformers, fast or slow.
        system: text of the system turn, where the template would insert its own.
        stop_ids: tokens that end a completion.
        options: what the template is told besides the turns, such as `enable_thinking`.

    Attributes:
        tokens: tokenises text alone.
        date: the date that the template was told, `None` where it does not ask.

    Raises:
        ConfigError: a prompt would not carry the question, or would end the completion before it begins.
    """

    def __init__(
        self, tokenizer: Any, system: str, stop_ids: Sequence[int], options: Mapping[str, Any] | None = None
    ) -> None:
        self.tokenizer, self.system, self.stop_ids = tokenizer, system, tuple(stop_ids)
        self.options = dict(options or {})
        self.date: str | None = None
        self._words, self._slots, self._before = ["", ""], [Slot(False, False)], list[int]()
        part = "tokenizer"
        try:
            self.tokens = TextTokens(tokenizer, stop_ids)
            speaks = writing(tokenizer)
            self.written = self.tokens if speaks is tokenizer else TextTokens(speaks, stop_ids)
            if tokenizer.chat_template is None:
                self._before = self._put_before()
                self._check_options("")
            else:
                part = "chat template"
                self._template = self._with_date(tokenizer.get_chat_template())
                self._check_options(self._template)
                self._words, self._slots = self._frame()
                part = "tokenizer"
            self._parts: list[list[int]] = [self._encoded(words) for words in self._words]
            self._controls = self.tokens.controls_in([token for ids in self._parts for token in ids])
            self._check()
        except (SelfPlayError, MemoryError):
            raise
        except Exception as error:  # noqa: BLE001 - both are what somebody else wrote, and may fail in any way
            said = " ".join(str(error).split()) or type(error).__name__
            fails = "cannot be rendered" if part == "chat template" else f"fails ({type(error).__name__})"
            raise ConfigError(f"the {part} of {self._name} {fails}: {said}; {_REMEDY}") from None

    def changed(self, system: str | None = None, options: Mapping[str, Any] | None = None) -> PromptFormat:
        """The same with another text of the system turn, or other options of the template; `None` leaves it."""
        system = self.system if system is None else system
        options = self.options if options is None else dict(options)
        if (system, options) == (self.system, self.options):
            return self
        return type(self)(self.tokenizer, system, self.stop_ids, options)

    def text(self, prompt: str) -> str:
        """The text of a prompt, template included."""
        pieces = [self._words[0]]
        for slot, words in zip(self._slots, self._words[1:], strict=True):
            pieces += [slot.filled(prompt), words]
        return "".join(pieces)

    def ids(self, prompt: str) -> list[int]:
        """The tokens the model reads for a prompt; never empty."""
        if self.tokenizer.chat_template is None:
            ids = self._before + self.tokens.ids(prompt)
        else:
            ids = self._templated(writable(prompt))
        if ids:
            return ids
        start = self.tokenizer.bos_token_id
        return [self.stop_ids[0] if start is None else start]

    def following(self, reply: str, last: int) -> list[int]:
        """The tokens between two turns of the model: what closes its turn, another user turn with `reply`, and what
        opens the next.

        Args:
            last: the token that ended the turn before; it is not repeated.

        Raises:
            ConfigError: the template knows no second user turn.
        """
        if self.tokenizer.chat_template is None:
            return self.tokens.ids(f"\n{reply}\n")
        closes, opens = self._second_turn()
        ids = self._encoded(closes)
        return [*(ids[1:] if ids[:1] == [last] else ids), *self.tokens.ids(reply), *self._encoded(opens)]

    def _second_turn(self) -> tuple[str, str]:
        """The template's words before and after a second user turn."""
        from jinja2.exceptions import TemplateError

        answer, reply = "⟦41861⟧", "⟦90217⟧"
        turns = [("user", _MARK), ("assistant", answer), ("user", reply)]
        try:
            text = self._render(turns, as_parts=False)
        except TemplateError as error:
            raise ConfigError(f"the chat template of {self._name} knows no second user turn: {error}") from None
        closes, found, opens = text.partition(answer)[2].partition(reply)
        if not found:
            raise ConfigError(f"the chat template of {self._name} leaves out a second user turn: {_REMEDY}")
        return closes, opens

    def exceeds(self, prompt: str, count: int) -> bool:
        """Whether a prompt certainly has more than `count` tokens, seen at its beginning: a text of megabytes is not
        tokenised to find that out. `False` says nothing.

        Blanks that a tokenizer drops, and words that it reads as one unknown token, cost more of the text. The end of
        a piece may have tokens that the whole has not, so it is to have twice as many.
        """
        if self.written is not self.tokens:  # what is skipped may be long, and a piece of it is not
            return False
        prompt, size = prompt.strip(), AT_ONCE * max(count, 1)
        while size < len(prompt):
            if len(self._encoded(writable(prompt[:size]))) > 2 * count:
                return True
            size *= 2
        return False

    def _templated(self, prompt: str) -> list[int]:
        """As one text if the template's control tokens are all there are, so that words join as they always did."""
        whole = self._encoded(self.text(prompt))
        if self.tokens.is_text(prompt, whole, self._controls):
            return whole
        ids = list(self._parts[0])
        for slot, part in zip(self._slots, self._parts[1:], strict=True):
            ids += [*self.tokens.ids(slot.filled(prompt)), *part]
        return ids

    def _encoded(self, text: str) -> list[int]:
        ids: list[int] = self.tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
        return ids

    def _put_before(self) -> list[int]:
        """What the tokenizer puts before a text, such as a start token. What it would put behind (an end-of-sequence
        token) is left out: a prompt is there to be continued."""
        around, bare = list(self.tokenizer(_PROBES[0])["input_ids"]), self._encoded(_PROBES[0])
        starts = range(len(around) - len(bare) + 1)
        return around[: next((i for i in starts if around[i : i + len(bare)] == bare), 0)]

    def _frame(self) -> tuple[list[str], list[Slot]]:
        """The template's words, with slots between them.

        Raises:
            ConfigError: the question is not among them.
        """
        pieces = self._rendered(_BLANKS + _MARK + _BLANKS).split(_MARK)
        if len(pieces) == 1:
            raise ConfigError(f"the chat template of {self._name} leaves out the question: {_REMEDY}")
        kept = [(one.endswith(_BLANKS), two.startswith(_BLANKS)) for one, two in itertools.pairwise(pieces)]
        for i, (left, right) in enumerate(kept):
            pieces[i] = pieces[i].removesuffix(_BLANKS) if left else pieces[i]
            pieces[i + 1] = pieces[i + 1].removeprefix(_BLANKS) if right else pieces[i + 1]
        return pieces, [Slot(not left, not right) for left, right in kept]

    def _rendered(self, question: str) -> str:
        """What the template makes of a question. Some templates read a list of parts, and write nothing of a text."""
        for as_parts in (False, True):
            turns = [("system", self.system)] if self._inserts_system_turn(as_parts) else []
            text = self._render([*turns, ("user", question)], as_parts)
            if question.strip() in text:
                break
        return text

    def _inserts_system_turn(self, as_parts: bool) -> bool:
        """Whether the template writes what stands before a system text even when nobody gives one."""
        from jinja2.exceptions import TemplateError

        user = ("user", _MARK)
        try:
            head = self._render([("system", "⟦system⟧"), user], as_parts).partition("⟦system⟧")[0]
        except TemplateError:  # a template without system turns inserts none
            return False
        opening = self._render([user], as_parts).partition(_MARK)[0]
        return bool(head) and opening.startswith(head) and len(opening) > len(head)

    def _render(self, turns: Sequence[tuple[str, str]], as_parts: bool) -> str:
        def content(text: str) -> Any:
            return [{"type": "text", "text": text}] if as_parts else text

        listed = [{"role": role, "content": content(text)} for role, text in turns]
        text: str = self.tokenizer.apply_chat_template(
            listed, tokenize=False, add_generation_prompt=True, chat_template=self._template, **self.options
        )
        if len(text) > LONGEST:
            raise ConfigError(
                f"the chat template of {self._name} makes {len(text)} characters of a short question, more than "
                f"{LONGEST}: {_REMEDY}"
            )
        return text

    def _check_options(self, template: str) -> None:
        """Refuse an option that the template does not mention: it would be passed over in silence.

        Raises:
            ConfigError: names it.
        """
        for name in self.options:
            if name in _OURS or not re.search(rf"\b{re.escape(name)}\b", template):
                there = "is no option of the chat template" if template else "is for a chat template, and there is none"
                raise ConfigError(f"template_options has {name!r}, which {there} of {self._name}: leave it out")

    def _with_date(self, template: str) -> str:
        """The template with a date in place of every call for today's.

        Raises:
            ConfigError: it asks in a form that is not written down.
        """
        dated = _CALL.sub(lambda call: json.dumps(DATE.strftime(call[1][1:-1])), template)
        if "strftime_now(" in dated:
            raise ConfigError(f"the chat template of {self._name} asks for today's date in a computed form: {_REMEDY}")
        self.date = DATE.isoformat() if dated != template else None
        return dated

    def _check(self) -> None:
        """Two questions make two prompts, as the template itself would write them, and neither ends in a stop token."""
        ids = [self.ids(probe) for probe in _PROBES]
        if ids[0] == ids[1]:
            raise ConfigError(f"the tokenizer of {self._name} makes the same tokens of two questions: {_REMEDY}")
        if self.tokenizer.chat_template is None:
            return
        if self.text(_PROBES[0]) != self._rendered(_PROBES[0]):
            raise ConfigError(f"the chat template of {self._name} changes the text of a question: {_REMEDY}")
        if ids[0][-1] in self.stop_ids:
            raise ConfigError(
                f"a prompt of {self._name} ends with {self.tokenizer.convert_ids_to_tokens(ids[0][-1])!r}, which ends "
                f"the answer before it begins: {_REMEDY}"
            )

    @property
    def _name(self) -> str:
        return repr(getattr(self.tokenizer, "name_or_path", "") or type(self.tokenizer).__name__)
