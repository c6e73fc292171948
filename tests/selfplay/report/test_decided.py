"""What was decided is said in a sentence, each item counted once."""

import io

import pytest
from rich.console import Console

from selfplay_gym.selfplay.report.feedback import add_review, decided
from selfplay_gym.selfplay.report.summary import print_summary
from selfplay_gym.selfplay.report.write import render_report
from selfplay_gym.selfplay.storage.run_folder import RunFolder


def row(picked, disputed=0, **by_outcome):
    own = disputed + sum(by_outcome.values())
    return {"picked": picked, "decided": own, "disputed": disputed, "by_outcome": by_outcome}


TWO_GATES = [("review(generate)", row(2, approve=2))]


@pytest.mark.parametrize(
    ("rounds", "stages", "sentence"),
    [
        ([[("review", row(5, approve=3, edit=1, reject=1))]], [], "about 5 items: 3 approved, 1 edited, 1 rejected."),
        (
            [[("review", row(1, score=1))], [("review", row(2, disputed=1))]],
            [],
            "about 2 of 3 items: 1 scored, 1 disputed.",
        ),
        ([[*TWO_GATES, ("review", row(4, approve=2, prefer=1))]], [], "about 3 of 4 items: 2 approved, 1 compared."),
        ([[*TWO_GATES, ("review(label)", row(1, reject=1))]], [], "about 3 items: 2 approved, 1 rejected."),
        ([[("review", row(1))]], [], "about none of the 1 item that gates picked."),
        ([[("review", row(1, approve=1))]], ["simulated_review(error=0.1)"], "about 1 item: 1 approved."),
        ([[("review", row(0))]], [], None),
        ([], [], None),
    ],
)
def test_the_sentence(rounds, stages, sentence):
    found = []
    for logged in rounds:
        found.append({})
        for phase, measures in logged:
            add_review(found[-1], phase, measures)
    who = "Reviewers, simulated ones among them," if stages else "People"
    assert decided(found, stages) == ([f"{who} decided {sentence}"] if sentence else [])


def test_it_stands_in_the_report_and_below_the_table(finished_run, monkeypatch):
    honest = RunFolder.rows
    reviewed = {"round": 1, "phase": "review", "review": row(5, approve=3, edit=1, reject=1)}

    def rows(folder, log, **more):
        yield from honest(folder, log, **more)
        if log == "metrics":
            yield reviewed

    monkeypatch.setattr(RunFolder, "rows", rows)
    out = io.StringIO()
    print_summary(finished_run, Console(file=out, width=80))
    sentence = "People decided about 5 items: 3 approved, 1 edited, 1 rejected."
    assert sentence in " ".join(out.getvalue().split())
    assert sentence in render_report(finished_run)
