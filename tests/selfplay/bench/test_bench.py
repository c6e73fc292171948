import csv
import importlib.util
import io
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from selfplay_gym.core.errors import ConfigError, UnknownNameError
from selfplay_gym.core.records import Question
from selfplay_gym.selfplay.bench import BenchSettings, run_bench
from selfplay_gym.selfplay.bench.agents import Contestant, load_contestant, load_contestants
from selfplay_gym.selfplay.bench.page import to_html
from selfplay_gym.selfplay.bench.table import rows, to_csv, to_json, to_markdown
from selfplay_gym.selfplay.commands.bench import bench, bench_any
from selfplay_gym.selfplay.exams.suites import Suite, load_suites
from selfplay_gym.selfplay.stats import holm

SETTINGS = BenchSettings(samples=4, batch=16)


class Counted:
    """Wraps an agent, counts its calls, and is switched off after `allowed` of them, like a machine that dies."""

    def __init__(self, agent, allowed=10**9):
        self.agent, self.allowed, self.calls = agent, allowed, 0

    def act(self, prompts, *, n=1, seed=None):
        if self.calls >= self.allowed:
            raise KeyboardInterrupt
        self.calls += 1
        return self.agent.act(prompts, n=n, seed=seed)


def _contestants(*specs):
    return load_contestants(list(specs or ["weak=noisy(accuracy=0.4)", "strong=noisy(accuracy=0.7)"]))


def test_bench_measures_known_skill_and_compares_pairwise():
    report = run_bench(_contestants(), load_suites("mixed", limit=150), BenchSettings(samples=8))
    weak, strong = report.entry("weak", "mixed").exam, report.entry("strong", "mixed").exam
    assert weak.accuracy.low <= 0.4 <= weak.accuracy.high
    assert strong.accuracy.low <= 0.7 <= strong.accuracy.high
    (comparison,) = report.comparisons
    assert comparison.result.low <= 30 <= comparison.result.high
    assert comparison.result.p_value < 1e-6
    assert report.entry("weak", "mixed").seconds_per_correct > 0
    assert report.entry("weak", "mixed").usage.peak_mb > 10


def test_an_interrupted_bench_resumes_to_the_identical_table(tmp_path):
    suites = load_suites("arithmetic,composed", limit=64)
    contestants = _contestants()
    dying = [replace(contestants[0], agent=Counted(contestants[0].agent, allowed=3)), contestants[1]]
    with pytest.raises(KeyboardInterrupt):
        run_bench(dying, suites, SETTINGS, cache=tmp_path / "cache")
    recorded = len(list((tmp_path / "cache").rglob("*.json")))
    assert recorded == 3
    resumed_agent = Counted(contestants[0].agent)
    resumed = run_bench(
        [replace(contestants[0], agent=resumed_agent), contestants[1]], suites, SETTINGS, cache=tmp_path / "cache"
    )
    assert resumed_agent.calls == 2 * 4 - 3  # what was recorded is not asked again
    again_agent = Counted(contestants[0].agent)
    again = run_bench(
        [replace(contestants[0], agent=again_agent), contestants[1]], suites, SETTINGS, cache=tmp_path / "cache"
    )
    assert again_agent.calls == 0
    assert rows(again) == rows(resumed)  # costs included
    uninterrupted = run_bench(contestants, suites, SETTINGS)
    assert [entry.exam for entry in uninterrupted.entries] == [entry.exam for entry in resumed.entries]


def test_the_tiny_model_interrupted_and_resumed_gives_the_identical_table(tmp_path):
    pytest.importorskip("torch")
    suites = load_suites("mixed,deduction", limit=16)
    contestants, settings = load_contestants(["tiny"]), BenchSettings(samples=4, batch=8)

    def power_cut(agent, suite, done, total):
        if (suite, done) == ("deduction", 8):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_bench(contestants, suites, settings, cache=tmp_path, progress=power_cut)
    assert len(list(tmp_path.rglob("*.json"))) == 6  # sampled and greedy: two batches of one suite, one of the other
    resumed = run_bench(contestants, suites, settings, cache=tmp_path)
    assert rows(run_bench(contestants, suites, settings, cache=tmp_path)) == rows(resumed)  # costs included
    uninterrupted = run_bench(contestants, suites, settings)
    for one, other in zip(uninterrupted.entries, resumed.entries, strict=True):
        assert replace(one.exam, seconds=0.0) == replace(other.exam, seconds=0.0)
        assert (one.usage.tokens, one.usage.truncated) == (other.usage.tokens, other.usage.truncated)
    assert resumed.entry("tiny", "mixed").exam.greedy_accuracy.value > 0.5


def test_a_record_is_only_used_for_what_it_recorded(tmp_path):
    (suite,) = load_suites("mixed", limit=32)
    for contestant, settings, suites in [
        (load_contestant("noisy(accuracy=0.4)"), SETTINGS, [suite]),
        (load_contestant("noisy(accuracy=0.5)"), SETTINGS, [suite]),
        (load_contestant("noisy(accuracy=0.4)"), replace(SETTINGS, seed=1), [suite]),
        (load_contestant("noisy(accuracy=0.4)"), replace(SETTINGS, samples=5), [suite]),
        (load_contestant("noisy(accuracy=0.4)", prompt="boxed"), SETTINGS, [suite]),
        (load_contestant("noisy(accuracy=0.4)"), SETTINGS, load_suites("mixed", limit=30)),
    ]:
        before = len(list(tmp_path.rglob("*.json")))
        run_bench([contestant], suites, settings, cache=tmp_path)
        assert len(list(tmp_path.rglob("*.json"))) > before


def test_a_damaged_record_is_asked_again(tmp_path):
    suites = load_suites("mixed", limit=16)
    contestant = _contestants()[0]
    first = run_bench([contestant], suites, SETTINGS, cache=tmp_path)
    (file,) = tmp_path.rglob("*.json")
    file.write_text('{"completions": [[')
    assert run_bench([contestant], suites, SETTINGS, cache=tmp_path).entries[0].exam == first.entries[0].exam


def test_greedy_has_a_record_of_its_own(tmp_path):
    class Model:
        """Samples at random; greedily always right."""

        def __init__(self, agent, best):
            self.agent, self.best = agent, best

        def act(self, prompts, *, n=1, seed=None):
            return self.agent.act(prompts, n=n, seed=seed)

        def with_settings(self, *, temperature):
            return self.best

    noisy, oracle = (load_contestant(name).agent for name in ("noisy(accuracy=0.5)", "oracle"))
    suites = load_suites("mixed", limit=64)
    for _ in range(2):
        report = run_bench([Contestant("model", Model(noisy, oracle), "m")], suites, SETTINGS, cache=tmp_path)
        exam = report.entries[0].exam
        assert exam.greedy_accuracy.value == 1.0
        assert exam.accuracy.value < 0.7


def test_tokens_and_truncation_are_counted_where_the_agent_counts():
    np = pytest.importorskip("numpy")

    class Drawn:
        def __init__(self, texts, n):
            self.texts = texts
            self.lengths = np.full(len(texts) * n, 10)
            self.finished = np.arange(len(texts) * n) % 4 != 0

    class Model:
        def act(self, prompts, *, n=1, seed=None):
            return self.sample(prompts, n=n, seed=seed).texts

        def sample(self, prompts, *, n=1, seed=None):
            return Drawn(load_contestant("noisy(accuracy=0.5)").agent.act(prompts, n=n, seed=seed), n)

    (entry,) = run_bench([Contestant("model", Model(), "m")], load_suites("mixed", limit=64), SETTINGS).entries
    assert entry.truncated_share == 0.25
    assert entry.tokens_per_correct.value == pytest.approx(10 / entry.exam.accuracy.value)
    assert entry.tokens_per_correct.low < entry.tokens_per_correct.value < entry.tokens_per_correct.high


def test_leaked_exam_items_are_reported_with_the_bench():
    suites = load_suites("mixed", limit=40)
    leaked = [suites[0].questions[3].text, "What is 1+1?"]
    report = run_bench(_contestants(), suites, SETTINGS, training=leaked)
    assert report.contamination["mixed"].leaked == {leaked[0]}
    assert any("1 exact" in note for note in report.warnings())
    clean = run_bench(_contestants(), suites, SETTINGS, training=["What is 1+1?"])
    assert clean.contamination["mixed"].clean


def test_every_benchmark_says_what_is_known_of_contamination():
    suites = load_suites("mixed", limit=20)
    for training, known in (
        (None, "--run FOLDER"),
        (["What is 1+1?"], "20 exam items against 1 training question: 0"),
    ):
        report = run_bench(_contestants(), suites, SETTINGS, training=training)
        for text in (to_markdown(report), to_html(report)):
            assert f"Contamination: {'mixed: ' if training else ''}" in text
            assert known in text


def test_the_questions_of_the_run_behind_a_checkpoint_are_looked_for(tmp_path, untrained_model):
    from rich.console import Console

    checkpoint = tmp_path / "run" / "checkpoints" / "solver-01-001"
    shutil.copytree(untrained_model, checkpoint)
    leaked = load_suites("mixed", limit=4)[0].questions[0].text
    (tmp_path / "run" / "questions.jsonl").write_text(json.dumps({"text": leaked, "dropped": None}) + "\n")
    console = Console(file=io.StringIO(), width=200)
    small = f"{checkpoint}(max_new_tokens=2)"
    report = bench(["oracle", small], suite="mixed", limit=4, settings=SETTINGS, console=console)
    assert report.contamination["mixed"].leaked == {leaked}
    assert "1 exact" in console.file.getvalue()
    (tmp_path / "run" / "state.json").write_text("{}")
    with pytest.raises(ConfigError, match=r"is a run, not a model; name one of its models, such as .*solver-01-001"):
        load_contestant(str(tmp_path / "run"))


def test_published_suites_carry_a_warning():
    suite = Suite("old", (Question("What is 1+2?", "3"),), published=True)
    assert any("published" in note for note in run_bench(_contestants(), [suite], SETTINGS).warnings())


def test_every_format_tells_the_same_scores():
    report = run_bench(_contestants(), load_suites("mixed,arithmetic", limit=48), SETTINGS)
    accuracy = report.entry("strong", "mixed").exam.accuracy
    cell = f"{100 * accuracy.value:.1f} [{100 * accuracy.low:.1f}, {100 * accuracy.high:.1f}]"
    assert cell in to_markdown(report)
    page = to_html(report)
    assert cell in page
    assert page.count("<svg") == 2 * 4  # four figures per suite
    assert "http" not in page.replace("http://www.w3.org", "").replace("http://purl.org", "").replace(
        "http://creativecommons.org", ""
    ).replace("https://matplotlib.org", "")
    table = list(csv.DictReader(io.StringIO(to_csv(report))))
    assert len(table) == 4
    assert float(table[1]["accuracy"]) == accuracy.value
    stored = json.loads(to_json(report))
    assert stored["entries"][1]["summary"]["accuracy"]["value"] == accuracy.value
    assert to_html(report) == page


def test_html_escapes_what_agents_are_called():
    contestant = Contestant("<script>alert(1)</script>", load_contestant("oracle").agent, "x")
    page = to_html(run_bench([contestant], load_suites("mixed", limit=16), SETTINGS))
    assert "<script>" not in page


def test_the_command_prints_and_writes(tmp_path):
    from rich.console import Console

    screen = io.StringIO()
    console = Console(file=screen, width=180)
    bench(["oracle", "random"], suite="mixed", limit=24, settings=SETTINGS, out=tmp_path / "out", console=console)
    assert {path.suffix for path in (tmp_path / "out").iterdir()} == {".md", ".csv", ".json", ".html"}
    assert "100.0 [8" in screen.getvalue()
    assert "per level" in screen.getvalue()
    narrow = Console(file=io.StringIO(), width=80)
    bench(["oracle", "random"], suite="mixed", limit=24, settings=SETTINGS, out=tmp_path / "one.md", console=narrow)
    assert re.search(r"100\.0 \[\d+,100\]", narrow.file.getvalue())  # in one line
    assert "random − oracle" in narrow.file.getvalue()
    assert "oracle" in (tmp_path / "one.md").read_text()
    with pytest.raises(ConfigError, match=r"\.md"):
        bench(["oracle"], suite="mixed", limit=24, out=tmp_path / "one.pdf", console=console)
    with pytest.raises(ConfigError, match="at least one agent"):
        bench([], console=console)


def test_one_door_for_suites_pairs_and_policies(tmp_path):
    from rich.console import Console

    screen = io.StringIO()
    console = Console(file=screen, width=160)
    bench_any(["oracle"], suite="mixed", limit=20, samples=2, console=console)
    bench_any(["generator+oracle"], limit=20, out=tmp_path / "pairs.json", console=console)
    bench_any(["random"], suite="env:SelfPlayTeacher-v0", limit=2, console=console)
    for title in ("Scores in per cent", "Pairs: labels by vote", "equal episodes"):
        assert title in screen.getvalue()
    assert json.loads((tmp_path / "pairs.json").read_text())["pairs"][0]["summary"]["readable_share"] == 1.0
    for wrong in (["generator+"], ["generator+oracle", "oracle"]):
        with pytest.raises(ConfigError, match="CHALLENGER"):
            bench_any(wrong, console=console)


def test_names_options_labels_and_prompts_of_contestants():
    assert load_contestant("noisy(accuracy=0.25, scatter=3)").agent.scatter == 3
    assert load_contestant("good=oracle").name == "good"
    question = Question("What is 1+1?", "2")
    assert load_contestant("oracle").ask(question) == "What is 1+1?"
    assert "boxed" in load_contestant("oracle", prompt="boxed").ask(question)
    assert load_contestant("oracle", prompt="Q: {question} A:").ask(question) == "Q: What is 1+1? A:"
    assert load_contestant("selfplay_gym.agents.scripted.math_agents:OracleAgent").agent.name == "oracle"
    with pytest.raises(UnknownNameError, match="oracle"):
        load_contestant("orakle")
    assert load_contestant("noisy(0.5)").agent.accuracy == 0.5
    with pytest.raises(ConfigError, match="key=value"):
        load_contestant("noisy(accuracy=0.5, 3)")
    with pytest.raises(ConfigError, match="better="):
        load_contestants(["oracle", "oracle"])
    with pytest.raises(ConfigError, match="template"):
        load_contestant("oracle", prompt="no place for it")


def test_settings_are_checked():
    with pytest.raises(ConfigError):
        BenchSettings(samples=0)


def test_holm_adjusts_and_keeps_the_order():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([]) == []
    assert max(holm([0.6, 0.9])) == 1.0


def test_the_example_runs(tmp_path, capsys):
    path = Path(__file__).parents[3] / "examples" / "bench_agents.py"
    spec = importlib.util.spec_from_file_location("bench_agents_example", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.main(items=60, samples=4, output=tmp_path / "bench.html")
    assert "strong − weak" in capsys.readouterr().out
    assert (tmp_path / "bench.html").stat().st_size > 10_000
