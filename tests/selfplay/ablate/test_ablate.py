import functools
import io
import json
import math
import re
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

import selfplay_gym
from selfplay_gym.core.errors import ConfigError, RunError, UnknownNameError
from selfplay_gym.core.registries import make_agent
from selfplay_gym.selfplay.ablate import VARIANTS, ablate, summarise
from selfplay_gym.selfplay.ablate.by_length import ability_rows
from selfplay_gym.selfplay.ablate.page import headline, label_rows, plot, to_json, to_markdown
from selfplay_gym.selfplay.ablate.results import KeptLabels, VariantRun
from selfplay_gym.selfplay.ablate.rows import find_variant
from selfplay_gym.selfplay.commands.ablate import run_ablation
from selfplay_gym.selfplay.evaluation import held_out_questions, run_exam
from selfplay_gym.selfplay.run.stage import Interrupted
from selfplay_gym.selfplay.settings.config import RunConfig
from selfplay_gym.selfplay.settings.files import absolute_paths, to_toml
from selfplay_gym.selfplay.settings.presets import preset
from selfplay_gym.selfplay.settings.tree import flatten
from selfplay_gym.selfplay.storage.run_folder import RunFolder

exam_of = functools.lru_cache(lambda seed: held_out_questions("mixed", 120, seed))
EQUAL_COMPUTE = "untrained, equal compute"
LARGER_BATCHES = "update: grpo, half the steps, twice the groups"
OF_A_STEP = ("roles.solver.steps", "roles.solver.groups")
EXCEPT = {
    EQUAL_COMPUTE: {"roles.solver.steps"},
    LARGER_BATCHES: {*OF_A_STEP},
    "three times the questions": {"questions.count"},
    "four times the questions": {"questions.count"},
}
GAINS = {True: 0.15, False: 0.05}
"""By whether the challenger learns."""
EQUAL = ("rounds", "questions.count", "labels.attempts", "roles.solver.steps", "roles.solver.samples",
         "roles.solver.groups", "exam.questions")  # fmt: skip
"""What no variant changes, but for solver steps at equal compute, and steps against groups of the same product."""


class FakeTraining:
    """Writes what a run writes, with scripted solvers whose skill grows by a known gain."""

    def __init__(self, dies_after=10**9, counted=lambda config: 1000):
        self.calls, self.dies_after, self.counted = [], dies_after, counted

    def __call__(self, config, path, *, resume=False, console=None):
        self.calls.append((path.name, resume))
        folder = RunFolder.resume(path) if resume else RunFolder.create(path, to_toml(config), {})
        if len(self.calls) > self.dies_after:
            raise KeyboardInterrupt
        questions = exam_of(config.seed)
        gain = 0.0 if config.roles["solver"].reward == "random" else GAINS[config.roles["challenger"].learns]
        for round_, skill in enumerate((0.4, 0.4 + gain)):
            exam = run_exam(
                make_agent("noisy", accuracy=skill), questions, samples=4, seed=round_, verifier="exact", vote=None
            )
            folder.log("metrics", [{"round": round_, "exam": exam.as_dict()}])
        folder.log("metrics", [{"round": 1, "label_accuracy": 0.7, "kept_share": 0.5}])
        folder.log("metrics", [{"round": 1, "tokens_counted": self.counted(config) // 2} for _ in range(2)])
        folder.commit({"phase": "done"})
        return folder


NAMES = ["full", "untrained challenger", "reward random"]


def test_planted_gains_are_found_and_ranked(tmp_path):
    result = ablate(RunConfig(), tmp_path, variants=NAMES, seeds=3, train=FakeTraining())
    full, untrained, random = (result.result(name) for name in NAMES)
    assert full.gain.low <= 15 <= full.gain.high
    assert random.gain.low <= 0 <= random.gain.high
    assert untrained.against.low <= -10 <= untrained.against.high
    assert untrained.adjusted < 0.01
    assert full.against is None
    assert len(full.gains) == 3
    assert full.last_label_accuracy == pytest.approx(0.7)
    table = to_markdown(result)
    assert table.index("| full") < table.index("| untrained challenger") < table.index("| reward random")
    assert json.loads(to_json(result))["variants"][0]["name"] == "full"
    assert plot(result).startswith("<svg")


def test_gains_of_greedy_answers_stand_beside_those_of_samples(tmp_path):
    result = ablate(RunConfig(), tmp_path, variants=["full"], seeds=2, train=FakeTraining())
    assert result.result("full").greedy_gain is None  # scripted agents have no greedy mode

    def sharpened(run):
        """Better samples of the very same best answers."""
        greedy = [True, False] * (len(run.before.correct) // 2)
        before, after = (replace(exam, greedy=greedy) for exam in (run.before, run.after))
        return replace(run, before=before, after=after)

    runs = {"full": [sharpened(run) for run in result.result("full").runs]}
    again = summarise(runs, "tiny")
    assert again.result("full").greedy_gain.points == 0.0
    assert any("steadier sampling" in note for note in again.notes)
    assert not any("steadier sampling" in note for note in result.notes)


def test_variants_are_compared_on_the_seeds_they_share(tmp_path):
    result = ablate(RunConfig(), tmp_path, variants=NAMES, seeds=2, train=FakeTraining())
    runs = {one.name: one.runs for one in result.results}
    fewer = summarise({**runs, "reward random": runs["reward random"][:1]}, "tiny")
    assert fewer.result("reward random").against.items == 120
    assert fewer.result("untrained challenger").against.items == 240
    assert any("1 to 2 seeds" in note for note in fewer.notes)


def test_an_interrupted_ablation_resumes_and_repeats_nothing(tmp_path):
    dying = FakeTraining(dies_after=2)
    with pytest.raises(KeyboardInterrupt):
        ablate(RunConfig(), tmp_path, variants=NAMES, seeds=2, train=dying)
    again = FakeTraining()
    resumed = ablate(RunConfig(), tmp_path, variants=NAMES, seeds=2, train=again)
    assert len(again.calls) == 2 * 3 - 2
    assert again.calls[0] == ("reward-random-0", True)  # it had begun
    whole = ablate(RunConfig(), tmp_path / "whole", variants=NAMES, seeds=2, train=FakeTraining())
    assert to_markdown(resumed) == to_markdown(whole)
    third = FakeTraining()
    assert to_markdown(ablate(RunConfig(), tmp_path, variants=NAMES, seeds=2, train=third)) == to_markdown(whole)
    assert third.calls == []


def test_a_run_goes_on_where_its_settings_name_a_path_or_its_state_is_damaged(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    config = RunConfig().replace({"roles.*.model": "mine"})

    def real(config, path, *, resume=False, console=None):
        """Keeps the settings as a run does, and mends a state as a run does."""
        if resume:
            (path / "state.json").write_text(whole)
        return FakeTraining()(absolute_paths(config), path, resume=resume)

    ablate(config, tmp_path / "runs", variants=["full"], seeds=1, train=real)
    assert ablate(config, tmp_path / "runs", variants=["full"], seeds=1, train=None).result("full").runs  # it is over
    state = tmp_path / "runs" / "full-0" / "state.json"
    whole = state.read_text()
    state.write_text(whole[:40])
    assert ablate(config, tmp_path / "runs", variants=["full"], seeds=1, train=real).result("full").runs


def test_unequal_compute_is_named(tmp_path):
    cost = {True: 10_000_000, False: 9_400_000}
    training = FakeTraining(counted=lambda config: cost[config.roles["challenger"].learns])
    result = ablate(RunConfig(), tmp_path, variants=NAMES, seeds=2, train=training)
    assert [result.result(name).counted for name in NAMES] == [10_000_000, 9_400_000, 10_000_000]
    warnings = [note for note in result.notes if "equal compute" in note]
    assert len(warnings) == 1
    assert warnings[0].startswith("untrained challenger had 0.94 × the counted tokens of full")
    assert "| 9.40 |" in to_markdown(result)
    assert json.loads(to_json(result))["variants"][1]["counted_tokens"] == [9_400_000, 9_400_000]
    cost[False] = 9_600_000
    again = ablate(RunConfig(), tmp_path / "near", variants=NAMES, seeds=2, train=training)
    assert not any("equal compute" in note for note in again.notes)


def test_runs_that_did_not_count_are_compared_without_a_word_on_compute(tmp_path):
    result = ablate(RunConfig(), tmp_path, variants=NAMES, seeds=1, train=FakeTraining())
    old = {one.name: [replace(run, counted=None) for run in one.runs] for one in result.results}
    assert not any("compute" in note for note in summarise(old, "tiny").notes)
    assert "| – " in to_markdown(summarise(old, "tiny"))


def test_runs_with_other_settings_are_not_mixed_in(tmp_path):
    ablate(RunConfig(), tmp_path, variants=["full"], seeds=1, train=FakeTraining())
    with pytest.raises(RunError, match="other settings"):
        ablate(RunConfig(rounds=7), tmp_path, variants=["full"], seeds=1, train=FakeTraining())


def differing_paths(base, change):
    """The paths a change names, those it changes, and the settings before and after."""
    before = dict(flatten(base.as_dict()))
    changes = change(base) if callable(change) else change
    after = dict(flatten(base.replace(changes).as_dict()))
    asked = [re.compile(re.escape(path).replace(r"\*", r"\w+")) for path in changes]
    return asked, {path for path in {*before, *after} if before.get(path) != after.get(path)}, before, after


def test_every_variant_is_a_valid_change_of_exactly_what_it_says():
    for name, change in VARIANTS.items():
        effective = []
        for base in (RunConfig(), preset("tiny")):
            asked, differing, before, after = differing_paths(base, change)
            assert all(any(path.match(found) for path in asked) for found in differing), name
            effective.append(all(any(path.match(found) for found in differing) for path in asked))
            changed = {same for same in EQUAL if after[same] != before[same]}
            assert changed == EXCEPT.get(name, set())
            if name == LARGER_BATCHES:
                assert math.prod(after[same] for same in OF_A_STEP) == math.prod(before[same] for same in OF_A_STEP)
        assert any(effective), name


def test_variants_are_joined_and_the_later_one_sees_what_the_earlier_changed():
    base = preset("tiny")
    changes = find_variant("untrained challenger + labels: vote")(base)
    assert changes == {"roles.challenger.learns": False, "labels.source": "vote"}
    tens = base.replace({"labels.attempts": 10})
    joined = find_variant("no band filter + untrained, equal compute")(tens)
    assert joined["roles.solver.steps"] == VARIANTS[EQUAL_COMPUTE](tens)["roles.solver.steps"]
    assert joined["questions.keep_band"] == [0.0, 1.0]
    with pytest.raises(UnknownNameError, match="labels: votes"):
        find_variant("full + labels: votes")


def test_another_baseline_is_compared_with(tmp_path):
    result = ablate(
        RunConfig(), tmp_path, variants=NAMES, seeds=3, baseline="untrained challenger", train=FakeTraining()
    )
    assert result.result("untrained challenger").against is None
    assert result.result("full").against.low <= 10 <= result.result("full").against.high
    assert result.as_dict()["baseline"] == "untrained challenger"


def test_a_baseline_that_is_not_run_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"one of the variants that are run, .*'full'.* got 'ful'"):
        ablate(RunConfig(), tmp_path / "new", variants=["full"], seeds=1, baseline="ful", train=FakeTraining())
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("name", "preset_name", "reward"),
    [
        ("no repetition penalty", "frontier", "peak(peak=0.5, repetition=0)"),
        ("archive", "debug", 'r-zero(archive={"weight": 0.5, "from_round": 2})'),
        ("reward: novelty", "frontier", "peak(peak=0.5) + 0.5*novelty"),
        ("reward: topics", "debug", "r-zero - 0.5*topics"),
    ],
)
def test_rows_change_one_thing_of_whatever_reward_there_is(name, preset_name, reward):
    changed = preset(preset_name).replace(find_variant(name)(preset(preset_name)))
    assert changed.roles["challenger"].reward == reward


def test_a_reward_whose_name_ends_in_parentheses_gets_options():
    base = preset("tiny").replace({"roles.challenger.reward": "4p(1-p)"})
    assert find_variant("no repetition penalty")(base) == {"roles.challenger.reward": "4p(1-p)(repetition=0)"}


def test_rows_of_a_reward_that_is_a_sum():
    base = preset("tiny").replace({"roles.challenger.reward": ["uncertainty", "-0.5*topics"]})
    assert find_variant("reward: novelty")(base) == {
        "roles.challenger.reward": "uncertainty - 0.5*topics + 0.5*novelty"
    }
    with pytest.raises(ConfigError, match=r"is a sum, 'uncertainty - 0.5\*topics', which has no repetition"):
        find_variant("no repetition penalty")(base)


def test_updates_of_rows_are_those_of_the_settings():
    base = preset("frontier")
    assert base.replace(find_variant("update: rft")(base)).roles["solver"].update == base.roles["solver"].update
    small = base.replace({"roles.solver.steps": 2, "roles.solver.groups": 8})
    halved = find_variant("update: grpo, half the steps, twice the groups")(small)
    assert halved == {"roles.solver.update": "grpo", "roles.solver.steps": 1, "roles.solver.groups": 16}


def test_a_row_that_does_not_fit_is_left_out_unless_it_was_asked_for(tmp_path):
    said = []
    config = preset("smollm2").replace({"exam.questions": 4})
    names = {"full": {}, "KL to the round": VARIANTS["KL to the round"]}
    with pytest.raises(ConfigError, match=r"the variant 'KL to the round' does not fit these settings: .*kl_reference"):
        ablate(config, tmp_path, variants=["KL to the round"], seeds=1, train=FakeTraining())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("selfplay_gym.selfplay.ablate.variants.VARIANTS", names)
        result = ablate(
            config, tmp_path, seeds=1, train=FakeTraining(), left_out=lambda name, why: said.append((name, why))
        )
    assert [one.name for one in result.results] == ["full"]
    assert [name for name, why in said if "kl_reference" in why] == ["KL to the round"]


def test_a_seed_among_the_settings_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="say how many with --seeds, and leave out seed=7"):
        run_ablation("debug", settings=["seed=7"], folder=tmp_path / "new", train=FakeTraining())
    assert not (tmp_path / "new").exists()


def test_kept_labels_stand_by_round(tmp_path):
    result = ablate(RunConfig(), tmp_path, variants=["full"], seeds=2, train=FakeTraining())
    assert result.result("full").least_kept_right is None
    found = [[KeptLabels(10, 4, 1.0), KeptLabels(10, 6, 0.5)], [KeptLabels(10, 2, 0.75), KeptLabels(9, 8, None)]]
    runs = [replace(run, labels=own) for run, own in zip(result.result("full").runs, found, strict=True)]
    again = summarise({"full": runs}, "tiny")
    assert again.result("full").kept_per_round == [3.0, 7.0]
    header, cells = label_rows(again)
    at = header.index("kept in first, middle, last round (mean of seeds)")
    assert next(row for row in cells if row[0] == "full")[at] == "3 7"
    for page in ("ablation-tiny", "ablation-tiny-12", "ablation-method", "feedback-tiny"):
        text = (Path(selfplay_gym.__file__).parent / "docs" / f"{page}.md").read_text(encoding="utf-8")
        assert "| " + " | ".join(header) + " |" in text
    assert again.result("full").least_kept_right == 0.5
    assert "| 3 7 | 50 % |" in to_markdown(again)
    assert json.loads(to_json(again))["variants"][0]["labels"][0][1] == {"asked": 10, "kept": 6, "right": 0.5}


def test_an_exam_with_lengths_gets_a_table_by_length():
    questions = held_out_questions("chains", 32, 0)
    exams = [
        run_exam(make_agent("noisy", accuracy=skill), questions, samples=4, seed=0, verifier="exact")
        for skill in (0.0, 1.0)
    ]
    before, after = (replace(exam, greedy=[right > 0 for right in exam.correct]) for exam in exams)
    run = VariantRun("full", 0, before, after, [1.0], many_before=before, many_after=after)
    tables = to_markdown(summarise({"full": [run]}, "frontier")).split("\n\n")[4:]
    header, cells = ability_rows(summarise({"full": [run]}, "frontier"))
    assert header == ["variant", "greedy at 1–16 operations", "pass@4 there", "greedy at 1–4"]
    assert [cell.split()[0] for cell in cells[0]] == ["full", "+100.0", "+100.0", "+100.0"]
    assert ability_rows(summarise({"full": [replace(run, before=after)]}, "frontier"))[1] == []
    assert [table.split(", %")[0] for table in tables] == ["| greedy", "| sampled", "| majority of 4", "| pass@4"]
    for table in tables:
        head, _, base, full = table.strip().splitlines()
        assert head.count("|") == base.count("|") == 18
        assert base == f"| base {'| 0 ' * 16}|"
        assert full == f"| full {'| 100 ' * 16}|"


def test_equal_compute_turns_the_challengers_share_into_solver_steps():
    sizes = {"roles.challenger.steps": 5, "roles.challenger.groups": 16, "roles.solver.groups": 32}
    base = RunConfig().replace({**sizes, "roles.solver.steps": 10})
    changes = VARIANTS[EQUAL_COMPUTE](base)
    assert changes == {"roles.challenger.learns": False, "roles.solver.steps": 19}
    idle = base.replace({"roles.challenger.steps": 0})
    assert VARIANTS[EQUAL_COMPUTE](idle)["roles.solver.steps"] == 10
    longer = base.replace({"labels.attempts": 30})  # the challenger's reward takes attempts too
    assert VARIANTS[EQUAL_COMPUTE](longer)["roles.solver.steps"] > 19


def test_the_command_prints_and_writes(tmp_path):
    screen = io.StringIO()
    out = tmp_path / "docs" / "ablation.md"
    run_ablation(
        "debug",
        seeds=1,
        variants=NAMES,
        folder=tmp_path / "runs",
        out=out,
        console=Console(file=screen, width=120),
        train=FakeTraining(),
    )
    assert "untrained challenger" in out.read_text()
    assert out.with_suffix(".svg").read_text().startswith("<svg")
    assert json.loads(out.with_suffix(".json").read_text())["preset"] == "debug"
    assert "p (Holm)" in screen.getvalue()
    assert "of 2 other variants" in out.with_suffix(".html").read_text()


def test_names_and_seeds_are_checked(tmp_path):
    with pytest.raises(UnknownNameError, match="full"):
        ablate(RunConfig(), tmp_path, variants=["fall"], train=FakeTraining())
    with pytest.raises(ConfigError, match="seed"):
        ablate(RunConfig(), tmp_path, seeds=0, train=FakeTraining())
    with pytest.raises(ConfigError, match="the variant 'mine' does not fit these settings: unknown setting 'bandd'"):
        ablate(RunConfig(), tmp_path, variants={"mine": {"bandd": 1}}, train=FakeTraining())


def test_a_run_that_is_stopped_ends_the_command_with_one_line(tmp_path):
    def stopped(config, path, *, resume=False, console=None):
        raise Interrupted.by(KeyboardInterrupt(), 143)

    screen = io.StringIO()
    with pytest.raises(SystemExit) as end:
        run_ablation("debug", seeds=1, variants=NAMES, folder=tmp_path, console=Console(file=screen), train=stopped)
    assert end.value.code == 143
    assert "The same command goes on." in screen.getvalue()


def test_what_is_new_is_told_from_what_was_forgotten():
    questions = held_out_questions("chains", 96, 0)
    exam = run_exam(make_agent("noisy", accuracy=1.0), questions, samples=1, seed=0, verifier="exact")
    lengths = [int(length) for length, _ in exam.by_question("length")]
    before = replace(exam, greedy=[length <= 9 for length in lengths])
    after = replace(exam, greedy=[1 < length <= 12 for length in lengths])
    found = summarise({"full": [VariantRun("full", 0, before, after, [1.0])]}, "frontier")
    header, cells = ability_rows(found)
    assert header[1:] == ["greedy at 10–16 operations", "pass@k there", "greedy at 1–4"]
    assert cells[0][1].startswith(f"+{100 * 3 / 7:.1f} [")
    assert cells[0][2] == "–"
    assert cells[0][3].startswith("-25.0 [")


def test_no_variant_is_named_the_best_where_several_are():
    questions = held_out_questions("chains", 48, 0)
    weak, strong = (
        run_exam(make_agent("noisy", accuracy=skill), questions, samples=1, seed=0, verifier="exact")
        for skill in (0.2, 0.9)
    )
    none, much = (VariantRun("", 0, weak, after, [1.0]) for after in (weak, strong))

    def said(**runs):
        return headline(
            summarise({name: [replace(run, variant=name)] for name, run in runs.items()}, "frontier")
        ).detail

    assert "Largest gain" not in said(full=none, other=none)
    assert "Largest gain" not in said(full=much, other=much, third=none)
    assert said(full=none, other=much).startswith("Largest gain: other, +")
    assert all(
        text.endswith("95 % intervals are over questions.")
        for text in (said(full=none, other=none), said(full=none, other=much))
    )
