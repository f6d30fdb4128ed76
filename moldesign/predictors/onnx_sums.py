"""Sums of rows in an ONNX file, so that they are right on any number of threads.

PyTorch's exporter turns `index_add` into ScatterND. onnxruntime shares its rows among threads, and where two of them
add to the same row at once, a part of the sum is lost (github.com/microsoft/onnxruntime/issues/23396). With release
1.31 on two busy cores, one run in twenty of an ensemble on 200 molecules was wrong, by up to 0.17 of a probability.
What is lost changes from one run to the next, so that comparing figures does not always find it.
"""

from collections.abc import Callable
from typing import Any

import torch

from moldesign.errors import ExportError


def _add_rows(total: Any, dim: int, index: Any, rows: Any) -> Any:
    """Translate `index_add` of rows [M, D] to [N, D] into the additions of M * D single numbers, by ScatterElements."""
    import onnxscript  # noqa: PLC0415  optional extra

    op: Any = onnxscript.opset18
    # The numbers lie in one line: with two dimensions onnxruntime takes more than twice as long.
    line = op.Constant(value_ints=[-1])
    width = op.Squeeze(op.Shape(rows, start=1))
    columns = op.Range(op.Constant(value_int=0), width, op.Constant(value_int=1))
    places = op.Add(op.Mul(op.Unsqueeze(index, line), width), columns)
    flat = (op.Reshape(tensor, line) for tensor in (total, places, rows))
    return op.Reshape(op.ScatterElements(*flat, axis=dim, reduction="add"), op.Shape(total))


EXACT_SUMS: dict[Callable[..., Any], Callable[..., Any]] = {torch.ops.aten.index_add.default: _add_rows}
"""For `custom_translation_table` of `torch.onnx.export`; sums over the first dimension of two"""


def require_exact_sums(model: Any) -> None:
    """Make sure that a model, an ONNX ModelProto, holds no sum of which a runtime may lose a part.

    Raises:
        ExportError: it does.
    """
    for node in model.graph.node:
        if node.op_type == "ScatterND" and any(one.name == "reduction" and one.s != b"none" for one in node.attribute):
            raise ExportError(
                f"the export sums with ScatterND ({node.name}), of which onnxruntime loses a part on several threads; "
                "nothing is written: use the releases of torch and onnxscript that moldesign was tested with"
            )
