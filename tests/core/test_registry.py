"""Names find what they name, and a wrong name or option says what would be right."""

import os
import subprocess
import sys

import pytest

import selfplay_gym
from selfplay_gym.core.errors import ConfigError, PluginError, UnknownNameError
from selfplay_gym.core.protocols import BaseVerifier
from selfplay_gym.core.records import Judgement, Verdict
from selfplay_gym.core.registries import ALL
from selfplay_gym.core.registry import Registry


class Lenient(BaseVerifier):
    def __init__(self, score: float = 1.0) -> None:
        self.score = score

    def judge(self, question, attempts):
        return Judgement.of([Verdict.correct(a, score=self.score) for a in attempts], label="x", label_source="test")


@pytest.fixture
def registry():
    return Registry("verifier", "selfplay_gym.no_such_group", selfplay_gym.core.protocols.Verifier)


def test_a_decorated_name_a_string_and_a_live_object_all_build(registry):
    registry.register("lenient")(Lenient)
    registry.register("by-string", f"{Lenient.__module__}:Lenient")
    live = Lenient()
    assert registry.make("lenient", score=0.5).score == 0.5
    assert registry.make({"name": "lenient", "score": 0.25}).score == 0.25
    assert registry.make(live) is live


def test_a_typo_is_answered_with_the_nearest_name_and_the_list(registry):
    registry.register("majority", Lenient)
    with pytest.raises(UnknownNameError, match=r"'majorty'. Did you mean 'majority'\? Known: majority"):
        registry.make("majorty")


def test_names_with_commas_are_told_apart():
    text = str(UnknownNameError("variant", "nope", ["untrained, equal compute", "bandit"]))
    assert text.endswith("Known: bandit, 'untrained, equal compute'.")


def test_a_wrong_option_names_those_it_takes(registry):
    registry.register("lenient", Lenient)
    with pytest.raises(ConfigError, match=r"scroe.*Options it takes: score"):
        registry.make("lenient", scroe=1)


def test_options_may_stand_behind_any_name(registry):
    registry.register("lenient", Lenient)
    registry.register("half(ish)", lambda score=0.5: Lenient(score))
    assert registry.make("lenient(score=0.5)").score == 0.5
    assert registry.make("lenient(0.25)").score == 0.25
    assert registry.make("half(ish)").score == 0.5
    assert registry.make("half(ish)(score=0.75)").score == 0.75
    assert registry.knows("lenient(score=0.5)")
    assert not registry.knows("strict(score=0.5)")


def test_an_object_that_is_ready_is_registered_as_it_is(registry):
    ready = Lenient()
    registry.register("ready", ready)
    assert registry.make("ready") is ready


def test_options_do_not_go_with_a_live_object(registry):
    with pytest.raises(ConfigError, match="live object"):
        registry.make(Lenient(), score=1)


def test_a_family_passes_on_what_follows_the_colon(registry):
    registry.register("score:", lambda text: Lenient(float(text)))
    assert registry.make("score:0.75").score == 0.75


def test_module_and_attribute_build_without_registration(registry):
    built = registry.make("selfplay_gym.verifiers.references.exact:ExactVerifier")
    assert type(built).__name__ == "ExactVerifier"
    for wrong in ("selfplay_gym.nowhere:Thing", "selfplay_gym.verifiers.references.exact:Nothing"):
        with pytest.raises(UnknownNameError):
            registry.make(wrong)


def test_what_is_built_must_satisfy_the_protocol(registry):
    registry.register("broken", lambda: object())
    with pytest.raises(PluginError, match="lacks: judge, judge_many"):
        registry.make("broken")


def test_one_name_cannot_be_taken_twice(registry):
    registry.register("lenient", Lenient)
    registry.register("lenient", Lenient)  # the same target again is no conflict
    with pytest.raises(ConfigError, match="already registered"):
        registry.register("lenient", lambda: Lenient())


@pytest.mark.parametrize(
    ("kind", "name"),
    [(kind, name) for kind, registry in ALL.items() for name in registry.names() if not name.endswith(":")],
)
def test_every_registered_name_leads_to_code_that_exists(kind, name):
    factory, _ = ALL[kind]._resolve(name)
    assert callable(factory)


def test_importing_the_package_pulls_in_no_heavy_library():
    program = (
        "import sys, selfplay_gym; "
        "print([m for m in ('torch', 'transformers', 'sympy', 'scipy', 'sacrebleu', 'pettingzoo') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_a_package_is_found_as_soon_as_it_is_installed(registry, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    os.utime(tmp_path, (1, 1))  # clocks of file systems are coarse
    assert not registry.knows("newcomer")
    info = tmp_path / "newcomer-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: newcomer\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{registry.group}]\nnewcomer = newcomer:Thing\n")
    assert registry.knows("newcomer")
    (tmp_path / "newcomer.py").write_text("class Thing:\n    kept = True\n")
    assert registry.factory("newcomer(option=1)").kept


@pytest.mark.parametrize("name", ["sympy(timeout_s=x)", "sympy(timeout_s=[1])", 'noisy(skill="much")'])
def test_an_option_of_the_wrong_type_is_a_setting_that_cannot_work(name):
    make = selfplay_gym.make_agent if name.startswith("noisy") else selfplay_gym.make_verifier
    with pytest.raises(ConfigError, match=r"(does not take the options|must be)"):
        make(name)


@pytest.mark.parametrize("name", [":", ":a", "..:a", "a b:c"])
def test_an_address_without_a_module_is_an_unknown_name(name):
    with pytest.raises(LookupError, match="module:attribute"):
        selfplay_gym.make_verifier(name)


def test_a_registered_name_that_leads_nowhere_says_where_to():
    ALL["verifiers"].register("lost", "nowhere_at_all:Lost")
    try:
        with pytest.raises(PluginError, match="'lost' stands for 'nowhere_at_all:Lost', which cannot be imported"):
            selfplay_gym.make_verifier("lost")
    finally:
        ALL["verifiers"].unregister("lost")


def test_an_address_takes_options_in_order_too():
    made = selfplay_gym.make_curriculum("selfplay_gym.curricula.fixed:FixedCurriculum(0.5)")
    assert (made.low, made.high) == (0.5, 0.5)


@pytest.mark.parametrize(
    "name", ["a(b", "a)", "(a)", "a b", "a=b", "a,b", "a*b", "", " a", "a\n", "a(b)(c)", "[a]", '"a"', 3]
)
def test_a_name_that_nobody_could_write_is_refused(registry, name):
    with pytest.raises(ConfigError, match="letters, digits"):
        registry.register(name, object)


def test_names_of_every_kind_that_there_are_could_be_registered(registry):
    for name in {name for known in ALL.values() for name in known.names()} | {"é-1.2_x/y:", "4p(1-p)"}:
        registry.register(name, Thing)


class Thing:
    pass
