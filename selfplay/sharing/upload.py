"""The process that talks to a hub: reads what goes from its input, sends it as one commit, and says how that ended.

It is a process of its own because `huggingface_hub` waits without limit, repeats some requests for ever, and keeps
clients and threads for the whole process: `push` can end this one. Input and output are one JSON object each.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from ..trackers.redact import redacted

LOG_IN = "log in with `hf auth login`, or set HF_TOKEN to a token that may write"
REASONS = {
    401: f"the hub does not accept the token (401): {LOG_IN}",
    403: f"the token may not do that (403): name a repository of your own with --repo, or {LOG_IN}",
    404: "the hub knows no such user or repository (404): look at --repo",
    409: "the repository is being changed by somebody else (409): push again",
    413: "the hub takes no files as large as these (413)",
    429: "the hub has had too many requests (429): push again later",
}


def main() -> None:
    """Do what the input says."""
    from huggingface_hub.errors import HTTPError  # type: ignore[attr-defined] # of the client that it brings along

    job = json.load(sys.stdin)
    try:
        answer = {"url": upload(job)}
    except (Refused, Strange) as error:
        answer = {"error": f"{error}"}
    except (OSError, ValueError, RuntimeError, HTTPError) as error:
        answer = {"error": f"{_hub()}: {reason(error)}"}
    json.dump(answer, sys.stdout)


class Refused(Exception):
    """Nothing was sent; the message says why."""


class Strange(Exception):
    """The hub answered what none says; the message has where, what, and what to do."""


def upload(job: Mapping[str, Any]) -> str:
    """Make the repository, send all files as one commit, and return the address of the repository.

    Args:
        job: `repo`, `type` ("model" or "dataset"), `private`, `message`, and `files`: each a `name` with a `path` or a
            `text`.

    Raises:
        Refused: there is no token, or a repository that should be private is not.
        Strange: what answers is no hub.
    """
    from huggingface_hub import get_token

    if get_token() is None:
        raise Refused(f"there is no token: {LOG_IN}")
    with _strange_answers():
        return _uploaded(job)


def _uploaded(job: Mapping[str, Any]) -> str:
    from huggingface_hub import CommitOperationAdd, HfApi

    api, kind = HfApi(), job["type"]
    made = api.create_repo(job["repo"], repo_type=kind, private=job["private"] or None, exist_ok=True)
    if job["private"] and not api.repo_info(made.repo_id, repo_type=kind).private:
        raise Refused(f"{made.repo_id} is there already, and everybody can read it: choose another --repo")
    files = [
        CommitOperationAdd(one["name"], one["path"] if "path" in one else one["text"].encode()) for one in job["files"]
    ]
    api.create_commit(made.repo_id, files, commit_message=job["message"], repo_type=kind)
    return str(made)


@contextmanager
def _strange_answers() -> Iterator[None]:
    """What `huggingface_hub` trips over in an answer is told with the answer.

    Raises:
        Strange: in place of a `KeyError` and its like.
    """
    from huggingface_hub import get_session
    from huggingface_hub.errors import HTTPError  # type: ignore[attr-defined] # of the client that it brings along

    last: list[str] = []

    def note(response: Any) -> None:
        request = response.request
        text = f"{' '.join(response.read()[:2000].decode('utf-8', 'replace').split())}"
        said = f"{request.method} {request.url.path} with {response.status_code} and {text[:120]!r}"
        last[:] = [redacted(said if text else f"{request.method} {request.url.path} with {response.status_code} alone")]

    session = get_session()
    before = session.event_hooks
    session.event_hooks = {**before, "response": [*before.get("response", ()), note]}
    try:
        yield
    except (OSError, HTTPError):  # refusals, and a hub that is not there; see `reason`
        raise
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        if not last:
            raise
        remedy = "is HF_ENDPOINT the address of a hub, and nothing before it (a proxy, a page to log in)?"
        raise Strange(f"{_hub()} answered {last[0]}, which no hub says: {remedy}") from error
    finally:
        session.event_hooks = before


def _hub() -> str:
    """The address of the hub, without a password that stands in it."""
    from huggingface_hub import constants

    found = urlsplit(constants.ENDPOINT)
    return found._replace(netloc=found.netloc.rpartition("@")[2]).geturl()


def reason(error: BaseException) -> str:
    """What went wrong, in one line, for people."""
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

    for one in causes(error):
        if isinstance(one, OfflineModeIsEnabled):
            return "HF_HUB_OFFLINE is set: nothing is sent"
        if isinstance(one, HfHubHTTPError) and one.response is not None:
            return _refusal(one.response.status_code, one.server_message)
        if type(one).__name__ == "TooManyRedirects":
            return "the hub only leads from one address to another: is HF_ENDPOINT the address of a hub?"
    last = list(causes(error))[-1]
    if type(last).__module__.startswith(("httpcore", "httpx", "socket")) or isinstance(last, OSError):
        return f"the hub cannot be reached ({_line(last)})"
    return _line(error)


def causes(error: BaseException) -> Iterator[BaseException]:
    """An error, and what it came of."""
    found: BaseException | None = error
    while found is not None:
        yield found
        found = found.__cause__ or found.__context__


def _refusal(status: int, message: str | None) -> str:
    said = f"; it says: {redacted(' '.join(message.split())[:300])}" if message else ""
    if status in REASONS:
        return REASONS[status] + said
    return f"the hub {'has a fault of its own' if status >= 500 else 'refused'} ({status}): push again later{said}"


def _line(error: BaseException) -> str:
    return redacted(f"{type(error).__name__}: {' '.join(str(error).split())[:300]}")


if __name__ == "__main__":
    main()
