"""MLflow: a run in an experiment, in a database of the run folder or on a tracking server."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ...core.errors import MissingExtraError
from ...core.protocols import Cell, TrackedRun
from ...core.registries import register_tracker
from .installed import is_installed

if TYPE_CHECKING:
    from mlflow import MlflowClient

TAG = "selfplay_gym.id"
"""The tag by which a resumed run is found again."""
STATUS = {"done": "FINISHED", "stopped": "KILLED", "failed": "FAILED"}
PARAMETERS = 100
"""Parameters in one call at most."""
LONGEST = 500
"""Characters of a parameter that every server takes."""
PATIENCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2", "MLFLOW_HTTP_REQUEST_TIMEOUT": "10"}
"""How long a server that does not answer holds up a run, unless the environment says otherwise: half a minute."""


@register_tracker("mlflow")
class MLflow:
    """A run of MLflow, in the file `mlflow.db` of the run folder or on a server.

    Args:
        uri: of the tracking server or store; `None` is what `MLFLOW_TRACKING_URI` says, or else the run folder.
        experiment: its name there.
    """

    def __init__(self, uri: str | None = None, experiment: str = "selfplay-gym") -> None:
        if not is_installed("mlflow"):
            raise MissingExtraError("mlflow", "mlflow", "trackers=['mlflow']")
        self.uri, self.experiment = uri, experiment
        self._client: MlflowClient | None = None
        self._id = ""

    def begin(self, run: TrackedRun) -> None:
        """See `core.protocols.Tracker`."""
        for name, value in PATIENCE.items():
            os.environ.setdefault(name, value)
        from mlflow import MlflowClient
        from mlflow.entities import Param

        own = f"sqlite:///{run.folder / 'mlflow.db'}"
        self._client = client = MlflowClient(self.uri or os.environ.get("MLFLOW_TRACKING_URI") or own)
        found = client.get_experiment_by_name(self.experiment)
        if found is not None:
            experiment = found.experiment_id
        else:
            files = (run.folder / "mlflow").as_uri() if client.tracking_uri == own else None
            experiment = client.create_experiment(self.experiment, artifact_location=files)
        known = client.search_runs([experiment], f"tags.`{TAG}` = '{run.id}'", max_results=1)
        if known:
            self._id = known[0].info.run_id
            client.update_run(self._id, "RUNNING")
            return
        self._id = client.create_run(experiment, tags={TAG: run.id}, run_name=run.name).info.run_id
        settings = [Param(_name(name), str(value)[:LONGEST]) for name, value in run.settings.items()]
        for start in range(0, len(settings), PARAMETERS):
            client.log_batch(self._id, params=settings[start : start + PARAMETERS])

    def log(self, measures: Mapping[str, float], step: int) -> None:
        """See `core.protocols.Tracker`."""
        from mlflow.entities import Metric

        assert self._client is not None
        now = int(1000 * time.time())
        found = [Metric(_name(name), float(value), now, step) for name, value in measures.items()]
        if found:
            self._client.log_batch(self._id, metrics=found)

    def table(self, name: str, columns: Sequence[str], rows: Sequence[Sequence[Cell]], step: int) -> None:
        """See `core.protocols.Tracker`: as an artifact, `NAME/STEP.json`."""
        assert self._client is not None
        content = {"columns": list(columns), "data": [list(row) for row in rows]}
        self._client.log_dict(self._id, content, f"{_name(name)}/{step:06}.json")

    def end(self, reason: str) -> None:
        """See `core.protocols.Tracker`."""
        if self._client is not None:
            self._client.set_terminated(self._id, STATUS.get(reason, "FAILED"))
            self._client = None


def _name(name: str) -> str:
    """A name that MLflow takes: letters, digits and `_-. :/` only."""
    return re.sub(r"[^A-Za-z0-9_\-. :/]", "_", name)
