"""A predictor as an ONNX file, for programs without PyTorch; checked against PyTorch before it is written.

The file holds the ensemble, the scaling to units, the calibration of classes and the error model. It takes the arrays
of a `GraphTable` and gives values and std; intervals, domain and neighbours stay with the predictor.
"""

import io
import json
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from moldesign.checkpoint import write_bytes_atomically
from moldesign.errors import ExportError
from moldesign.graphs import FEATURES_VERSION, GraphTable, featurize_smiles
from moldesign.predictors.calibration import summarize_outputs
from moldesign.predictors.ensemble import Predictor
from moldesign.predictors.exported import ExportedEnsemble
from moldesign.predictors.latent import apply_ensemble
from moldesign.predictors.onnx_sums import EXACT_SUMS, require_exact_sums

OPSET = 18
TOLERANCE = 1e-4
"""How far a value may be from that of PyTorch: absolute for values up to 1, relative beyond."""

INPUTS = {
    "atoms": "float32 [n_atoms, n_atom_features]",
    "bonds": "float32 [2 * n_bonds, n_bond_features], both directions of a bond",
    "edges": "int64 [2, 2 * n_bonds], source and target atom of each, counted over the batch",
    "atom_starts": "int64 [n_molecules + 1], the first atom of each molecule, and the number of atoms",
}
OUTPUTS = {
    "values": "float32 [n_molecules, n_endpoints], in the unit of each endpoint",
    "std": "float32 [n_molecules, n_endpoints], how far off each value is expected to be, in the same unit",
}
GRAPHS = (
    "moldesign.graphs.featurize_smiles(smiles).graphs has the inputs as attributes of the same names; the SMILES are "
    "those of moldesign.chem.standardize.standardize_smiles, as in the training"
)

_DONE_BY_THE_FILE = {"log_scale", "center", "spread", "floor"}
_EXAMPLES = ("CC(=O)Oc1ccccc1C(=O)O", "Cn1c(=O)c2c(ncn2C)n(C)c1=O", "C[C@H](N)C(=O)O", "C")
_LARGE_BATCH = 200


def export_onnx(predictor: Predictor, path: str | Path) -> None:
    """Write a predictor as one ONNX file.

    Batches may have any number of molecules. The metadata of the file name the endpoints and their units, and say how
    the inputs are made. `values` and `std` are those of `Predictor.predict`.

    Args:
        predictor: what is exported; it stays as it is.
        path: the file, which must not exist yet.

    Raises:
        ExportError: the predictor has a forest or a kernel regression; onnx, onnxscript or onnxruntime is not
            installed; the file exists or cannot be written; the exported model differs from PyTorch by more than
            `TOLERANCE` on any of some real molecules; or it has sums that onnxruntime gets wrong on several threads
            (see `onnx_sums`).
    """
    target = Path(path)
    if predictor.forest is not None or predictor.kernel is not None:
        raise ExportError(
            f"{predictor.name} has models of fingerprints beside its networks, which an ONNX file cannot hold: train "
            "it with --no-forest, or an estimator with forest=False; of the bundled ones admet and activity have none"
        )
    onnx, onnxruntime = _require_tools()
    if target.exists():
        raise ExportError(f"{target} exists already; choose another file, or delete it first")
    if not target.parent.is_dir():
        raise ExportError(f"{target} cannot be written: there is no folder {target.parent}; create it first")
    model = _trace(ExportedEnsemble(predictor).eval())
    require_exact_sums(model)
    onnx.helper.set_model_props(model, describe_model(predictor))
    onnx.checker.check_model(model, full_check=True)
    content = model.SerializeToString()
    verify(predictor, onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"]))
    try:
        write_bytes_atomically(target, content)
    except OSError as error:
        raise ExportError(f"{target} cannot be written: {error.strerror}; choose another file") from error


def describe_model(predictor: Predictor) -> dict[str, str]:
    """Return what the file says of itself; values that are not plain text are JSON."""
    card = predictor.card
    described: dict[str, Any] = {
        "name": predictor.name,
        "moldesign_version": metadata.version("moldesign"),
        "features_version": FEATURES_VERSION,
        "graphs": GRAPHS,
        "inputs": INPUTS,
        "outputs": OUTPUTS,
        "endpoints": [
            {name: part for name, part in endpoint.to_dict().items() if name not in _DONE_BY_THE_FILE}
            for endpoint in predictor.endpoints
        ],
        **{key: card[key] for key in ("source", "licence", "date", "sha256", "limits") if key in card},
    }
    return {
        f"moldesign.{key}": value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for key, value in described.items()
    }


def verify(predictor: Predictor, session: Any) -> None:
    """Compare an exported model with the predictor: on a single atom, on two molecules, and on a larger batch.

    Args:
        predictor: the original.
        session: an `onnxruntime.InferenceSession` of the export.

    Raises:
        ExportError: they differ; names endpoint and figures.
    """
    known = predictor.domain.smiles[:: max(1, len(predictor.domain.smiles) // _LARGE_BATCH)]
    for smiles in (["C"], ["[Na+]", _EXAMPLES[0]], [*_EXAMPLES, *known]):
        graphs = featurize_smiles(smiles).graphs
        outputs, states = apply_ensemble(predictor.networks, graphs)
        errors = predictor.error_model.expect(outputs.mean(axis=0), states) if predictor.error_model else None
        summary = summarize_outputs(predictor.endpoints, outputs, predictor.calibration, expected=errors)
        found = session.run(list(OUTPUTS), to_inputs(graphs))
        for name, ours, theirs in zip(OUTPUTS, summary[:2], found, strict=True):
            _require_equal(predictor, name, ours, theirs)


def to_inputs(graphs: GraphTable) -> dict[str, NDArray[Any]]:
    """Return graphs as the exported model takes them."""
    return {"atoms": graphs.atoms, "bonds": graphs.bonds, "edges": graphs.edges, "atom_starts": graphs.atom_starts}


def _require_equal(predictor: Predictor, name: str, expected: NDArray[np.float32], found: NDArray[np.float32]) -> None:
    if expected.shape != found.shape:
        raise ExportError(f"the export gives {name} of shape {found.shape}, not {expected.shape}; nothing is written")
    allowed = TOLERANCE * np.maximum(1, np.abs(expected))
    same = (found == expected) | (np.isnan(found) & np.isnan(expected))
    wrong = ~same & ~(np.abs(found - expected) <= allowed)
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        raise ExportError(
            f"the export gives {found[row, column]:.6g} for {name} of {predictor.endpoints[column].name}, and PyTorch "
            f"{expected[row, column]:.6g}; nothing is written: install the newest onnx, onnxscript and onnxruntime"
        )


def _trace(ensemble: ExportedEnsemble) -> Any:
    """Return the ensemble as an ONNX ModelProto."""
    graphs = featurize_smiles(list(_EXAMPLES)).graphs
    example = tuple(torch.from_numpy(array) for array in to_inputs(graphs).values())
    free = torch.export.Dim.DYNAMIC
    with _quiet_exporter():
        program: Any = torch.onnx.export(
            ensemble,
            example,
            input_names=list(INPUTS),
            output_names=list(OUTPUTS),
            dynamic_shapes={"atoms": {0: free}, "bonds": {0: free}, "edges": {1: free}, "atom_starts": {0: free}},
            opset_version=OPSET,
            dynamo=True,
            custom_translation_table=EXACT_SUMS,
        )
    return program.model_proto


@contextmanager
def _quiet_exporter() -> Iterator[None]:
    """Silence what the exporter says of packages that are not needed here; its errors are exceptions."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def _require_tools() -> tuple[Any, Any]:
    try:
        import onnx  # noqa: PLC0415  optional extras
        import onnxruntime  # noqa: PLC0415
        import onnxscript  # noqa: F401, PLC0415
    except ImportError as error:
        raise ExportError(
            f"the export needs {error.name}, which is not installed: pip install 'moldesign[onnx]'"
        ) from error
    return onnx, onnxruntime
