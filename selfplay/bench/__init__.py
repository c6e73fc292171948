"""Comparing agents: on suites of questions, pair against pair, and as policies of the numeric views.

Commands, exams and users come in.
"""

from .run import BenchReport, BenchSettings, run_bench

__all__ = ["BenchReport", "BenchSettings", "run_bench"]
