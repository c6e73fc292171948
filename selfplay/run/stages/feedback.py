"""`feedback`: what people decided trains: labels by GRPO, preferred attempts and rejected proposals by DPO.

The third stage after warm-up and self-play, or a stage of each round. It adopts the decisions that are there by then,
makes three parts of them (`run/feedback/material.py`), and takes steps of each in turn. A share of what was decided is
set aside and looked at every few steps: where it has got worse, the steps since the last look are taken back, and the
part is over. Each look is followed by a commit, so a kill costs no more than the steps since then.

Why rejections are pairs, and not rewards of 0: the rejected text was written by an earlier challenger, so a policy
gradient on it would be off-policy without the probabilities it was drawn with; and to make a text unlikelier, with
nothing in its place, has no bound. Against an approved question of the same round, DPO asks only for what the reviewer
said, and is held to the reference.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ....core.errors import ConfigError
from ....core.registries import make_update, register_stage
from ...hooks import Step
from ...reviews.adoption import adopt_decisions
from ...roles.updates import rate_of, steps_of
from ...settings.checks import Named
from ...settings.config import CHALLENGER, SOLVER
from ..feedback.material import material_of
from ..feedback.measures import decision_measures
from ..feedback.overfitting import OverfittingGuard
from ..feedback.parts import PREFERENCES, PROPOSALS, Part, parts_of, rewards_labels
from ..run import SelfPlay
from ..stage import check_counts

if TYPE_CHECKING:
    from ....agents.training.preferences.dpo import DirectPreferenceOptimisation

PARTS = 3


class Chunk(NamedTuple):
    """Steps of a part between two looks: the first of them, how many, and the steps of all parts done after them."""

    part: Part
    first: int
    steps: int
    end: int


@register_stage("feedback")
class Feedback:
    """The roles learn what people decided.

    Args:
        steps: of each part, in each round, at most.
        epochs: how often a label or pair is learnt in a round, on average, at most: few of them take few steps.
        share: of the groups of a step whose label a person vouches for, where there are others to mix them with.
        preferences: how the solver learns pairs of attempts: the update "dpo" with its options, or "none".
        proposals: the same of the challenger, for rejected questions.
        held_out: share of the reviewed questions that is set aside.
        look: steps of a part between two looks at these.

    Raises:
        ConfigError: an option out of range, or another update.
    """

    name = "feedback"

    def __init__(
        self,
        steps: int = 10,
        epochs: float = 1.0,
        share: float = 0.5,
        preferences: Named = "dpo",
        proposals: Named = "dpo",
        held_out: float = 0.2,
        look: int = 5,
    ) -> None:
        check_counts(self.name, steps=steps, look=look)
        _check_number("share in (0, 1]", share, lambda value: 0.0 < value <= 1.0)
        _check_number("held_out in [0, 0.5]", held_out, lambda value: 0.0 <= value <= 0.5)
        _check_number("epochs above 0", epochs, lambda value: 0.0 < value < math.inf)
        self.steps, self.epochs, self.share, self.held_out, self.look = steps, epochs, share, held_out, look
        self.updates = {
            name: _dpo(name, given)
            for name, given in ((PREFERENCES, preferences), (PROPOSALS, proposals))
            if given != "none"
        }
        self.most_steps, self.sets_aside = PARTS * steps, held_out

    def check(self, run: SelfPlay) -> None:
        """Refuse a solver that is rewarded for something else than labels, and pairs without a reference."""
        if not rewards_labels(run):
            raise ConfigError(
                f"feedback rewards the solver for labels, and roles.{SOLVER}.reward="
                f"{run.config.roles[SOLVER].reward!r} has none in it"
            )
        for name, role in ((PREFERENCES, SOLVER), (PROPOSALS, CHALLENGER)):
            row = run.config.roles.get(role)
            if name not in self.updates or role not in run.config.players or row is None or not row.learns:
                continue
            if row.grpo.kl_weight == 0 and (row.weight_sharing, row.trunk) != ("lora", "frozen"):
                raise ConfigError(
                    f"feedback learns {name} against a reference, and roles.{role}.grpo.kl_weight=0 keeps none: set it "
                    f"above 0, or use feedback({name}=none)"
                )

    def run(self, run: SelfPlay) -> None:
        """Adopt what was decided, and learn it from the step where the run stands."""
        if not all(role.trainer.placement.group.alone for role in run.roles.values()):
            raise ConfigError("the stage feedback trains in a single process")
        if not run.step:
            adopt_decisions(run.folder, run.round, run.warn)
            run.commit()
        material = material_of(run, self.held_out)
        parts = parts_of(run, material, self.share, self.updates)
        looks = [row for row in run.rows("metrics") if row["phase"] == self.name and "held_out_losses" in row]
        guard = OverfittingGuard(looks)
        if not run.step:
            run.log("metrics", [{"feedback": decision_measures(run, material)}])
            for part in parts:
                self._look(run, guard, part, 0)
        if not parts:
            run.warn(f"round {run.round}: nobody decided anything that could be learnt")
        for chunk in self._chunks(parts):
            if chunk.end <= run.step:
                continue
            if self._is_spent(run, chunk.part) or chunk.part.name in guard.over:
                run.step = chunk.end
            elif not self._take(run, guard, chunk):
                return
        for name, role in run.roles.items():
            role.trainer.learning_rate = rate_of(run.config.roles[name]) * run.rate_scale  # as whoever resumes has it

    def _chunks(self, parts: Sequence[Part]) -> Iterator[Chunk]:
        """The steps of all parts in turn."""
        end = 0
        for first in range(0, self.steps, self.look):
            for part in parts:
                count = min(self.look, self._steps(part) - first)
                if count > 0:
                    end += count
                    yield Chunk(part, first, count, end)

    def _steps(self, part: Part) -> int:
        """Of a part in a round."""
        return min(self.steps, math.ceil(self.epochs * part.things / part.batch))

    def _take(self, run: SelfPlay, guard: OverfittingGuard, chunk: Chunk) -> bool:
        """Take the steps of a chunk, look, and commit; whether the stage goes on."""
        part, back = chunk.part, False
        for step in range(chunk.first, chunk.first + chunk.steps):
            run.roles[part.role].trainer.learning_rate = part.rate(step, self._steps(part)) * run.rate_scale
            measures, rewards = part.take(step)
            run.step += 1
            row = {"part": part.name, **measures}
            if not part.watched:
                run.log("metrics", [{"trained": part.role, "step": step, **row}])
                run.count(step + 1, self._steps(part))
                continue
            bad, premium = (0, None) if rewards is None else (rewards.bad, rewards.premium)
            back = run.stepped(Step(part.role, step, self._steps(part), row, bad, premium))
            if back:
                break
        run.step = self.most_steps if back else chunk.end
        if not back:
            if self._look(run, guard, part, chunk.first + chunk.steps):
                run.take_back()
            else:
                run.save(part.role, after=steps_of(run.config.roles[part.role]))
        run.commit()
        run.stop_if_asked()
        return not back

    def _look(self, run: SelfPlay, guard: OverfittingGuard, part: Part, step: int) -> bool:
        """Measure what was set aside for a part; whether its last steps are to be taken back."""
        measured = part.measure()
        worse = guard.look(part.name, measured.losses)
        run.log("metrics", [{"part": part.name, "step": step, **measured.row(), "taken_back": worse}])
        return worse

    def _is_spent(self, run: SelfPlay, part: Part) -> bool:
        """Whether the round has had its tokens, which ends the training of the solver and of nobody else."""
        return part.role == SOLVER and run.compute.is_spent


def _check_number(expected: str, value: Any, fine: Callable[[float], bool]) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not fine(value):
        raise ConfigError(f"feedback needs {expected}, got {value!r}")


def _dpo(name: str, given: Named) -> DirectPreferenceOptimisation:
    """The update that learns pairs.

    Raises:
        ConfigError: another one, or an option that it does not have.
    """
    from ....agents.training.preferences.dpo import DirectPreferenceOptimisation

    update: Any = make_update(dict(given) if isinstance(given, Mapping) else given)
    if not isinstance(update, DirectPreferenceOptimisation):
        raise ConfigError(f"feedback learns {name} by 'dpo(…)', or not at all by 'none', got {given!r}")
    return update
