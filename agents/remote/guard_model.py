"""`endpoint:`: an output policy that asks a guard model, such as Llama Guard, behind a chat endpoint.

    make_policy("endpoint:http://localhost:8000/v1#meta-llama/Llama-Guard-3-8B", deadline_s=5)

Texts are sent as a conversation, which the model's own template turns into its prompt (Inan et al. 2023, arXiv
2312.06674): a question is the user's turn, an answer the assistant's after it, and the last turn is judged.
The model says "safe", or "unsafe" and on the next line the hazards, "S1,S9".
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from queue import Empty, SimpleQueue
from typing import Any, TypeAlias

from ...core.errors import ConfigError
from ...core.records import ALLOWED, UNCHECKED, Ruling
from .http_client import JsonPost, Post, ServerError, bearer_token, check_parallel, check_seconds, check_url

Turns: TypeAlias = tuple[tuple[str, str], ...]
"""Who speaks and what: ("user", …), ("assistant", …)."""
REMEMBERED = 65_536
"""Rulings that are kept: samples of a group are often equal."""
SLACK_S = 0.2
"""Seconds past the deadline in which a late request can say itself what was late."""
_HAZARD = re.compile(r"S(?:[1-9]|1[0-4])")
_LONGEST_RULING = 64  # tokens: "unsafe" and all fourteen hazards

log = logging.getLogger(__name__)


class GuardModelPolicy:
    """Asks a guard model about every text, several at a time.

    A text that could not be looked at has the code "unchecked": the server refused it, or answered something else. When
    a request misses its deadline, no further one of the batch is sent, and all texts without a ruling are unchecked.

    Args:
        where: "URL#MODEL": the address up to and including `/v1`, and the name the server knows the model by.
        deadline_s: seconds within which one request must be answered, in (0, 86400].
        fail_closed: whether unchecked texts are refused; else they are allowed, with a warning in the log.
        parallel: requests under way at once, 1 to 1024.
        key_env: environment variable with the bearer token; none is sent if it is not set.
        post: how a JSON body is posted and answered; a fake in tests.

    Raises:
        ConfigError: no "URL#MODEL", or a setting out of range.
    """

    def __init__(
        self,
        where: str,
        *,
        deadline_s: float = 10.0,
        fail_closed: bool = True,
        parallel: int = 8,
        key_env: str = "OPENAI_API_KEY",
        post: Post | None = None,
    ) -> None:
        url, _, self.model = where.rpartition("#")
        if not url or not self.model:
            raise ConfigError(
                f"a guard model is written endpoint:URL#MODEL, as in http://localhost:8000/v1#m; got {where!r}"
            )
        if not isinstance(fail_closed, bool):
            raise ConfigError(f"fail_closed must be true or false, got {fail_closed!r}")
        self.url = check_url(url) + "/chat/completions"
        self.deadline_s, self.parallel = check_seconds("deadline_s", deadline_s), check_parallel(parallel)
        self.fail_closed = fail_closed
        self._post = post or JsonPost(bearer_token(key_env), timeout_s=deadline_s)
        self._known: dict[bytes, Ruling] = {}

    def check(self, text: str, role: str) -> Ruling:
        """See `core.protocols.OutputPolicy`."""
        return self.check_many([text], role)[0]

    def check_many(self, texts: Sequence[str], role: str, asked: Sequence[str] = ()) -> list[Ruling]:
        """See `core.protocols.OutputPolicy`; an empty text is allowed unseen."""
        questions = asked or [""] * len(texts)
        turns = [_conversation(text, role, question) for text, question in zip(texts, questions, strict=True)]
        keys = [blake2b(repr(one).encode(), digest_size=16).digest() for one in turns]
        wanted = {
            key: one for key, one, text in zip(keys, turns, texts, strict=True) if text and key not in self._known
        }
        found = self._ask([*wanted.values()])
        ruled = dict(zip(wanted, found, strict=True))
        result = [
            (self._known.get(key) or ruled[key]) if text else ALLOWED for key, text in zip(keys, texts, strict=True)
        ]
        if len(self._known) + len(ruled) > REMEMBERED:
            self._known.clear()
        self._known |= {key: ruling for key, ruling in ruled.items() if ruling.code != UNCHECKED}
        self._warn(found)
        return result

    def _ask(self, conversations: Sequence[Turns]) -> list[Ruling]:
        return _Batch(self, conversations).gathered() if conversations else []

    def ruling_on(self, conversation: Turns) -> Ruling:
        """What the model says of the last turn.

        Raises:
            ServerError: no answer, or none that says safe or unsafe.
        """
        body = {
            "model": self.model,
            "messages": [{"role": who, "content": text} for who, text in conversation],
            "temperature": 0.0,
            "max_tokens": _LONGEST_RULING,
        }
        return _read(self._post(self.url, body))

    def unchecked(self, why: str) -> Ruling:
        """Of a text that nobody could look at."""
        return Ruling(self.fail_closed, UNCHECKED, why)

    def _warn(self, found: Sequence[Ruling]) -> None:
        reasons = [ruling.why for ruling in found if ruling.code == UNCHECKED]
        if reasons:
            done = "refused" if self.fail_closed else "allowed"
            log.warning("%d texts are unchecked and %s: %s", len(reasons), done, reasons[0])


class _Batch:
    """The requests of one batch, worked off by several threads. They are daemons: a server that sends its answer letter
    by letter, for ever, holds nobody up."""

    def __init__(self, policy: GuardModelPolicy, conversations: Sequence[Turns]) -> None:
        self.policy, self.count = policy, len(conversations)
        self._waiting: SimpleQueue[tuple[int, Turns]] = SimpleQueue()
        self._done: SimpleQueue[tuple[int, Ruling] | None] = SimpleQueue()
        self._over = threading.Event()
        for pair in enumerate(conversations):
            self._waiting.put(pair)

    def gathered(self) -> list[Ruling]:
        """The rulings in order.

        All requests under way began before the last one ended. So if none ends for longer than the deadline, all are
        late.
        """
        policy = self.policy
        late = policy.unchecked(f"{policy.url} did not answer within {policy.deadline_s:g} s")
        found = [late] * self.count
        busy = min(policy.parallel, self.count)
        for _ in range(busy):
            threading.Thread(target=self._work, daemon=True).start()
        try:
            while busy:
                done = self._done.get(timeout=policy.deadline_s + SLACK_S)
                if done is None:
                    busy -= 1
                else:
                    found[done[0]] = done[1]
        except Empty:
            pass  # late, as they stand
        finally:  # also on Ctrl-C: what has not begun is not sent
            self._over.set()
        return found

    def _work(self) -> None:
        """Send requests until there are no more, or one is late; `None` says that this thread sends no more."""
        try:
            while not self._over.is_set():
                index, conversation = self._waiting.get_nowait()
                self._done.put((index, self._ruling(conversation)))
        except Empty:
            pass
        finally:
            self._done.put(None)

    def _ruling(self, conversation: Turns) -> Ruling:
        try:
            return self.policy.ruling_on(conversation)
        except ServerError as error:
            if _timed_out(error):
                self._over.set()
            return self.policy.unchecked(str(error))
        except Exception as error:  # noqa: BLE001 - a thread has nobody to raise to, and the text is not checked
            return self.policy.unchecked(f"{type(error).__name__}: {error}")


def _conversation(text: str, role: str, asked: str) -> Turns:
    """Questions are what a user says; whatever answers them, the assistant."""
    return (("user", text),) if role == "challenger" else (("user", asked), ("assistant", text))


def _read(answer: Mapping[str, Any]) -> Ruling:
    """A chat completion as a ruling.

    Raises:
        ServerError: it says neither safe nor unsafe.
    """
    try:
        said = str(answer["choices"][0]["message"]["content"])
    except (KeyError, IndexError, TypeError) as error:
        raise ServerError(f"the guard model answered {answer!r:.200}, expected a chat completion") from error
    first, *hazards = said.replace(",", " ").split() or [""]
    if first == "safe" and not hazards:
        return ALLOWED
    if first == "unsafe" and all(map(_HAZARD.fullmatch, hazards)):
        return Ruling(True, hazards[0] if hazards else "unsafe", f"guard model: {', '.join(hazards) or 'unsafe'}")
    raise ServerError(f"the guard model said {said!r:.80}, expected 'safe', or 'unsafe' and a line of hazards")


def _timed_out(error: ServerError) -> bool:
    cause = error.__cause__
    return isinstance(cause, TimeoutError) or isinstance(getattr(cause, "reason", None), TimeoutError)
