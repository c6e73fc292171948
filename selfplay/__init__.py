"""Whole runs: settings, stages, roles, guard, exams, benchmarks and pages; the command line and `interop` come in."""
