"""What a stage is to a run: built from `RunConfig.stages`, found by name, entered again after a kill.

A stage of your own is one class and one registration:

    @register_stage("approve")
    class Approve:
        name = "approve"

        def run(self, run):
            for index, question in run.asked(): ...
            run.log("reviews", [{"index": index, "decision": "reject", ...}])

What it may call is the public part of `run.run.SelfPlay`. Four more attributes are optional: `before_training = True`
lets it play before the first round too, as the exam of the base does; `check(run)` refuses settings that it cannot work
with, before anything is written; `saves_steps = True` says that it looks at `run.stopping` and saves, so that a request
to stop waits for it instead of ending it at once; `most_steps` is how far it counts `run.step`, where it commits in
between.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...core.errors import ConfigError
from ...core.protocols import Stage
from ...core.registries import make_stage

DONE = "done"
"""The phase of a run that is over."""
READS = {"attempt": "generate", "label": "attempt"}
"""Stages that can do nothing before another one has played; training can do nothing before "label"."""


class Interrupted(Exception):
    """The run was asked to stop; where it was committed last is where it goes on."""

    code = 130
    """Exit code of a process that ends so: 128 and the number of the signal."""

    @classmethod
    def by(cls, error: BaseException, code: int) -> Interrupted:
        """The same of another error, with the code of the signal that brought it."""
        made = cls(*error.args)
        made.code = code
        return made


def make_stages(names: Sequence[str]) -> list[Stage]:
    """The stages of a round, in order.

    Raises:
        ConfigError: no such stage, two of one name, which a resumed run could not tell apart, or one that reads what no
            stage before it writes.
    """
    built = [make_stage(name) for name in names]
    own = [stage.name for stage in built]
    for name in own:
        if not isinstance(name, str) or name in ("", DONE):
            raise ConfigError(f"a stage has a name, which is not {DONE!r}: got {name!r}")
        if own.count(name) > 1:
            raise ConfigError(f"stages has {name!r} {own.count(name)} times: a stage plays once per round")
    for place, stage in enumerate(built):
        _check_read(stage, built[:place], own)
    return built


def _check_read(stage: Stage, before: Sequence[Stage], names: Sequence[str]) -> None:
    """Refuse a stage if nobody writes what it reads; a stage of somebody else may write anything."""
    learns = stage.name.startswith(("train(", "sft(")) and stage.name not in ("train(challenger)", "train(player)")
    earlier = "label" if learns else READS.get(stage.name)
    if earlier is None or not is_ours(stage) or not all(map(is_ours, before)):
        return
    if earlier not in [one.name for one in before]:
        where = "before" if earlier in names else "without"
        raise ConfigError(
            f"stages has {stage.name!r} {where} {earlier!r}, whose rows it reads: put that in front of it"
        )


def is_ours(stage: Stage) -> bool:
    """Whether a stage is of this package, so that it is known what it reads and writes."""
    return type(stage).__module__.partition(".")[0] == __name__.partition(".")[0]


def check_counts(stage: str, **counts: int) -> None:
    """Refuse options of a stage that are no whole number above 0."""
    for name, value in counts.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise ConfigError(f"{stage} needs {name} >= 1, a whole number, got {value!r}")


def check_stages(stages: Sequence[Stage], run: Any) -> None:
    """Let every stage that wants to refuse the settings of a run."""
    for stage in stages:
        if hasattr(stage, "check"):
            stage.check(run)


def plays_before_training(stage: Stage) -> bool:
    """Whether a stage also plays before the first round, on the base."""
    return bool(getattr(stage, "before_training", False))
