"""The notebooks of the documents run from the first cell to the last, and as pages show what they printed."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from scripts.docs_notebooks import convert_notebook
from tests.conftest import ROOT
from tests.test_docs import DOCS

NOTEBOOKS = sorted((DOCS / "notebooks").glob("*.ipynb"))


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    notebook = nbformat.read(path, as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    before = [len(cell.outputs) for cell in cells]
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    shown = [output for cell in cells for output in cell.outputs if output.get("name") != "stderr"]
    assert shown
    assert len(before) == len(cells) > 0


@pytest.mark.slow
def test_a_notebook_without_ipywidgets_complains_of_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    hidden = "import sys; sys.modules['ipywidgets'] = None"
    cells = [hidden, "import moldesign.predictors.gnn, moldesign.graphs, moldesign.predictors.attribution"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in cells])
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    assert [output for cell in notebook.cells for output in cell.outputs] == []


def test_there_are_two() -> None:
    assert len(NOTEBOOKS) == 2


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_page_shows_code_and_stored_outputs(path: Path) -> None:
    page = convert_notebook(path)
    assert page.startswith("# ")
    assert f"[{path.name}]({path.name})" in page
    assert page.count("```python") == sum(cell.cell_type == "code" for cell in nbformat.read(path, as_version=4).cells)
    assert '<div class="output">' in page
    assert "<style" not in page
