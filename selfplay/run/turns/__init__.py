"""Runs that train on games of several turns: episodes, opponents, baselines and exams. Stages come in."""
