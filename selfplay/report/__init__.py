"""A run for people: as one HTML page, and in the terminal; commands come in, by `write_report` and `summary`."""

from .write import render_report, write_report

__all__ = ["render_report", "write_report"]
