"""The notebooks run from top to bottom, show what they promise, and are kept without what they showed."""

import json
import os
from pathlib import Path

import pytest

import selfplay_gym

ROOT = Path(selfplay_gym.__file__).parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SHOWS = {
    "1_play_and_render": ["selfplay-episode", "malformed proposal", "✓", "reward"],
    "2_train_and_look": ["exam, % [95 %]", "<iframe sandbox", "<table", "solver-0"],
    "3_verifier_and_curriculum": ["reward 0.5", "4 off", "selfplay-episode", "mean"],
}


def test_the_notebooks_are_found():
    assert {path.stem for path in NOTEBOOKS} == SHOWS.keys()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_kept_without_outputs(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert code
    assert [cell for cell in code if cell["outputs"] or cell["execution_count"]] == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_and_shows_what_it_promises(path, tmp_path, monkeypatch):
    nbformat = pytest.importorskip("nbformat", reason="the extra test brings nbclient and ipykernel")
    nbclient = pytest.importorskip("nbclient", reason="the extra test brings nbclient and ipykernel")
    pytest.importorskip("ipykernel", reason="the extra test brings nbclient and ipykernel")
    for name in ("HOME", "TMPDIR", "IPYTHONDIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT.parent), os.environ.get("PYTHONPATH", "")]))
    notebook = nbformat.read(path, as_version=4)
    here = {"metadata": {"path": str(tmp_path)}}
    nbclient.NotebookClient(notebook, timeout=300, kernel_name="python3", resources=here).execute()
    shown = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    said = "\n".join(json.dumps(output.get("data", output.get("text", "")), ensure_ascii=False) for output in shown)
    assert [one for one in SHOWS[path.stem] if one not in said.replace('\\"', '"')] == []
    assert [output for output in shown if output.get("name") == "stderr" and "Traceback" in output["text"]] == []
