"""A stage in which a person looks at the labels before they train."""

import json

from selfplay_gym.core.errors import RunError
from selfplay_gym.selfplay.run.run import Interrupted

DECISIONS = ("approve", "edit", "reject")


class HumanGate:
    """Waits for a person's decisions on the labelled questions of a round, or decides by a rule.

    The person finds the questions in FILE.todo of the run folder and writes FILE, a line for each decision:
    {"round": 1, "index": 3, "decision": "edit", "after": "true"}. What has no line is approved.

    Args:
        file: name of the file in the run folder.
        longest: instead of waiting, reject questions with more letters than this.
    """

    name = "human-gate"

    def __init__(self, file="decisions.jsonl", longest=None):
        self.file, self.longest = file, longest

    def check(self, run):
        """Refuse a run without labels."""
        if "label" not in run.config.stages:
            raise RunError("human-gate needs the stage 'label' before it")

    def run(self, run):
        kept = run.kept()
        decisions = self._by_rule(kept) if self.longest is not None else self._by_person(run, kept)
        rows = []
        for index, question in kept:
            decision = decisions.get(index, {"decision": "approve"})
            if decision["decision"] not in DECISIONS:
                raise RunError(f"{self.file}: {decision['decision']!r} is not one of {', '.join(DECISIONS)}")
            after = decision.get("after", question.reference)
            rows.append(
                {"index": index, "decision": decision["decision"], "before": question.reference, "after": after}
            )
        run.log("reviews", rows)

    def _by_rule(self, kept):
        return {index: {"decision": "reject"} for index, question in kept if len(question.text) > self.longest}

    def _by_person(self, run, kept):
        path = run.folder.path / self.file
        if not path.exists():
            todo = [{"round": run.round, "index": i, "question": q.text, "label": q.reference} for i, q in kept]
            path.with_suffix(".todo").write_text("".join(json.dumps(row) + "\n" for row in todo), encoding="utf-8")
            run.warn(f"round {run.round}: {len(kept)} labels wait for decisions in {path}; write it, then --resume")
            raise Interrupted
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
        return {line["index"]: line for line in lines if line["round"] == run.round}
