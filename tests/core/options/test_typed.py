"""Options are held against the types of constructors, before a constructor compares them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

import numpy as np
import pytest

from selfplay_gym.core import registries
from selfplay_gym.core.errors import ConfigError, UnknownNameError
from selfplay_gym.core.options.typed import FROM_RUN, check_options, fits, hints_of
from selfplay_gym.core.protocols import Agent, Verifier
from selfplay_gym.core.registry import Registry
from selfplay_gym.selfplay.run.schedule.endings import endings

if TYPE_CHECKING:
    from decimal import Decimal

WRONG = {
    float: ["x", "nan", True, None, [1.0], {"a": 1}, 10**400, -(10**400)],
    int: ["1", 1.5, 1.0, True, None, [1], {}],
    bool: [1, 0.0, "true", None, []],
    str: [1, 2.5, False, None, ["a"], {"a": "b"}],
    float | None: ["x", True, [None]],
    Sequence[str]: [3, {"units": 1}, [3], ["a", None], True, None],
    tuple[float, float]: [[1], [1, 2, 3], ["a", "b"], [True, False], 0],
    str | Sequence[str]: [3, [1], {"a": "b"}, False],
    Mapping[str, float]: [[1], "a", {"a": "b"}, {"a": True}, {3: 1}],
    Literal["a", 1]: ["b", 2, True, None, []],
    str | Path | None: [3, 1.5, [1], {}, True],
    str | Mapping[str, Any] | Agent: [3, [1], True, None],
    Callable[[str], str] | None: [3, [1], {"a": 1}],
}
RIGHT = {
    float: [0, 1, -2.5, 10**300, np.float32(1), np.int64(2), Fraction(1, 2)],
    int: [0, -(10**400), np.int32(3)],
    bool: [True, False],
    str: ["", "nan"],
    float | None: [1, None],
    Sequence[str]: [[], ["a"], ("a", "b")],
    tuple[float, float]: [[0, 1], (0.5, 1)],
    Mapping[str, float]: [{}, {"a": 1}],
    Literal["a", 1]: ["a", 1],
    str | Path | None: ["a", Path("a"), None],
    str | Mapping[str, Any] | Agent: ["oracle", {"name": "oracle"}, registries.make_agent("oracle")],
    Callable[[str], str] | None: [str.upper, None],
    Any: [3, None],
    np.ndarray: [[1, 2]],
    "no such type": [3],
    Sequence[float]: [np.array([1.0])],
}


@pytest.mark.parametrize(("hint", "value"), [(hint, value) for hint in WRONG for value in WRONG[hint]])
def test_a_value_of_another_type_is_no_fit(hint: Any, value: Any) -> None:
    assert not fits(value, hint)


@pytest.mark.parametrize(("hint", "value"), [(hint, value) for hint in RIGHT for value in RIGHT[hint]])
def test_a_value_of_the_type_fits_and_what_cannot_be_known_is_let_pass(hint: Any, value: Any) -> None:
    assert fits(value, hint)


class Base:
    def __init__(
        self, rate: float = 0.5, *members: str, unknown: Decimal | None = None, free=None, **others: int
    ) -> None:  # type: ignore[no-untyped-def]
        self.given = rate, members, unknown, free, others


class Derived(Base):
    """Its constructor is written elsewhere."""


@dataclass
class Data:
    rate: float = 0.5


class Named(NamedTuple):
    rate: float = 0.5


class Unhashable:
    __hash__ = None  # type: ignore[assignment]

    def __call__(self, rate: float = 0.5) -> object:
        return rate


FACTORIES: list[Any] = [Base, Derived, Data, Named, partial(Base, free=1), Unhashable()]


@pytest.mark.parametrize("factory", FACTORIES)
def test_any_kind_of_factory_is_looked_at(factory: Any) -> None:
    makers: Registry[Any] = Registry("maker", "selfplay_gym.nothing", object)
    makers.register("made", factory)
    assert makers.make("made(rate=1)") is not None
    with pytest.raises(ConfigError, match=r"^made: rate must be a number, got \[1\]$"):
        makers.make("made(rate=[1])")


def test_what_stands_for_many_is_checked_one_by_one_and_what_is_unknown_is_let_pass() -> None:
    makers: Registry[Any] = Registry("maker", "selfplay_gym.nothing", object)
    makers.register("made", Base)
    assert makers.make('made(1, a, b, c=3, unknown="x", free=[1])').given == (1, ("a", "b"), "x", [1], {"c": 3})
    for wrong in ("made(1, a, 3)", "made(c=true)"):
        with pytest.raises(ConfigError, match="must be"):
            makers.make(wrong)


def test_what_the_run_gives_is_no_option_of_users() -> None:
    def factory(most: int = 3, earlier: Annotated[Sequence[str], FROM_RUN] = ()) -> object:
        return most, earlier

    makers: Registry[Any] = Registry("maker", "selfplay_gym.nothing", object)
    makers.register("made", factory)
    assert makers.make("made(3)", earlier=["a"]) == (3, ["a"])
    for given in ('made(earlier=["a"])', 'made(3, ["a"])', {"name": "made", "earlier": ["a"]}):
        with pytest.raises(ConfigError, match="made: earlier is given by the run"):
            makers.make(given)
    with pytest.raises(ConfigError, match=r"Options it takes: most\."):
        makers.make("made(nope=1)")
    with pytest.raises(ConfigError, match="made: earlier must be a list of texts"):
        makers.make("made", earlier=3)


def test_an_unknown_word_is_answered_with_the_nearest_one() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'lenient'"):
        registries.make_verifier("sympy(extract=leneint)")


@pytest.mark.parametrize(
    ("kind", "given", "message"),
    [
        ("curricula", "fixed(level=true)", "fixed: level must be a number or none, got true"),
        ("curricula", "band(window=true)", "band: window must be a whole number, got true"),
        ("curricula", "linear(step=2.5)", "linear: step must be a whole number, got 2.5"),
        ("curricula", 'sfl(kinds={"units":1})', 'sfl: kinds must be a list of texts, got {"units": 1}'),
        ("curricula", "bandit(kinds=[3])", "bandit: kinds must be a list of texts, got [3]"),
        ("conditions", "level(curriculum=3)", "level: curriculum must be true or false, got 3"),
        ("conditions", "unsolved(longest=1.5)", "unsolved: longest must be a whole number, got 1.5"),
        ("stages", "warm_up(steps=true)", "warm_up: steps must be a whole number, got true"),
        ("stages", "adapt(families=[a, b], held_out=[])", "adapt: held_out must be text, got []"),
        ("sources", "open(data=3)", "open: data must be text or a list of texts, got 3"),
        ("policies", "rules(file=3)", "rules: file must be text or a Path or none, got 3"),
        ("rewards", "novelty(earlier=3)", "novelty: earlier is given by the run, it is no option; leave it out"),
        ("rewards", "topics(earlier=[1])", "topics: earlier is given by the run, it is no option; leave it out"),
        ("rewards", "methods(earlier={})", "methods: earlier is given by the run, it is no option; leave it out"),
    ],
)
def test_a_plug_in_names_the_option_the_type_and_the_value(kind: str, given: str, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        registries.ALL[kind].make(given)
    assert str(error.value) == message


OURS = [
    (kind, name)
    for kind, registry in {**registries.ALL, "endings": endings}.items()
    for name, target in registry.targets().items()
    if kind != "samplers" and "selfplay_gym" in str(getattr(target, "__module__", target))
]


@pytest.mark.parametrize(("kind", "name"), OURS)
def test_the_types_of_our_own_options_are_all_known(kind: str, name: str) -> None:
    registry: Registry[Any] = {**registries.ALL, "endings": endings}[kind]
    factory = registry.factory(f"{name}x" if name.endswith(":") else name)
    parameters = inspect.signature(factory).parameters
    assert set(parameters) == set(hints_of(factory))


@pytest.mark.parametrize(("kind", "name"), OURS)
def test_no_numeric_option_of_ours_meets_a_text_by_comparing_it(kind: str, name: str) -> None:
    factory = {**registries.ALL, "endings": endings}[kind].factory(f"{name}x" if name.endswith(":") else name)
    signature = inspect.signature(factory)
    for option, hint in hints_of(factory).items():
        if hint in (int, float, bool):
            given = signature.bind_partial(**{option: "nan"})
            with pytest.raises(ConfigError, match=rf"^{option}: {option} must be .*, got \"nan\"$"):
                check_options(option, factory, given)


def test_a_live_verifier_is_let_pass() -> None:
    assert fits(registries.make_verifier("sympy"), str | Mapping[str, Any] | Verifier)


def test_a_number_of_more_digits_than_python_writes_is_refused_by_its_length() -> None:
    with pytest.raises(ConfigError, match="fixed: level must be a number or none, got a number of about 5000 digits"):
        registries.make_curriculum({"name": "fixed", "level": 10**5000})
