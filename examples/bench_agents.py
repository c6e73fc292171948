"""Benchmark agents from Python: known skill in, the same skill out, with an interval.

    python examples/bench_agents.py              a few seconds
    python examples/bench_agents.py --items 500

The command line does the same: selfplay-gym bench "weak=noisy(accuracy=0.5)" "strong=noisy(accuracy=0.6)" --suite mixed
"""

from __future__ import annotations

import argparse
from pathlib import Path

from selfplay_gym.selfplay.bench import BenchSettings, run_bench
from selfplay_gym.selfplay.bench.agents import load_contestants
from selfplay_gym.selfplay.bench.page import to_html
from selfplay_gym.selfplay.bench.table import to_markdown
from selfplay_gym.selfplay.exams.suites import load_suites


def main(items: int = 200, samples: int = 8, output: Path = Path("runs/bench.html")) -> None:
    """Two noisy agents on two suites; prints the table and writes the page."""
    agents = load_contestants(["weak=noisy(accuracy=0.5)", "strong=noisy(accuracy=0.6)"])
    suites = load_suites("arithmetic,equation", limit=items)
    report = run_bench(agents, suites, BenchSettings(samples=samples))
    print(to_markdown(report))
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(to_html(report), encoding="utf-8")
    for suite in suites:
        accuracy = report.entry("strong", suite.name).exam.accuracy
        assert accuracy.low - 0.05 < 0.6 < accuracy.high + 0.05, "the benchmark does not measure what it should"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=200)
    parser.add_argument("--samples", type=int, default=8)
    parser.add_argument("--output", type=Path, default=Path("runs/bench.html"))
    main(**vars(parser.parse_args()))
