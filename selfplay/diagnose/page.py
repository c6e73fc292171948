"""A diagnosis as tables for the terminal and as one HTML page with figures."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ..exams.robustness import robustness_rows
from ..pages.headline import Headline, difference, tone_of
from ..pages.html_page import Section, figures, page, paragraph
from ..pages.tables import finite, html_table
from ..pages.terminal_table import TerminalTable
from ..pages.wording import counted, in_per_cent, percent, points
from .consistency import Consistency
from .expert import expert_rows
from .figures import curve_figures, difficulty_figures, play_figures, round_figures
from .measure import Diagnosis
from .play import CrossPlay

if TYPE_CHECKING:
    from rich.console import RenderableType


MEANINGS = """Shares in per cent. Readable: the answer can be computed. Asked labels right: share of right labels
among readable questions; kept labels right: among those kept for training. Reward accuracy: share of the challenger's
reward earned with rightly labelled questions. Clusters, and those that hold no earlier round's question, by BLEU.
Rigour: share of written steps that hold; lucky: right answers with a step that does not. Methods: shapes of steps in
right answers, and the share no earlier round used."""


FROZEN = """The model the run started from answers questions of every round. Accuracy: share of right attempts at those
whose answer can be computed, the lower the harder; p̂: share behind its own vote. Per cent, 95 % intervals over
questions."""


PERTURBED = """Exam questions asked as they are and perturbed, so that the right answer is known. Accuracies in per cent
with 95 % intervals over questions; points lost, paired by question."""


EXPERT = """What people scored of worked attempts, completeness and soundness of the steps from 0 to 4, and the
automatic rigour of the same attempts where steps could be checked; means with 95 % intervals over attempts. Spearman's
ρ of soundness and rigour where at least eight attempts have both."""


def round_rows(diagnosis: Diagnosis) -> tuple[list[str], list[list[str]]]:
    """Header and cells, one row per round; shares in per cent."""
    header = ["round", "asked", "readable", "asked labels right", "kept labels right", "reward acc.", "solver acc."]
    header += [
        "clusters",
        "new",
        "self-BLEU",
        "topic bits",
        "rigour",
        "lucky",
        "methods",
        "new methods",
        "chars/correct",
    ]
    cells = []
    for r in diagnosis.rounds:
        d, why = r.diversity, r.reasoning
        shares = [r.readable_share, r.label_accuracy, r.kept_label_accuracy, r.reward_accuracy, r.solver_accuracy]
        cells.append(
            [
                str(r.round),
                str(r.asked),
                *map(in_per_cent, shares),
                *(str(d.clusters), str(d.new_clusters), f"{100 * d.self_bleu:.1f}", f"{d.topic_entropy:.2f}"),
                *(in_per_cent(why.rigour), in_per_cent(why.lucky), str(why.methods), in_per_cent(why.new_methods)),
                "–" if why.characters_per_correct is None else f"{why.characters_per_correct:.0f}",
            ]
        )
    return header, cells


def exam_rows(diagnosis: Diagnosis) -> tuple[list[str], list[list[str]]]:
    """Header and cells, one row per exam."""
    cells = []
    for e in diagnosis.exams:
        accuracy, greedy = e.exam.accuracy, e.exam.greedy_accuracy
        cells.append(
            [
                str(e.round),
                f"{100 * accuracy.value:.1f} [{100 * accuracy.low:.1f}, {100 * accuracy.high:.1f}]",
                "–" if greedy is None else f"{100 * greedy.value:.1f}",
                points(d := e.against_base),
                "–" if d is None else f"{d.p_value:.2g}",
                in_per_cent(e.forgotten_share),
            ]
        )
    return ["round", "sampled accuracy", "greedy", "against the base", "p", "forgotten"], cells


def difficulty_rows(diagnosis: Diagnosis) -> tuple[list[str], list[list[str]]]:
    """Header and cells of the questions' difficulty for the frozen base, one row per round."""
    cells = [
        [str(d.round), str(d.questions), percent(d.accuracy), percent(d.solve_rate), str(len(d.shares_right))]
        for d in diagnosis.difficulty
    ]
    return ["round", "asked", "accuracy", "p̂", "readable"], cells


def consistency_rows(consistency: Consistency) -> tuple[list[str], list[list[str]]]:
    """Header and cells of what a second head makes of the labels, one row per round and one for all."""
    rounds = consistency.as_dict()["rounds"].items()
    cells = [[name, str(part["labels"]), _share(part["auc"]), _share(part["solve_rate_auc"])] for name, part in rounds]
    return ["round", "labels", "AUC of consistency", "AUC of p̂"], cells


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def to_terminal(diagnosis: Diagnosis, play: CrossPlay | None = None, width: int = 200) -> RenderableType:
    """Tables and notes for `rich`; rounds stand side by side, for a terminal is narrower than their measures."""
    from rich.console import Group
    from rich.text import Text

    named = [("Rounds; shares in per cent", _turned(*round_rows(diagnosis))), ("Exam", exam_rows(diagnosis))]
    if diagnosis.robustness:
        named.append(("Robustness: exam questions perturbed, per cent", robustness_rows(diagnosis.robustness)))
    if diagnosis.expert:
        named.append(("Attempts scored by people, 0 to 4", _turned(*expert_rows(diagnosis.expert))))
    if diagnosis.difficulty:
        named.append(("Each round's questions for the frozen base, per cent", difficulty_rows(diagnosis)))
    if diagnosis.consistency is not None:
        named.append(("Are right labels scored above wrong ones?", consistency_rows(diagnosis.consistency)))
    if play is not None:
        named.append(("Cross-play: solver accuracy at the challenger's questions, per cent", play_rows(play)))
    parts: list[RenderableType] = [TerminalTable(title, *shown, width=width) for title, shown in named]
    parts += [Text(f"! {note}", style="yellow") for note in diagnosis.notes]
    return Group(*parts)


def _turned(header: list[str], cells: list[list[str]]) -> tuple[list[str], list[list[str]]]:
    """Rows as columns; the first column becomes the header."""
    first, *columns = zip(header, *cells, strict=True)
    return list(first), [list(column) for column in columns]


def play_rows(play: CrossPlay) -> tuple[list[str], list[list[str]]]:
    """The cross-play matrix as cells."""
    cells = [
        [name, *(in_per_cent(play.cell(name, other).solver_accuracy.value) for other in play.solvers)]
        for name in play.challengers
    ]
    return ["challenger \\ solver", *play.solvers], cells


def to_json(diagnosis: Diagnosis, play: CrossPlay | None = None) -> str:
    """Everything as JSON."""
    return json.dumps(finite({**diagnosis.as_dict(), "cross_play": play.as_dict() if play else None}), indent=1) + "\n"


def to_html(diagnosis: Diagnosis, play: CrossPlay | None = None) -> str:
    """The whole page as text."""
    sections = [*_of_rounds(diagnosis), *_of_exams(diagnosis)]
    if diagnosis.expert:
        table = html_table(*expert_rows(diagnosis.expert), label="Attempts scored by people")
        sections.append(Section("Scored by people", [table, paragraph(EXPERT)]))
    if diagnosis.curves:
        sections.append(Section("Training", [figures(curve_figures(diagnosis))]))
    if diagnosis.difficulty:
        table = html_table(*difficulty_rows(diagnosis), label="Difficulty for the frozen base, per round")
        parts = [table, paragraph(FROZEN), figures(difficulty_figures(diagnosis))]
        sections.append(Section("Difficulty for the frozen base", parts))
    if diagnosis.consistency is not None:
        doubted = [[d.text, str(d.round), d.label, f"{d.consistency:.2f}"] for d in diagnosis.consistency.doubted()]
        parts = [html_table(*consistency_rows(diagnosis.consistency), label="Consistency of the labels")]
        header = ["question", "round", "label", "consistency"]
        parts.append(paragraph("Least believed:"))
        parts.append(html_table(header, doubted, label="Labels believed least"))
        sections.append(Section("Logic consistency of the labels", parts))
    if play is not None:
        parts = [html_table(*play_rows(play), label="Solver accuracy in cross-play"), figures(play_figures(play))]
        sections.append(Section("Cross-play", parts))
    return page(f"Diagnosis of {diagnosis.run}", headline(diagnosis), sections, notes=diagnosis.notes)


def headline(diagnosis: Diagnosis) -> Headline:
    """How far the exam and the labels can be believed."""
    labels = _labels_said(diagnosis)
    if not diagnosis.exams:
        return Headline("open", labels or "There is nothing to diagnose yet.")
    last = diagnosis.exams[-1]
    scores = percent(last.exam.accuracy, interval=False)
    asked = counted(len(last.exam.keys), "held-out question")
    if last.against_base is None:
        return Headline("open", f"Only one exam was held: the solver answers {scores} % of {asked}. {labels}".strip())
    before = percent(diagnosis.exams[0].exam.accuracy, interval=False)
    tone = tone_of(last.against_base)
    moved = {"better": f"up from {before} %", "worse": f"down from {before} %"}.get(
        tone, f"before, it was {before} %, and the difference may be chance"
    )
    forgot = f"; it has forgotten {100 * last.forgotten_share:.1f} % of the questions" if last.forgotten_share else ""
    text = f"After {counted(last.round, 'round')} the solver answers {scores} % of {asked}, {moved}{forgot}. {labels}"
    return Headline(tone, text.strip(), f"Paired by question: {difference(last.against_base)}.")


def _labels_said(diagnosis: Diagnosis) -> str:
    if not diagnosis.rounds:
        return ""
    last = diagnosis.rounds[-1]
    if last.label_accuracy is None:
        return f"None of the labels of round {last.round} could be checked."
    kept = in_per_cent(last.kept_label_accuracy)
    among = "" if kept == "–" else f", and {kept} % of those kept for training"
    right = in_per_cent(last.label_accuracy)
    return f"Of the labels of round {last.round} that can be checked {right} % are right{among}."


def _of_rounds(diagnosis: Diagnosis) -> list[Section]:
    if not diagnosis.rounds:
        return []
    table = html_table(*_turned(*round_rows(diagnosis)), label="Measures of every round")
    return [Section("Rounds", [figures(round_figures(diagnosis)), table, paragraph(MEANINGS)])]


def _of_exams(diagnosis: Diagnosis) -> list[Section]:
    parts = [html_table(*exam_rows(diagnosis), label="The exam after every round")] if diagnosis.exams else []
    if diagnosis.contamination is not None:
        parts.append(paragraph(f"Contamination: {diagnosis.contamination}."))
    found = [Section("Exam", parts)] if parts else []
    if diagnosis.robustness:
        table = html_table(*robustness_rows(diagnosis.robustness), names=3, label="The exam perturbed")
        found.append(Section("Robustness", [table, paragraph(PERTURBED)]))
    return found
