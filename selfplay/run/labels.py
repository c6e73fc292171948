"""Where labels come from, how often they are wrong, and what holds attempts against them in training.

vote      the majority of the solver's own attempts: no computed answer reaches training
validated a vote that a validator confirms, see `validator.beliefs`
checked   the same, where whoever is asked another way comes to the same (`verifiers.ensembles.checked`)
decomposed  what two cuts of a question into parts come to alike; a checked vote for questions without parts
          (`verifiers.ensembles.decomposed`)
coalition what several models agree on, each with its voice or weighted by its measured reliability
          (`verifiers.ensembles.coalition`)
computed  a verifier that holds attempts against the answer that the domain knows: "sympy" as mathematics, "oracle"
          to the letter, "executor" by running programs, or any registered verifier
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ...core.coalitions.members import SOLVER as ATTEMPTS
from ...core.coalitions.members import member_names, written_name
from ...core.errors import ConfigError, UnknownNameError
from ...core.options import parse_named
from ...core.protocols import Agent, BaseVerifier, Domain, Verifier
from ...core.records import Judgement, Outcome, Question
from ...core.registries import domains, make_agent, make_verifier, verifiers
from ...envs.game.domains import find_domain, known_domains
from ...envs.rewards import in_interval
from ...envs.rewards.terms.panel import Panel
from ...verifiers.ensembles.coalition import CoalitionVerifier
from ...verifiers.ensembles.margin import leads
from ..bench.resolve_agent import resolve_agent
from ..roles.answer_rewards import SAMPLED
from ..roles.asked_again import BASE, AskedAgain, AskedMember
from ..settings.parts import QuestionsConfig
from .questions.references import ByDomain, in_parts
from .validator.beliefs import validated_labels

if TYPE_CHECKING:
    from .run import SelfPlay

VOTE, CHECKED, VALIDATED, DECOMPOSED, COALITION = "vote", "checked", "validated", "decomposed", "coalition"
CONFIRMED = (CHECKED, DECOMPOSED)
"""Sources that ask an agent again, and label programs by what runs them."""


class KnownReference(BaseVerifier):
    """Judges against the answer that the domain knows, whatever reference a question's author claims.

    Args:
        verifier: holds attempts against it.
        domain: knows it, or says `None`.
    """

    def __init__(self, verifier: Verifier, domain: Domain) -> None:
        self.verifier, self.domain = verifier, domain

    def judge(self, question: Question, attempts: Sequence[str]) -> Judgement:
        return self.judge_many([question], [attempts])[0]

    def judge_many(self, questions: Sequence[Question], groups: Sequence[Sequence[str]]) -> list[Judgement]:
        known = [replace(question, reference=self.domain.known_answer(question)) for question in questions]
        return self.verifier.judge_many(known, groups)


def make_labeller(domain: Domain, source: str | Mapping[str, Any] | Verifier) -> Verifier:
    """The verifier that labels questions.

    Args:
        source: a label source of the domain, any registered verifier with or without options, or a live one.

    Raises:
        UnknownNameError: neither the domain nor anybody else has such a source.
    """
    name, options = _name_and_options(source)
    if name in CONFIRMED:
        return make_verifier(name, **{"vote": domain.labels[CHECKED], "domain": domain, **options})
    if name == VALIDATED:
        return validated_labels(domain, options)
    if name == COALITION:
        return make_verifier(name, **{"domain": domain, **options})
    if name in domain.labels:
        verifier = make_verifier(domain.labels[name], **options)
        return verifier if name == VOTE or not domain.recomputes else KnownReference(verifier, domain)
    if name and ":" not in name and not verifiers.knows(name):
        known = dict.fromkeys([*domain.labels, *verifiers.names()])
        remedy = "A name registered in a script is known only there; elsewhere, write module:attribute."
        raise UnknownNameError(f"label source of {domain.name}", name, known, remedy)
    return KnownReference(make_verifier(source), domain)


OF_RUN: Mapping[str, str] = {
    "band": "questions.keep_band",
    "margin": "questions.margin",
    "template": "template",
    "seed": "seed",
    "domain": "env",
}
"""Options of verifiers that a run gives them, and its settings behind them."""


def refuse_given(name: str, options: Mapping[str, Any], of_run: Iterable[str]) -> None:
    """Refuse options of a label source that are the run's.

    Raises:
        ConfigError: names the first one, and what to set instead.
    """
    for option in of_run:
        if option in options:
            instead = OF_RUN.get(option)
            remedy = f"set {instead}" if instead else "say 'ask=solver' or 'ask=base'"
            raise ConfigError(
                f"labels.source={name!r} has its {option!r} from the run: {remedy} instead, and leave it out"
            )


def labeller_of(run: SelfPlay) -> Verifier:
    """The verifier that labels a run's questions; one that confirms votes asks the run's own roles.

    Options of "checked" and "decomposed" are those of the verifier, and `ask`: "solver", or "base", the model it
    started from. Those of "coalition" are those of the verifier; a member may be "base", too. Those of "validated" are
    in `validator.beliefs`.

    Raises:
        ConfigError: no such source, or an option that it does not have.
    """
    config = run.config
    name, options = _name_and_options(config.labels.source)
    if name == VALIDATED:
        refuse_given(name, options, ["band"])
        return validated_labels(run.domain, options, run)
    if name == COALITION:
        members = options.pop("members", ())
        asked = {"template": config.template, "seed": config.seed, "members": _members(run, members), **options}
        return make_labeller(run.domain, {"name": name, **asked})
    if name not in CONFIRMED:
        return run.by_workers(make_labeller(run.domain, config.labels.source))
    questions = config.questions
    refuse_given(name, options, ("agent", *OF_RUN))
    given = {"band": questions.keep_band, "margin": questions.margin, "template": config.template, "seed": config.seed}
    again = AskedAgain(run, options.pop("ask", "solver"))
    return make_labeller(run.domain, {"name": name, "agent": again, **given, **options})


def _members(run: SelfPlay, members: Any) -> list[str | Agent]:
    """The members of a coalition, as a run asks them."""
    found: list[str | Agent] = []
    for name, member in zip(member_names(members), members, strict=True):
        if written_name(member) == ATTEMPTS:
            found.append(ATTEMPTS)
        elif written_name(member) == BASE:
            found.append(AskedAgain(run, BASE))
        else:
            agent = resolve_agent(member) if isinstance(member, str) else make_agent(member)
            found.append(AskedMember(run, agent, name))
    return found


def check_panel(run: SelfPlay) -> None:
    """Refuse the reward `panel` where there is no panel that a question could split.

    Raises:
        ConfigError: says so, with the remedy.
    """
    reward, judge = run.game.reward, run.game.verifier
    rules = [reward, *(part.rule for part in getattr(reward, "parts", ()))]
    several = isinstance(judge, CoalitionVerifier) and len(judge.names) > 1
    if any(isinstance(rule, Panel) for rule in rules) and not several:
        raise ConfigError(
            "the reward panel needs labels of at least two members, got "
            f"labels.source={run.config.labels.source!r}: set labels.source=coalition(members=[solver, …])"
        )


def trains(judgement: Judgement, questions: QuestionsConfig) -> bool:
    """Whether a labelled question is kept for training: valid, in the band, and with the margin that is asked for."""
    low, high = questions.keep_band
    inside = in_interval(judgement.correct_count, len(judgement.verdicts), low, high)
    return judgement.valid and inside and leads(judgement, questions.margin)


def refuted(check: Mapping[str, Any] | None) -> bool:
    """Whether a label was asked about again and not confirmed: nobody solved the question, as far as is known.

    Args:
        check: as a judgement's evidence or a row of the labels has it.
    """
    return check is not None and check.get("agrees") is False


def _name_and_options(what: str | Mapping[str, Any] | Verifier) -> tuple[str, dict[str, Any]]:
    """A plug-in's name and options in either form; "" for a live object."""
    if isinstance(what, Mapping):
        return str(what["name"]), {key: value for key, value in what.items() if key != "name"}
    if not isinstance(what, str):
        return "", {}
    named = parse_named(what)
    return (what, {}) if what in verifiers.names() else (named.name, named.options)


def label_verifier(
    domain: Domain,
    reward: str | Mapping[str, Any] | Verifier,
    source: str | Mapping[str, Any] | Verifier,
    done_by: Callable[[Verifier], Verifier] = lambda verifier: verifier,
) -> Callable[[int], Verifier]:
    """What holds the solver's attempts against labels in training, made from a seed.

    Args:
        reward: "label"; a control; or any verifier, which then sees the label as reference.
        source: where the labels came from: those of the domain's own grader are graded by it.
        done_by: gives the work of a verifier that draws no random numbers to others.

    Raises:
        ConfigError: no such verifier.
    """
    name, options = _name_and_options(reward)
    if name == "random" and not options:
        return lambda seed: make_verifier("random", seed=seed)
    if name not in ("", "label") and ":" not in name and not verifiers.knows(name):
        raise UnknownNameError("reward", name, ["label", *SAMPLED, *verifiers.names()])
    if name == "label":
        labelled_by = _name_and_options(source)[0]
        graded = domain.labels.get(CHECKED if labelled_by in CONFIRMED else labelled_by) == domain.grader
        labels = done_by(ByDomain(domain.name, make_verifier(domain.grader if graded else domain.matcher)))
        return lambda seed: labels
    verifier = done_by(make_verifier(reward))
    return lambda seed: verifier


def labels_right(questions: Sequence[Question], labels: Sequence[str | None]) -> list[bool | None]:
    """Whether each label equals the known answer, by the matcher of its domain; `None` where none is known.

    Only measures: nothing it returns reaches training.
    """
    right: list[bool | None] = [None] * len(questions)
    known = {i: truth for i, truth in enumerate(known_answers(questions)) if truth is not None}
    asked = [replace(questions[i], reference=truth) for i, truth in known.items()]
    judged = in_parts(asked, [[f"\\boxed{{{labels[i]}}}"] for i in known], _matcher_of, make_verifier)
    for i, judgement in zip(known, judged, strict=True):
        right[i] = labels[i] is not None and judgement.verdicts[0].outcome is Outcome.CORRECT
    return right


def _matcher_of(question: Question) -> str:
    """Name of the verifier that compares the answers to a question: the matcher of its domain."""
    return find_domain(question.domain).matcher if domains.knows(question.domain) else "sympy"


def known_answers(questions: Sequence[Question]) -> list[str | None]:
    """What the domain of each question knows; `None` where nobody knows, or only the challenger claims."""
    known = known_domains(questions)
    return [known[q.domain].known_answer(q) if q.domain in known else _given(q) for q in questions]


def _given(question: Question) -> str | None:
    return None if question.author == "challenger" else question.reference
