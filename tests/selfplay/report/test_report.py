"""The page of a run: self-contained, well-formed, safe with hostile text, and there for unfinished runs too."""

import re
from collections import Counter
from html.parser import HTMLParser

import pytest

from selfplay_gym.core.errors import RunError
from selfplay_gym.selfplay.report.cost import cost_table, read_costs
from selfplay_gym.selfplay.report.questions import SHOWN, read_questions
from selfplay_gym.selfplay.report.summary_data import headline, read_run_summary
from selfplay_gym.selfplay.report.write import render_report, write_report
from selfplay_gym.selfplay.settings.config import STAGES, RunConfig
from selfplay_gym.selfplay.settings.files import to_toml
from selfplay_gym.selfplay.storage.run_folder import RunFolder

VOID = {"meta", "br", "img", "link", "input", "hr"}
HOSTILE = [
    "<question><img src=x onerror=alert(1)></question> \\boxed{1}",
    "<question></style></svg><script>alert(2)</script></question> \\boxed{</code><script>alert(3)</script>}",
    '<question>" onmouseover="alert(4)</question> \\boxed{{{ 7*7 }}}',
    "<script>alert(5)</script>",
    "<question>x\n```python\n</code></pre><script>alert(6)</script>\n```</question> \\boxed{1}",
    "<question>\x00\x1b[31m\u202e\ud800</question> \\boxed{\x07}",
]


class Page(HTMLParser):
    """Reads a page and fails on tags that do not match."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.tags, self.ids, self.links, self.text = [], Counter(), [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags[tag] += 1
        for name, value in attributes:
            assert not name.startswith("on"), f"{tag} has a script in {name}"
            if name == "id":
                self.ids.append(value)
            if name in ("href", "src", "xlink:href"):
                self.links.append(value)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


@pytest.fixture(scope="module")
def page(finished_run):
    return render_report(finished_run)


def test_the_page_is_well_formed_and_complete(page, finished_run):
    read = Page(page)
    assert len(read.ids) == len(set(read.ids))
    assert {"exam", "labels", "questions", "training", "cost", "settings"} <= set(read.ids)
    outcome = headline(read_run_summary(finished_run))
    text = " ".join(" ".join(read.text).split())
    assert outcome.text in text
    assert outcome.detail in text
    assert read.tags["svg"] >= 15


def test_the_page_says_what_each_stage_cost(page, finished_run):
    costs = {cost.phase: cost for cost in read_costs(finished_run)}
    assert list(costs)[:3] == ["evaluate", "gate", "train(challenger)"]
    for phase, cost in costs.items():
        rows = [row for row in finished_run.rows("metrics") if row["phase"] == phase and "tokens_counted" in row]
        assert cost.tokens.get("counted", 0) == sum(row["tokens_counted"] for row in rows)
        assert sum(cost.counted_by.values()) == cost.tokens.get("counted", 0)
    header, cells = cost_table(list(costs.values()))
    assert all(len(row) == len(header) for row in cells)
    assert cells[-1][0] == "all stages"
    assert cells[-1][3] == f"{sum(cost.tokens.get('counted', 0) for cost in costs.values()):,}"
    text = " ".join(Page(page).text)
    assert "What it cost" in text
    assert cells[-1][3] in text


def test_a_run_of_a_version_that_counted_no_tokens_has_its_times(finished_run):
    class Old:
        """The same run as an older version wrote it."""

        def rows(self, name):
            for row in finished_run.rows(name):
                if "tokens_counted" not in row:
                    yield {name: value for name, value in row.items() if name != "cpu_s"}

    *_, last = cost_table(read_costs(Old()))[1]
    assert last[1:8] == ["–"] * 7
    assert float(last[8]) >= 0


def test_the_page_needs_nothing_else(page):
    read = Page(page)
    assert all(link.startswith("#") for link in read.links)
    assert {link[1:] for link in read.links} <= set(read.ids)
    without_names = re.sub(r'xmlns(:\w+)?="[^"]*"', "", page)
    assert "http" not in without_names.lower()
    assert "@import" not in page
    assert not read.tags.keys() & {"script", "iframe", "img", "link", "object"}
    assert all(target.startswith("#") for target in re.findall(r"url\((.*?)\)", page))


def test_every_figure_is_described(page):
    figures = re.findall(r"<svg [^>]*>", page)
    assert figures
    for svg in figures:
        assert 'role="img"' in svg
        assert len(re.search(r'aria-label="([^"]*)"', svg)[1]) > 20


def test_equal_runs_give_equal_pages(page, finished_run):
    assert render_report(finished_run) == page


def test_hostile_text_is_only_text(scripted_run, tmp_path):
    written = {"questions": len(HOSTILE) + 2, "proposals": lambda texts: (HOSTILE + texts)[: len(texts)]}
    folder = scripted_run(tmp_path / "run", rounds=1, **written)
    path = write_report(folder)
    content = path.read_bytes().decode("utf-8")  # raises if a lone surrogate got through
    read = Page(content)
    assert not read.tags.keys() & {"script", "img"}
    assert not any(ord(c) < 32 and c != "\n" for c in content)
    assert "\u202e" not in content
    text = "".join(read.text)
    assert "<img src=x onerror=alert(1)>" in text
    assert "<script>alert(5)</script>" in text
    assert "{ 7*7 }" in text


def test_a_run_on_chains_shows_its_exam_by_length(scripted_run, tmp_path):
    changes = {
        "questions.generator": "chains(longest=4)",
        "exam": {"questions": 40, "samples": 4, "pass_k": 16, "pass_questions": 24},
    }
    folder = scripted_run(tmp_path / "run", changes=changes)
    summary = read_run_summary(folder)
    assert [number for number, _ in summary.exams] == [0, 1, 2]
    assert [(number, exam.samples) for number, exam in summary.pass_exams] == [(0, 16), (2, 16)]
    assert [exam.keys for _, exam in summary.pass_exams] == [summary.exams[0][1].keys[:24]] * 2
    labels = [label for label in re.findall(r'aria-label="([^"]*)"', render_report(folder)) if "operations" in label]
    drawn = [label for label in labels if label.startswith("Exam accuracy by number of operations")]
    assert [label.split(", ")[1] for label in drawn] == ["sampled", "majority@4", "pass@16"]  # it has no greedy mode
    last = summary.exams[-1][1].breakdown("length")
    assert drawn[0].endswith("round 2 " + ", ".join(f"{n}: {100 * rate.value:.0f}" for n, rate in last.items()) + ".")


def test_other_runs_show_it_by_level(page):
    assert "Sampled accuracy per level" in page
    assert "Exam accuracy by number of operations" not in page


@pytest.mark.parametrize("until", [STAGES[0], *(pytest.param(one, marks=pytest.mark.slow) for one in STAGES[1:])])
def test_a_run_stopped_at_any_phase_has_a_page(stopped_run, until):
    path = write_report(stopped_run(until))
    read = Page(path.read_text(encoding="utf-8"))
    text = " ".join(" ".join(read.text).split())
    assert f"Stopped at round 1, {until}" in text
    assert ("labels" in read.ids) == (STAGES.index(until) > STAGES.index("label"))
    assert list(path.parent.glob("*.draft")) == []


def test_a_run_that_has_hardly_begun_has_a_page(tmp_path):
    folder = RunFolder.create(tmp_path / "run", to_toml(RunConfig()), ENVIRONMENT)
    assert "No exam has been held yet" in write_report(folder).read_text(encoding="utf-8")


ENVIRONMENT = {"command": ["x"], "commit": None, "versions": {}, "python": "3", "system": "any", "cpus": 1}


def test_half_a_line_after_a_crash_is_not_read(scripted_run, tmp_path):
    folder = scripted_run(tmp_path / "run", rounds=0, until="generate")
    before = render_report(folder)
    for name in ("metrics", "questions", "timings"):
        with open(folder.log_path(name), "ab") as log:
            log.write(b'{"round": 1, "pha')
    assert render_report(RunFolder.open(folder.path)) == before


def test_a_damaged_run_is_refused(scripted_run, tmp_path):
    folder = scripted_run(tmp_path / "run", rounds=0, until="train(challenger)")
    folder.log_path("labels").unlink()
    with pytest.raises(RunError, match="labels"):
        write_report(folder)


def test_samples_span_the_solve_rates_and_show_what_would_mislead(finished_run):
    labels = {}
    for row in finished_run.rows("labels"):
        labels.setdefault(row["round"], []).append(row)
    for own in read_questions(finished_run):
        rows = labels[own.number]
        assert len(own.samples) == min(SHOWN, len(rows))
        rates = [sample.solve_rate for sample in own.samples]
        assert rates == sorted(rates, reverse=True)
        assert rates[0] == max(row["solve_rate"] for row in rows)
        assert rates[-1] == min(row["solve_rate"] for row in rows)
        if any(row["kept"] and row["label_right"] is False for row in rows):
            assert any(sample.kept and sample.label_right is False for sample in own.samples)


def test_labels_are_told_apart_by_kind(page, finished_run):
    found = next(row["by_kind"] for row in finished_run.rows("metrics") if row["phase"] == "label")
    table = page.partition("By kind of question")[2].partition("</table>")[0]
    assert found
    for kind, measures in found.items():
        assert f'<td class="text">{kind}</td><td>{measures["asked"]}</td><td>{measures["kept"]}</td>' in table


def test_attempts_are_grouped_by_answer(finished_run):
    for own in read_questions(finished_run):
        for sample in own.samples:
            assert sum(answer.count for answer in sample.answers) == sample.attempts
            matching = sum(answer.count for answer in sample.answers if answer.matches)
            assert matching / sample.attempts == pytest.approx(sample.solve_rate)
            for answer in sample.answers:
                assert answer.right == (answer.text == sample.truth)
                assert answer.text in answer.attempt


def test_label_accuracy_by_solve_rate_adds_up(finished_run):
    for own, (_, row) in zip(read_questions(finished_run), read_run_summary(finished_run).labellings, strict=True):
        right = sum(right for right, _ in own.right_by_rate.values())
        known = sum(known for _, known in own.right_by_rate.values())
        assert right / known == pytest.approx(row["label_accuracy"])
        assert known / row["asked"] == pytest.approx(row["readable_share"])


def test_the_legend_explains_every_sign(page):
    cards, _, legend = (
        page.partition('<section id="questions">')[2].partition("</section>")[0].rpartition('class="note"')
    )
    for sign in "✓✗·":
        assert sign in legend
    assert "✗" in cards
