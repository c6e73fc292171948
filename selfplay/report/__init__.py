"""A run for people: as one HTML page, and in the terminal."""

from .write import render_report, write_report

__all__ = ["render_report", "write_report"]
