"""Compute is counted in tokens, the same for equal settings, and may bound a round."""

from types import SimpleNamespace

import pytest

from selfplay_gym.agents.inference.token_count import TokenCount
from selfplay_gym.core.errors import ConfigError, RunError
from selfplay_gym.selfplay.run.compute import Compute
from selfplay_gym.selfplay.run.train import train
from selfplay_gym.selfplay.settings.config import RunConfig
from selfplay_gym.selfplay.settings.presets import preset
from selfplay_gym.selfplay.storage.run_folder import LOGS, RunFolder


def table(**counts):
    return {name: SimpleNamespace(agent=SimpleNamespace(counted=count)) for name, count in counts.items()}


def stage_rows(folder, phase):
    return [row for row in folder.rows("metrics") if row["phase"] == phase and "tokens_counted" in row]


def steps(folder, role):
    return [(row["round"], row["step"]) for row in folder.rows("metrics") if row.get("role") == role]


def test_what_was_sampled_counts_once_and_what_was_trained_on_three_times_more():
    compute = Compute(0, {})
    roles = table(solver=TokenCount(read=50, sampled=10, trained=4), challenger=TokenCount(sampled=1))
    compute.collect(roles)
    assert compute.counted == 10 + 3 * 4 + 1
    compute.collect(roles)  # nothing is counted twice
    assert compute.counted == 23
    row = compute.end_stage()
    assert {name: row[f"tokens_{name}"] for name in ("read", "sampled", "trained", "examined", "counted")} == {
        "read": 50,
        "sampled": 11,
        "trained": 4,
        "examined": 0,
        "counted": 23,
    }
    assert row["by_role"]["challenger"] == {"read": 0, "sampled": 1, "trained": 0, "examined": 0, "counted": 1}
    assert compute.end_stage() == {}
    assert compute.counted == 23  # the round goes on
    compute.begin_round()
    assert compute.counted == 0


def test_exams_are_told_apart_and_do_not_count():
    compute, count = Compute(0, {}), TokenCount(sampled=1)
    roles = table(solver=count)
    with compute.examining(roles):  # what was there before is no exam
        count.sampled += 10
        with compute.examining(roles):
            count.sampled += 100
        count.sampled += 1000
    count.sampled += 2
    compute.collect(roles)
    row = compute.end_stage()
    assert (row["tokens_sampled"], row["tokens_examined"], row["tokens_counted"]) == (3, 1110, 3)


def test_what_is_done_again_counts_once_a_round_and_over_a_resume():
    compute, count = Compute(0, {}), TokenCount(sampled=1)
    roles = table(solver=count)
    for tokens in (10, 100):
        with compute.counting_once(roles, "votes"):
            count.sampled += tokens
    with compute.counting_once(roles, "other votes"):
        count.sampled += 1000
    compute.collect(roles)
    assert compute.counted == 1011
    compute.end_stage()
    again = Compute(0, compute.state_dict())
    with again.counting_once(roles, "votes"):
        count.sampled += 10
    again.collect(roles)
    assert again.counted == 1011
    again.begin_round()
    with again.counting_once(roles, "votes"):
        count.sampled += 10
    again.collect(roles)
    assert again.counted == 10


def test_a_count_goes_on_from_its_state_and_refuses_another():
    compute = Compute(100, {})
    compute.collect(table(solver=TokenCount(sampled=60)))
    compute.end_stage()
    compute.collect(table(solver=TokenCount(sampled=39)))
    again = Compute(100, compute.state_dict())
    assert (again.counted, again.is_spent, again.state_dict()) == (99, False, compute.state_dict())
    again.collect(table(solver=TokenCount(sampled=1)))
    assert again.is_spent
    assert not Compute(0, again.state_dict()).is_spent
    for state in ({"before": "x"}, {"stage": {"solver": 3}}, {"after": 1}):
        with pytest.raises(RunError, match=r"compute in state\.json"):
            Compute(0, state)


def test_an_agent_that_does_not_count_adds_nothing():
    compute = Compute(0, {})
    compute.collect({"solver": SimpleNamespace(agent=object())})
    assert compute.end_stage() == {}


@pytest.fixture(scope="module")
def real(untrained_model, tmp_path_factory):
    """A short run with a model that knows nothing; validations inside the solver's training."""
    changes = {
        "rounds": 1,
        "roles.*": {"model": str(untrained_model), "max_new_tokens": 6},
        "questions": {"count": 8, "keep_band": [0.0, 1.0], "sources": {"procedural": 1.0}},
        "labels.attempts": 2,
        "exam": {"questions": 4, "samples": 2},
        "guard": {"questions": 4, "every": 1},
        "roles.solver.reward": "random",
    }
    return train(preset("debug").replace(changes), tmp_path_factory.mktemp("real") / "run")


def test_the_tokens_of_a_run_are_those_that_its_steps_report(real):
    (row,) = stage_rows(real, "train(solver)")
    taken = [step for step in real.rows("metrics") if step.get("role") == "solver"]
    samples = preset("debug").roles["solver"]
    drawn = sum(round(step["mean_length"] * step["groups_drawn"] * samples.samples) for step in taken)
    assert row["tokens_sampled"] == drawn > 0
    assert row["tokens_trained"] == sum(step["tokens_trained"] * step["updates"] for step in taken) > 0
    assert row["tokens_counted"] == row["tokens_sampled"] + 3 * row["tokens_trained"]
    assert row["tokens_examined"] > 0  # the validation between the two steps
    attempts = [row["attempts"] for row in real.rows("attempts")]
    (asked,) = stage_rows(real, "attempt")
    assert 0 < asked["tokens_sampled"] <= 6 * 2 * len(attempts)
    assert asked["tokens_read"] > len(attempts)


def test_exam_and_gate_count_as_no_training(real):
    for row in stage_rows(real, "evaluate"):
        assert row["tokens_examined"] > 0
        assert row["tokens_counted"] == row["tokens_sampled"] == row["tokens_read"] == 0
    assert stage_rows(real, "gate") == []


def test_processor_time_stands_with_the_clock_and_nowhere_else(real):
    assert all(row["cpu_s"] >= 0 for row in real.rows("timings"))
    assert sum(row["cpu_s"] for row in real.rows("timings")) > 0
    assert not any("cpu_s" in row for name in LOGS if name != "timings" for row in real.rows(name))


def counted_before_the_solver(folder, round_=1):
    before = ("train(challenger)", "generate", "attempt", "label")
    rows = [row for phase in before for row in stage_rows(folder, phase) if row["round"] == round_]
    return sum(row["tokens_counted"] for row in rows)


def test_a_round_ends_its_training_after_the_step_that_reaches_the_bound(scripted_run, tmp_path):
    free = scripted_run(tmp_path / "free", rounds=1)
    assert len(steps(free, "solver")) == 4
    (row,) = stage_rows(free, "train(solver)")
    for taken in (1, 2, 3):
        bound = counted_before_the_solver(free) + round((taken - 0.5) * row["tokens_counted"] / 4)
        held = scripted_run(tmp_path / f"held-{taken}", rounds=2, changes={"compute.tokens_per_round": bound})
        assert [step for step in steps(held, "solver") if step[0] == 1] == [(1, s) for s in range(taken)]
        for number in (1, 2):
            rows = [row for row in held.rows("metrics") if row["round"] == number and "tokens_counted" in row]
            assert sum(row["tokens_counted"] for row in rows) >= bound
        assert held.state["checkpoints"]["solver"].startswith("solver-02")


def test_a_cheaper_challenger_phase_leaves_more_steps_to_the_solver(scripted_run, tmp_path):
    free = scripted_run(tmp_path / "free", rounds=1)
    total = sum(row["tokens_counted"] for row in free.rows("metrics") if "tokens_counted" in row)
    bound = {"compute.tokens_per_round": total, "roles.solver.steps": 200}
    trained = scripted_run(tmp_path / "trained", rounds=1, changes=bound)
    untrained = scripted_run(tmp_path / "untrained", rounds=1, changes={**bound, "roles.challenger.learns": False})
    assert len(steps(trained, "solver")) < len(steps(untrained, "solver")) < 200


def test_a_bound_that_is_spent_before_the_training_leaves_no_step_and_says_so(scripted_run, tmp_path):
    folder = scripted_run(tmp_path / "run", rounds=1, changes={"compute.tokens_per_round": 1})
    assert steps(folder, "solver") == []
    assert len(steps(folder, "challenger")) == 3
    assert folder.state["phase"] == "done"


@pytest.mark.parametrize("save_every", [1, 2])
def test_a_bounded_round_that_was_killed_ends_as_one_left_alone(
    scripted_run, resume_scripted, tmp_path, monkeypatch, save_every
):
    """Killed after the first of two steps, and after the second, which reaches the bound."""
    free = scripted_run(tmp_path / "free", rounds=1)
    (row,) = stage_rows(free, "train(solver)")
    bound = counted_before_the_solver(free) + row["tokens_counted"] // 2
    settings = {"rounds": 1, "changes": {"compute.tokens_per_round": bound, "storage.save_every": save_every}}
    whole = scripted_run(tmp_path / "whole", **settings)
    honest = RunFolder.commit

    def killed(self, state):
        honest(self, state)
        if (state.get("phase"), state.get("step")) == ("train(solver)", save_every):
            raise SystemError("killed")

    monkeypatch.setattr(RunFolder, "commit", killed)
    with pytest.raises(SystemError):
        scripted_run(tmp_path / "killed", **settings)
    monkeypatch.undo()
    assert RunFolder.open(tmp_path / "killed").state["compute"]["stage"]["solver"]["trained"] > 0
    resume_scripted(tmp_path / "killed")
    for name in LOGS:
        if name != "timings":
            assert (tmp_path / "killed" / f"{name}.jsonl").read_bytes() == (whole.path / f"{name}.jsonl").read_bytes()


def test_a_bound_is_a_whole_number_of_tokens():
    assert RunConfig().compute.tokens_per_round == 0
    assert RunConfig().replace({"compute.tokens_per_round": 3_000_000_000}).compute.tokens_per_round == 3_000_000_000
    for wrong in (-1, 1.5, 10**16):
        with pytest.raises(ConfigError, match="tokens_per_round"):
            RunConfig().replace({"compute.tokens_per_round": wrong})
