"""Sums in the ONNX file: right on any number of threads, every time."""

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from moldesign.errors import ExportError
from moldesign.predictors import onnx_export
from moldesign.predictors.onnx_export import export_onnx
from moldesign.predictors.onnx_sums import EXACT_SUMS, require_exact_sums
from tests.predictors.tiny_predictor import make_predictor

N_ROWS, N_TARGETS, WIDTH = 20_000, 2, 96


class Sum(torch.nn.Module):
    def forward(self, total, index, rows):
        return total.index_add(0, index, rows)


def export_sum(table):
    free = torch.export.Dim.DYNAMIC
    example = (torch.zeros(3, WIDTH), torch.tensor([0, 2, 2, 1]), torch.ones(4, WIDTH))
    program = torch.onnx.export(
        Sum().eval(),
        example,
        input_names=["total", "index", "rows"],
        dynamic_shapes={"total": {0: free}, "index": {0: free}, "rows": {0: free}},
        opset_version=onnx_export.OPSET,
        dynamo=True,
        verbose=False,
        custom_translation_table=table,
    )
    return program.model_proto


def run_sum(model, total, index, rows, n_threads=1):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = n_threads
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    while True:
        yield session.run(None, {"total": total, "index": index, "rows": rows})[0]


@pytest.fixture(scope="module")
def model():
    return export_sum(EXACT_SUMS)


def test_threads_lose_nothing(model):
    """With ScatterND about one run in ten is wrong here, on two cores."""
    total, rows = np.zeros((N_TARGETS, WIDTH), np.float32), np.ones((N_ROWS, WIDTH), np.float32)
    sums = run_sum(model, total, np.arange(N_ROWS) % N_TARGETS, rows, n_threads=8)
    for _ in range(40):
        np.testing.assert_array_equal(next(sums), N_ROWS / N_TARGETS)


@pytest.mark.parametrize(("n_targets", "n_rows"), [(1, 1), (5, 30), (30, 5), (4, 0)])
def test_it_is_the_sum_of_pytorch(model, n_targets, n_rows):
    rng = np.random.default_rng(0)
    total, rows = (rng.normal(size=(n, WIDTH)).astype(np.float32) for n in (n_targets, n_rows))
    index = rng.integers(0, n_targets, n_rows)
    expected = Sum()(*map(torch.from_numpy, (total, index, rows))).numpy()
    np.testing.assert_allclose(next(run_sum(model, total, index, rows)), expected, atol=1e-5)


def test_sums_of_the_exporter_are_refused(model):
    require_exact_sums(model)
    with pytest.raises(ExportError, match=r"sums with ScatterND .* nothing is written"):
        require_exact_sums(export_sum({}))


def test_no_file_has_sums_that_lose_a_part(tmp_path, monkeypatch):
    export_onnx(make_predictor(n_networks=1), tmp_path / "tiny.onnx")
    kinds = {node.op_type for node in onnx.load(tmp_path / "tiny.onnx").graph.node}
    assert "ScatterElements" in kinds
    assert "ScatterND" not in kinds
    monkeypatch.setattr(onnx_export, "EXACT_SUMS", {})
    with pytest.raises(ExportError, match="ScatterND"):
        export_onnx(make_predictor(n_networks=1), tmp_path / "other.onnx")
    assert not (tmp_path / "other.onnx").exists()
