"""Comparing agents: on suites of questions, pair against pair, and as policies of the numeric views."""

from .run import BenchReport, BenchSettings, run_bench

__all__ = ["BenchReport", "BenchSettings", "run_bench"]
