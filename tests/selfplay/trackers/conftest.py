"""Fakes of services that need an account or a heavy library: they take what the real ones take, and refuse the rest.

Written after wandb 0.31.0, trackio 0.43.0 and MLflow 3.17.2. Each keeps what it was told, by run.
"""

import re
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType, SimpleNamespace

import pytest


def module(name, **names):
    made = ModuleType(name)
    made.__spec__ = ModuleSpec(name, None)
    made.__dict__.update(names)
    return made


def checked_cells(columns, data):
    """Rows as long as the columns, of plain values."""
    assert all(len(row) == len(columns) for row in data)
    assert all(cell is None or isinstance(cell, str | int | float | bool) for row in data for cell in row)
    return [dict(zip(columns, row, strict=True)) for row in data]


class FakeTable:
    def __init__(self, columns=None, data=None, dataframe=None, rows=None, allow_mixed_types=False):
        kinds = [{type(row[at]) for row in data if row[at] is not None} for at in range(len(columns))]
        if not allow_mixed_types and any(len(kind) > 1 for kind in kinds):
            raise TypeError("Data row contained incompatible types")
        self.rows = checked_cells(columns, data)


@pytest.fixture
def wandb(monkeypatch):
    """`wandb.runs`: by id, what the servers know; `wandb.logged_in`, `wandb.network`."""
    fields = {
        *("console", "silent", "disable_code", "disable_git", "save_code", "host", "init_timeout"),
        *("x_disable_machine_info", "x_disable_meta", "x_save_requirements", "login_timeout", "quiet"),
    }

    class Settings:
        def __init__(self, **given):
            assert set(given) <= fields, "Settings refuses what it does not know"
            self.__dict__.update(given)

    class Run:
        def __init__(self, known):
            self.known, self.over = known, False

        def log(self, data, step=None, commit=None, sync=None):
            assert not self.over
            if step < self.known.last:
                return  # with a warning: "Tried to log to step that is less than the current step"
            self.known.last = step
            self.known.history.setdefault(step, {}).update(data)

        def finish(self, exit_code=None, quiet=None):
            self.over, self.known.exit_code = True, exit_code

    def init(
        entity=None, project=None, dir=None, id=None, name=None, notes=None, tags=None, config=None, group=None,
        job_type=None, mode=None, resume=None, reinit=None, settings=None,
    ):  # fmt: skip
        if mode == "online":
            if not fake.network:
                raise TimeoutError("Run initialization has timed out after 30.0 sec")
            assert fake.logged_in, "would ask at the terminal"
        first = SimpleNamespace(history={}, last=-1, config={}, name=name, exit_code=None, project=project, dir=dir)
        known = fake.runs.setdefault(id, first) if mode == "online" and resume == "allow" else first
        fake.runs[id] = known
        known.config |= config
        known.settings, known.tags, known.mode = settings, tags, mode
        return Run(known)

    def login(key=None, relogin=None, host=None, force=None, timeout=None, verify=True, referrer=None, prompt=True):
        assert not prompt
        assert not verify
        return fake.logged_in

    fake = module("wandb", Settings=Settings, Table=FakeTable, init=init, login=login)
    fake.runs, fake.logged_in, fake.network = {}, True, True
    monkeypatch.setitem(sys.modules, "wandb", fake)
    return fake


@pytest.fixture
def trackio(monkeypatch):
    """`trackio.rows`: by (project, run), what the database holds."""

    class Run:
        def __init__(self, rows):
            self.rows = rows

        def log(self, metrics, step=None):
            assert isinstance(metrics, dict)
            self.rows.append((step, metrics))

        def finish(self):
            self.rows.append("finished")

    def init(
        project, name=None, group=None, space_id=None, server_url=None, dataset_id=None, bucket_id=None, config=None,
        resume="never", settings=None, private=None, embed=True, auto_log_gpu=None, gpu_log_interval=10.0,
        auto_log_cpu=None, cpu_log_interval=10.0, webhook_url=None, webhook_min_level=None,
    ):  # fmt: skip
        assert not any(key.startswith("_") for key in config), "keys with an underscore are trackio's own"
        assert (resume, embed, auto_log_cpu, auto_log_gpu) == ("allow", False, False, False)
        fake.opened.append({"space_id": space_id, "private": private, "config": config})
        return Run(fake.rows.setdefault((project, name), []))

    fake = module("trackio", init=init, Table=FakeTable)
    fake.rows, fake.opened = {}, []
    monkeypatch.setitem(sys.modules, "trackio", fake)
    return fake


class MlflowException(Exception):
    """What a server refuses."""


@pytest.fixture
def mlflow(monkeypatch):
    """`mlflow.stores`: by address, experiments with their runs."""

    def named(name):
        if not re.fullmatch(r"[/\w.\- :]+", name, re.ASCII) or len(name) > 250:
            raise MlflowException(f"Invalid name: {name!r}")
        return name

    def metric(key, value, timestamp, step):
        assert (type(value), type(timestamp), type(step)) == (float, int, int)
        return SimpleNamespace(key=named(key), value=value, timestamp=timestamp, step=step)

    def param(key, value):
        if len(value) > 6000:
            raise MlflowException("Param value exceeds the maximum length")
        return SimpleNamespace(key=named(key), value=value)

    class MlflowClient:
        def __init__(self, tracking_uri=None, registry_uri=None):
            if tracking_uri.startswith("http"):
                raise ConnectionError(f"Max retries exceeded with {tracking_uri}")
            self.tracking_uri = tracking_uri
            self.store = fake.stores.setdefault(tracking_uri, SimpleNamespace(experiments={}, runs={}))

        def get_experiment_by_name(self, name):
            return self.store.experiments.get(name)

        def create_experiment(self, name, artifact_location=None, tags=None):
            found = SimpleNamespace(experiment_id=str(len(self.store.experiments)), artifact_location=artifact_location)
            self.store.experiments[named(name)] = found
            return found.experiment_id

        def search_runs(self, experiment_ids, filter_string="", run_view_type=1, max_results=1000):
            tag, value = re.fullmatch(r"tags\.`([\w.]+)` = '(\w+)'", filter_string).groups()
            return [run for run in self.store.runs.values() if run.tags.get(tag) == value][:max_results]

        def create_run(self, experiment_id, start_time=None, tags=None, run_name=None):
            info = SimpleNamespace(run_id=f"run{len(self.store.runs)}", experiment_id=experiment_id, status="RUNNING")
            made = SimpleNamespace(info=info, tags=tags, name=run_name, metrics=[], params={}, files={})
            self.store.runs[info.run_id] = made
            return made

        def log_batch(self, run_id, metrics=(), params=(), tags=(), synchronous=None):
            if len(params) > 100 or len(metrics) > 1000:
                raise MlflowException("A batch logging request can contain at most 100 params and 1000 metrics")
            run = self.store.runs[run_id]
            run.metrics += metrics
            for one in params:
                if run.params.setdefault(one.key, one.value) != one.value:
                    raise MlflowException(f"Changing param values is not allowed: {one.key}")

        def log_dict(self, run_id, dictionary, artifact_file):
            self.store.runs[run_id].files[named(artifact_file)] = dictionary

        def update_run(self, run_id, status=None, name=None):
            self.store.runs[run_id].info.status = status

        def set_terminated(self, run_id, status=None, end_time=None):
            assert status in ("FINISHED", "KILLED", "FAILED")
            self.store.runs[run_id].info.status = status

    fake = module("mlflow", MlflowClient=MlflowClient)
    fake.entities = module("mlflow.entities", Metric=metric, Param=param)
    fake.stores = {}
    monkeypatch.setitem(sys.modules, "mlflow", fake)
    monkeypatch.setitem(sys.modules, "mlflow.entities", fake.entities)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    for name in ("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "MLFLOW_HTTP_REQUEST_TIMEOUT"):
        monkeypatch.setenv(name, "1")
    return fake
