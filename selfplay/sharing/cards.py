"""The page on a run and the model card of a checkpoint, as Markdown: what was done, on what, and how well it went.

Both follow from settings and logs alone, so equal seeds give equal pages, also after a kill. Paths of this machine and
secrets are not in them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePath
from typing import Any

from ...agents.model_names import PACKAGED, SHIPPED
from ...core.options import write_named
from ..pages.tables import markdown_table
from ..pages.turn_exams import SHARES, exam_cells, exam_table
from ..pages.wording import counted
from ..roles.answer_rewards import write_reward
from ..settings.config import SOLVER, RunConfig
from ..settings.turn_games import PLAYER, turn_game_of
from ..stats import Estimate
from .facts import RoundFacts, RunFacts
from .front_matter import front_matter
from .scrub import ELSEWHERE, scrubbed_setting

OURS = "<!-- written by selfplay-gym; written anew as the run goes on -->"
"""Stands in every page of ours: a page without it is somebody else's and stays as it is."""
FREE_BASES = {*SHIPPED, *PACKAGED}
"""Models whose licence is known: Apache-2.0, as the package's."""
UNKNOWN = "–"
SCORES = ("round", "exam, % [95 %]", "asked labels right, % [95 %]", "kept")
"""What a table of rounds shows."""
FILES = (
    ("`config.toml`", "all settings: `selfplay-gym train --config config.toml` plays the same run"),
    ("`checkpoints/`", "models in Hugging Face format, each with a card of its own"),
    ("`metrics.jsonl`", "what every step, labelling and exam measured"),
    ("`report.html`", "the run as one page"),
    ("`tables/`", "what was measured as tables of one kind of row each, for pandas, polars and datasets"),
)


LOGGED = {
    SOLVER: (
        "`questions.jsonl`, `attempts.jsonl`, `labels.jsonl`",
        "every question, the attempts at it, and its label",
    ),
    PLAYER: ("`trajectories.jsonl`", "some games of every step, turn by turn"),
}
"""What was played, by who answers."""
LINKS = {"best": "the checkpoint of the best validation", "last": "the newest checkpoint"}


def answering_role(config: RunConfig) -> str:
    """Whose checkpoints people ask for: the solver's, or the player's of a turn game."""
    return next((name for name in (SOLVER, PLAYER) if name in config.roles), next(iter(config.roles)))


def run_page(config: RunConfig, facts: RunFacts, state: Mapping[str, Any]) -> str:
    """`README.md` of a run folder."""
    done = state.get("phase") == "done"
    stands = f"finished after {counted(state['round'], 'round')}" if done else f"in round {state.get('round', 0)}"
    role = answering_role(config)
    names = {"best": state.get("best", {}).get("checkpoints", {}).get(role), "last": state["checkpoints"].get(role)}
    links = {name: checkpoint for name, checkpoint in names.items() if checkpoint}
    files = [*FILES[:1], *((f"`{name}`", f"a link to {LINKS[name]}") for name in links), LOGGED[role], *FILES[1:]]
    return "\n".join(
        [
            OURS,
            f"# Self-play in {config.env}, seed {config.seed}",
            "",
            f"A run of selfplay-gym, {stands} of {config.rounds}.",
            *(f"`{name}` is `checkpoints/{found}`." for name, found in links.items()),
            "",
            *_table(("setting", "value"), _method(config)),
            *_scores(facts, role),
            *_table(("file", "what"), files),
            f"In this folder: `selfplay-gym report .`, `selfplay-gym watch .`{_to_do(config, links)}, and",
            "`selfplay-gym push . --dry-run` shows what sharing it would send.",
            "",
        ]
    )


def model_card(config: RunConfig, facts: RunFacts, role: str, number: int, name: str) -> str:
    """`README.md` of a checkpoint: the card of the model in it.

    Args:
        role: whose checkpoint it is.
        number: the round in which it was saved.
        name: of the checkpoint.
    """
    found, row = facts.of(number), config.roles[role]
    loads_alone = row.weight_sharing in ("copies", "prompt")
    return "\n".join(
        [
            *_front(row.model, loads_alone),
            OURS,
            f"# {name}",
            "",
            f"The {role} after round {number} of {config.rounds} of self-play in {config.env}, from the base model "
            f"`{short_model(row.model)}`.",
            "",
            "## Method",
            "",
            *_table(("setting", "value"), [*_method(config), *_role_method(config, role)]),
            "## Data",
            "",
            *_data(config, found),
            "## Exam",
            "",
            *_exam(facts, found, role, config),
            "## Use",
            "",
            "    import selfplay_gym",
            '    agent = selfplay_gym.load_agent("FOLDER")',
            "",
            *(
                []
                if loads_alone
                else ["It is no plain model folder: roles share its weights, and `load_agent` reads it.", ""]
            ),
            "## Licence",
            "",
            _licence(row.model),
            "",
        ]
    )


def _scores(facts: RunFacts, role: str) -> list[str]:
    """What was measured round by round."""
    if role != PLAYER:
        rows = [(str(number), *scores) for number, *scores in scored_rounds(facts)]
        return _table(SCORES, rows) if rows else []
    exams = {number: found.turn_exam for number, found in sorted(facts.rounds.items()) if found.turn_exam}
    columns, found = exam_table([*exams.values()], UNKNOWN)
    brief = [at for at, name in enumerate(columns) if not name.endswith(SHARES)]
    rows = [(str(number), *(row[at] for at in brief)) for number, row in zip(exams, found, strict=True)]
    return _table(("round", *(short_model(columns[at]) for at in brief)), rows) if rows else []


def _to_do(config: RunConfig, links: Mapping[str, str]) -> str:
    """What can be done with a checkpoint, the best one if there is one."""
    name = next(iter(links), None)
    if name is None:
        return ""
    game = turn_game_of(config.env)
    if game is None:
        return f", `selfplay-gym exam ./{name}`"
    return f", `selfplay-gym league LEAGUE --game {game} --player ./{name} --player random-legal`"


def _front(model: str, loads_alone: bool) -> list[str]:
    """What a hub reads of a card."""
    free = model in FREE_BASES
    licence = {"license": "apache-2.0"} if free else {"license": "other", "license_name": "of-the-base-model"}
    return front_matter(
        {
            **licence,
            "library_name": "transformers" if loads_alone else "selfplay-gym",
            "pipeline_tag": "text-generation",
            "tags": ["selfplay-gym", "self-play", "reinforcement-learning"],
        }
    )


def _method(config: RunConfig) -> Iterator[tuple[str, str]]:
    yield "environment", config.env
    yield "seed", str(config.seed)
    for name, row in config.roles.items():
        yield f"{name} starts as", short_model(row.model)
    if config.schedule:
        yield "parts", ", ".join(config.schedule)
    else:
        yield "a round", " → ".join(config.stages)


def _role_method(config: RunConfig, role: str) -> Iterator[tuple[str, str]]:
    row = config.roles[role]
    yield "update", write_named(row.update)
    if role == PLAYER:
        yield "steps a round", f"{row.steps}, of {row.groups} games"
        yield "opponents", short_model(write_named(row.opponents))
        yield "baseline", write_named(row.baseline)
    else:
        yield "steps a round", f"{row.steps}, of {row.groups} groups of {row.samples}"
        yield "reward", write_reward(row.reward)
    yield "learning rate", f"{row.grpo.learning_rate:g}"
    yield "weights", row.weight_sharing


def _data(config: RunConfig, found: RoundFacts) -> Iterator[str]:
    if answering_role(config) == PLAYER:
        yield "Games that it played itself; no data from outside."
        yield ""
        return
    sources = ", ".join(f"`{short_model(source)}`" for source in config.questions.sources)
    yield f"Questions of {sources}; labels by `{short_model(write_named(config.labels.source))}`."
    row = found.labelling
    if row is None:
        yield "The round in which it was saved had labelled nothing yet."
    else:
        yield f"Of {row['written']} written in the last round {row['asked']} were asked, and {row['kept']} trained."
        yield f"Labels that equal the known answer: {shown(found.label_accuracy)} of the asked,"
        yield f"{shown(found.kept_label_accuracy)} of those that trained."
    yield "Questions of the exam's split are never asked."
    yield ""


def _exam(facts: RunFacts, found: RoundFacts, role: str, config: RunConfig) -> Iterator[str]:
    examined = answering_role(config)
    base = facts.of(0)
    if role in found.trained_since or (found.exam is None and found.turn_exam is None):
        yield "No exam was held of it."
        yield ""
        return
    if role != examined:
        yield f"Held of the {examined} it played with:"
        yield ""
    if found.exam is None:
        then = dict(exam_cells(base.turn_exam or {}))
        rows = [(name, then.get(name, UNKNOWN), value) for name, value in exam_cells(found.turn_exam or {})]
        yield from _table(("measure", "base", "this model"), [(short_model(name), *row) for name, *row in rows])
        return
    scores = found.exam
    yield f"{scores['questions']} held-out questions, {scores['samples']} samples each; 95 % intervals over questions."
    yield ""
    rows = []
    for name, shown_as in (("accuracy", "sampled accuracy"), ("greedy", "greedy accuracy")):
        if scores.get(name) is not None:
            rows.append((shown_as, shown((base.exam or {}).get(name)), shown(scores[name])))
    for name, kind in (("pass", "pass@"), ("majority", "majority@")):
        for k, value in scores.get(name, {}).items():
            rows.append((f"{kind}{k}", shown((base.exam or {}).get(name, {}).get(k)), shown(value)))
    yield from _table(("score", "base, % [95 %]", "this model, % [95 %]"), rows)


def _licence(model: str) -> str:
    if model in FREE_BASES:
        return "Apache-2.0, as selfplay-gym and the base model."
    return f"That of the base model, `{short_model(model)}`: look there before you share it."


def scored_rounds(facts: RunFacts) -> Iterator[tuple[int, str, str, str]]:
    """`SCORES` of each round that has any, oldest first; the base is round 0."""
    for number, found in sorted(facts.rounds.items()):
        if found.exam or found.labelling:
            kept = UNKNOWN if found.labelling is None else str(found.labelling["kept"])
            yield number, shown(found.exam and found.exam["accuracy"]), shown(found.label_accuracy), kept


def shown(estimate: Estimate | Mapping[str, float] | None) -> str:
    """A share in per cent with its interval; "–" where there is none."""
    if estimate is None:
        return UNKNOWN
    value = estimate.as_dict() if isinstance(estimate, Estimate) else estimate
    if math.isnan(value["value"]):
        return UNKNOWN
    return f"{100 * value['value']:.1f} [{100 * value['low']:.1f}, {100 * value['high']:.1f}]"


def short_model(name: str) -> str:
    """A model without the folders of this machine, and without secrets."""
    name = str(scrubbed_setting("model", name)).removeprefix(ELSEWHERE)
    return PurePath(name).name if PurePath(name).is_absolute() else name


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    return [*markdown_table(head, list(rows)), ""]
