"""A run as a notebook has it: shown as a table, its logs as data frames, its pages in frames, its models to play."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...core.errors import MissingExtraError, UnknownNameError
from ...core.options.paths import path_of
from ..settings.config import RunConfig
from ..settings.files import stored_config
from ..sharing.cards import SCORES, answering_role, scored_rounds
from ..sharing.facts import RunFacts
from ..sharing.outgoing import named_checkpoint
from ..sharing.questions import question_rows
from ..storage.links import BEST, CHECKPOINTS
from ..storage.run_folder import STATE, RunFolder, read_state
from ..tables.tables import Flat, flat, same_columns, tables
from .pages import Page, Watching

if TYPE_CHECKING:
    import pandas as pd

    from ...agents.models.llm import LLMAgent


class Run(RunFolder):
    """A run folder, opened for reading: `Run("runs/tiny")`, or what `selfplay_gym.train` gives back.

    Methods that give data frames need pandas (extra `notebook`); `table` gives the same as plain rows.

    Args:
        path: the run folder, of a run that is finished, stopped, or goes on; `refresh` looks again.

    Raises:
        RunError: no run there, or it is damaged.
        ConfigError: what is given is no path.
    """

    def __init__(self, path: str | Path) -> None:
        super().__init__(path_of("a run", path, "runs/tiny"))
        RunFolder.found(self.path)
        self.stand_at(read_state(self.path / STATE))

    def refresh(self) -> Run:
        """The same run as it stands by now."""
        self.stand_at(read_state(self.path / STATE))
        return self

    @property
    def settings(self) -> RunConfig:
        """The settings that it was started with."""
        return stored_config(self)

    # --- tables ---

    @property
    def table_names(self) -> list[str]:
        """The tables that have rows; see `docs/runs.md`."""
        return [*tables(self), "questions", "attempts", "labels"]

    def table(self, name: str) -> list[Flat]:
        """A table as rows with the same columns throughout.

        Raises:
            UnknownNameError: no such table.
        """
        if name == "questions":
            return list(question_rows(self))
        if name in ("attempts", "labels"):
            return same_columns(map(flat, self.rows(name)))
        found = tables(self)
        if name not in found:
            raise UnknownNameError("table", name, self.table_names)
        return found[name]

    def metrics(self, name: str = "exams") -> pd.DataFrame:
        """A table of what was measured: "exams", "labellings", "steps_solver", …; `table_names` has all."""
        return _frame(self.table(name))

    def steps(self, role: str = "solver") -> pd.DataFrame:
        """A row per training step of a role."""
        return _frame(self.table(f"steps_{role}"))

    def questions(self) -> pd.DataFrame:
        """A row per labelled question, with its attempts, label and solve rate."""
        return _frame(self.table("questions"))

    def attempts(self) -> pd.DataFrame:
        """A row per attempt: round, index of the question, number, text, answer, and whether it matches the label."""
        return _frame(
            [
                {"round": row["round"], "index": row["index"], "attempt": number, "text": text, **_found(label, number)}
                for row, label in zip(self.rows("attempts"), self.rows("labels"), strict=False)
                for number, text in enumerate(row["attempts"])
            ]
        )

    # --- models ---

    def checkpoint(self, name: str = BEST) -> Path:
        """The folder of a checkpoint: "best", "last" or a name.

        Raises:
            ConfigError: there is none; says which there are.
        """
        return self.path / CHECKPOINTS / named_checkpoint(self, self.settings, name)

    def agent(self, name: str = BEST, **options: Any) -> LLMAgent:
        """The model of a checkpoint, to be asked: `run.agent().act(["What is 2+3?"])`.

        Args:
            name: "best", "last", or the folder name of a checkpoint.
            options: of `load_agent`: `device`, `dtype`, …
        """
        from ...agents.load import load_agent

        return load_agent(self.checkpoint(name), **options)

    # --- pages ---

    def report(self) -> Page:
        """`report.html`, written anew."""
        from ..report.write import write_report

        path = write_report(self)
        return Page(path.read_text(encoding="utf-8"), path)

    def diagnose(self, **options: Any) -> Page:
        """`diagnosis.html`, made anew; see `selfplay-gym diagnose` for the options, such as `play=False`."""
        from ..commands.diagnose import diagnose_run

        diagnose_run(self.path, **options, console=_nowhere())
        path = self.path / "diagnosis.html"
        return Page(path.read_text(encoding="utf-8"), path)

    def bench(self, *others: str, name: str = BEST, suite: str = "mixed", **options: Any) -> Page:
        """A checkpoint of the run compared with others; the first of them is the baseline, the base model if none.

        Args:
            others: agents by name.
            name: "best", "last", or the folder name of a checkpoint.
            suite: what they are asked, comma-separated: see `selfplay-gym list suites`.
            options: of `selfplay-gym bench`: `limit`, `settings`, `out`, …
        """
        from ..bench.page import to_html
        from ..commands.bench import bench

        config = self.settings
        agents = [*(others or [config.roles[answering_role(config)].model]), str(self.checkpoint(name))]
        return Page(to_html(bench(agents, suite=suite, run=self.path, **options, console=_nowhere())))

    def watch(self) -> Watching:
        """A dashboard of the run, in a process of its own."""
        return Watching(self.path)

    # --- shown ---

    def __repr__(self) -> str:
        return super().__repr__().replace("RunFolder(", "Run(", 1)

    def _repr_html_(self) -> str:
        config, facts = self.settings, RunFacts(self.rows("metrics"))
        done = self.state.get("phase") == "done"
        stands = "finished" if done else f"round {self.state.get('round', 0)}, {self.state.get('phase', 'not begun')}"
        rows = [("base" if number == 0 else str(number), *scores) for number, *scores in scored_rounds(facts)]
        title = f"{self.path}: {config.env}, seed {config.seed}, {stands}"
        return _table_html(title, SCORES, rows)


def _found(label: Any, number: int) -> dict[str, Any]:
    return {"answer": label["answers"][number], "matches": label["matches"][number]}


def _frame(rows: list[Flat]) -> pd.DataFrame:
    """Rows as a data frame.

    Raises:
        MissingExtraError: pandas is not there.
    """
    try:
        import pandas
    except ImportError:
        raise MissingExtraError("pandas", "notebook", "a data frame") from None
    return pandas.DataFrame(rows)


def _nowhere() -> Any:
    """A console that shows nothing."""
    from ..terminal import Terminal

    return Terminal(quiet=True)


def _table_html(title: str, head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table with a title; every cell is escaped."""
    cell = "padding:.15em .9em .15em 0;text-align:right"
    names = "".join(f'<th style="{cell}">{escape(name)}</th>' for name in head)
    body = "".join(f"<tr>{''.join(f'<td style={cell!r}>{escape(one)}</td>' for one in row)}</tr>" for row in rows)
    return f"<div><b>{escape(title)}</b><table><tr>{names}</tr>{body}</table></div>"
