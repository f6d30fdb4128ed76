"""Scikit-learn estimators over SMILES: for pipelines, cross-validation and searches of scikit-learn.

X is a list, array or Series of SMILES, or a table with that one column. The fitted model is a `Predictor`, in the
attribute `predictor_`: it has intervals, domain and neighbours, and can be saved as a model folder.
"""

import tempfile
from collections.abc import Sequence
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils import check_consistent_length, check_random_state, check_scalar, column_or_1d
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import check_is_fitted

from moldesign.checkpoint import CARD_FILE, TENSORS_FILE
from moldesign.chem.smiles import refuse_single_text
from moldesign.errors import InvalidSmilesError
from moldesign.predictors.array_fit import ArrayOptions, ArraySplit, ArrayTarget, fit_arrays
from moldesign.predictors.assay import LogChoice, spans_decades
from moldesign.predictors.ensemble import Predictor, load_model_folder
from moldesign.predictors.train_options import DEFAULT_START
from moldesign.predictors.training import LossKind, TrainingSettings

_CHOICES = {
    "split": ("scaffold", "random", "cluster"),
    "loss": ("plain", "weighted", "focal"),
    "log": ("auto", "on", "off"),
}


class _MoleculeEstimator(BaseEstimator):  # type: ignore[misc]
    """What both estimators have in common."""

    predictor_: Predictor

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.one_d_array = True
        return tags

    def _fit(self, texts: list[Any], labels: NDArray[np.float64], targets: Sequence[ArrayTarget]) -> None:
        params = self.get_params(deep=False)
        _check_params(params)
        training = TrainingSettings(
            n_epochs=self.n_epochs,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            loss=params.get("loss", "plain"),
            patience=self.patience,
        )
        options = ArrayOptions(
            training,
            start=self.start,
            n_networks=self.n_networks,
            dropout=self.dropout,
            split=self.split,
            forest=self.forest,
            device=self.device,
            seed=int(check_random_state(self.random_state).randint(2**31 - 1)),
        )
        self.predictor_ = fit_arrays(texts, labels, targets, options)

    def _take_rows(self, X: Any, y: Any) -> list[Any]:  # noqa: N803  scikit-learn's own names
        """Return the SMILES of X, and note what X looked like.

        Raises:
            ValueError: y is missing, or of another length than X.
        """
        if y is None:
            raise ValueError(f"{type(self).__name__} requires y to be passed, but the target y is None")
        texts = _list_smiles(X)
        check_consistent_length(texts, y)
        self.n_features_in_ = 1
        self.__dict__.pop("feature_names_in_", None)
        if isinstance(X, pd.DataFrame) and isinstance(X.columns[0], str):
            self.feature_names_in_ = np.array(X.columns, dtype=object)
        return texts

    def _predict_values(self, X: Any) -> tuple[NDArray[np.float64], NDArray[np.float64], list[str | None]]:  # noqa: N803
        """Return values and std, [N, T] each, and the error of each row."""
        check_is_fitted(self)
        known = self.__dict__.get("feature_names_in_")
        if isinstance(X, pd.DataFrame) and known is not None and list(X.columns) != list(known):
            raise ValueError(f"the feature names should match those that were passed during fit: {', '.join(known)}")
        predictions = self.predictor_.predict(_list_smiles(X), with_domain=False)
        return predictions.values.astype(np.float64), predictions.std.astype(np.float64), predictions.errors

    def __getstate__(self) -> dict[str, Any]:
        """Return parameters and attributes; the predictor as the bytes of its model folder, which hold no code."""
        state = dict(super().__getstate__())
        if "predictor_" in state:
            state["predictor_"] = _pack(state["predictor_"])
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take the state back.

        Raises:
            ModelFormatError: the model is damaged, or was made with other features.
        """
        if "predictor_" in state:
            state = state | {"predictor_": _unpack(state["predictor_"])}
        super().__setstate__(state)


class MoleculeRegressor(RegressorMixin, _MoleculeEstimator):  # type: ignore[misc]
    """Learns numbers from SMILES: an ensemble of graph networks behind scikit-learn's interface.

    A row whose SMILES cannot be read is refused by `fit`, and is NaN in `predict`.

    Args:
        start: bundled model or model folder whose knowledge of molecules the networks start from; None: from nothing.
            Where it has learned your molecules, with values like yours, a cross-validation flatters.
        n_networks: size of the ensemble.
        n_epochs: passes over the molecules, at most.
        patience: stop after so many epochs without progress on a validation part, one tenth of the molecules; None
            learns from all of them for `n_epochs`.
        split: how that tenth is chosen, "random", "scaffold" or "cluster"; with the latter two it holds molecules
            unlike the learned ones.
        forest: mix a random forest and a kernel regression over fingerprints into what the networks say, as far as
            that helps on that tenth; needs a patience. Without it the model can be exported to ONNX.
        learning_rate: the highest, after the warm-up.
        batch_size: molecules per step.
        dropout: in the heads of the networks.
        log: whether the logarithm is learned, "on", "off", or "auto": where positive values span three decades.
        device: where the networks are trained; they predict on the CPU.
        random_state: an int repeats the training exactly on a CPU.

    Attributes:
        predictor_: the fitted `Predictor`.
        n_features_in_: 1.
        feature_names_in_: name of the column, if X was a table.
    """

    def __init__(  # noqa: PLR0913  scikit-learn reads the parameters from the signature
        self,
        *,
        start: str | Path | None = DEFAULT_START,
        n_networks: int = 3,
        n_epochs: int = 60,
        patience: int | None = 20,
        split: ArraySplit = "random",
        forest: bool = True,
        learning_rate: float = 2e-3,
        batch_size: int = 64,
        dropout: float = 0.1,
        log: LogChoice = "auto",
        device: str = "cpu",
        random_state: Any = None,
    ) -> None:
        self.start = start
        self.n_networks = n_networks
        self.n_epochs = n_epochs
        self.patience = patience
        self.split = split
        self.forest = forest
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.dropout = dropout
        self.log = log
        self.device = device
        self.random_state = random_state

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def fit(self, X: Any, y: Any) -> "MoleculeRegressor":  # noqa: N803
        """Learn.

        Args:
            X: N SMILES.
            y: numbers [N], or [N, T] with NaN where a target was not measured; every row needs one.

        Raises:
            InvalidSmilesError: names the rows that are no molecule.
            ValueError: labels are missing, infinite, all equal or too few; a target is called like a column of the
                predictions, or like another one; or a parameter is unknown.
        """
        texts = self._take_rows(X, y)
        labels = np.asarray(y, dtype=np.float64)
        if labels.ndim > 2:
            raise ValueError(f"y is [N] or [N, T]; this one has the shape {labels.shape}")
        self._has_column_y = labels.ndim == 1
        labels = labels.reshape(len(texts), -1)
        _require_labels(labels)
        names = _name_targets(y, labels.shape[1])
        scales = [self._choose_scale(labels[:, t]) for t in range(len(names))]
        self._fit(
            texts,
            labels,
            [ArrayTarget(name, "regression", log_scale=scale) for name, scale in zip(names, scales, strict=True)],
        )
        return self

    def predict(self, X: Any, return_std: bool = False) -> Any:  # noqa: N803
        """Return the values, float64 [N] or [N, T] as y was; NaN where a SMILES cannot be read.

        Args:
            X: N SMILES.
            return_std: also return the epistemic standard deviation, of the same shape.
        """
        values, std, _ = self._predict_values(X)
        if self._has_column_y:
            values, std = values[:, 0], std[:, 0]
        return (values, std) if return_std else values

    def _choose_scale(self, labels: NDArray[np.float64]) -> bool:
        known = labels[np.isfinite(labels)]
        if self.log == "on" and (known < 0).any():
            raise ValueError("y has values below 0, which have no logarithm: leave log='on' out")
        return self.log == "on" or (self.log == "auto" and len(known) > 0 and spans_decades(known))


class MoleculeClassifier(ClassifierMixin, _MoleculeEstimator):  # type: ignore[misc]
    """Learns two classes from SMILES: an ensemble of graph networks behind scikit-learn's interface.

    The classes are any two values, such as 0 and 1, or "active" and "inactive"; for more of them put it into a
    `OneVsRestClassifier`. A row whose SMILES cannot be read is refused by `fit`, is NaN in `predict_proba`, and is
    refused by `predict`, because no class is true of it.

    Args:
        start: bundled model or model folder whose knowledge of molecules the networks start from; None: from nothing.
            Where it has learned your molecules, with values like yours, a cross-validation flatters.
        n_networks: size of the ensemble.
        n_epochs: passes over the molecules, at most.
        patience: stop after so many epochs without progress on a validation part, one tenth of the molecules; None
            learns from all of them for `n_epochs`.
        split: how that tenth is chosen, "random", "scaffold" or "cluster"; with the latter two it holds molecules
            unlike the learned ones.
        forest: mix a random forest and a kernel regression over fingerprints into what the networks say, as far as
            that helps on that tenth; needs a patience. Without it the model can be exported to ONNX.
        learning_rate: the highest, after the warm-up.
        batch_size: molecules per step.
        dropout: in the heads of the networks.
        loss: "weighted" gives both classes the same say, "focal" looks at what is still wrong, "plain" does neither.
        device: where the networks are trained; they predict on the CPU.
        random_state: an int repeats the training exactly on a CPU.

    Attributes:
        predictor_: the fitted `Predictor`; its endpoint is the probability of the second class.
        classes_: the two classes, sorted.
        n_features_in_: 1.
        feature_names_in_: name of the column, if X was a table.
    """

    def __init__(  # noqa: PLR0913
        self,
        *,
        start: str | Path | None = DEFAULT_START,
        n_networks: int = 3,
        n_epochs: int = 60,
        patience: int | None = 20,
        split: ArraySplit = "random",
        forest: bool = True,
        learning_rate: float = 2e-3,
        batch_size: int = 64,
        dropout: float = 0.1,
        loss: LossKind = "weighted",
        device: str = "cpu",
        random_state: Any = None,
    ) -> None:
        self.start = start
        self.n_networks = n_networks
        self.n_epochs = n_epochs
        self.patience = patience
        self.split = split
        self.forest = forest
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.dropout = dropout
        self.loss = loss
        self.device = device
        self.random_state = random_state

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags

    def fit(self, X: Any, y: Any) -> "MoleculeClassifier":  # noqa: N803
        """Learn.

        Args:
            X: N SMILES.
            y: the class of each, [N].

        Raises:
            InvalidSmilesError: names the rows that are no molecule.
            ValueError: there are not two classes, or too few molecules of them; or a parameter is unknown.
        """
        texts = self._take_rows(X, y)
        labels = column_or_1d(y, warn=True)
        check_classification_targets(labels)
        if (kind := type_of_target(labels, input_name="y")) != "binary":
            raise ValueError(f"Only binary classification is supported. The type of the target is {kind}.")
        self.classes_, codes = np.unique(labels, return_inverse=True)
        if len(self.classes_) == 1:
            raise ValueError(f"y has one class alone, {self.classes_.tolist()[0]!r}; a classifier needs two")
        name = _name_targets(y, 1)[0]
        target = ArrayTarget(name, "classification", f"whether {name} is {self.classes_[1]}")
        self._fit(texts, codes.astype(np.float64)[:, None], [target])
        return self

    def predict(self, X: Any) -> Any:  # noqa: N803
        """Return the more probable class of each row, [N].

        Raises:
            InvalidSmilesError: names the first row that is no molecule.
        """
        probability, _, errors = self._predict_values(X)
        if first := next(filter(None, errors), None):
            raise InvalidSmilesError(f"{first}; leave the row out, or ask predict_proba, which gives NaN there")
        return self.classes_[(probability[:, 0] >= 0.5).astype(np.int64)]

    def predict_proba(self, X: Any) -> Any:  # noqa: N803
        """Return the probability of each class, in the order of `classes_`, float64 [N, 2]; NaN in unreadable rows."""
        probability = self._predict_values(X)[0][:, 0]
        return np.column_stack([1 - probability, probability])


def _check_params(params: dict[str, Any]) -> None:
    """Check what would otherwise be misunderstood.

    Raises:
        ValueError: names the parameter and what it may be.
        TypeError: likewise.
    """
    for name, known in _CHOICES.items():
        if name in params and params[name] not in known:
            raise ValueError(f"{name}={params[name]!r} is unknown; it is one of {', '.join(map(repr, known))}")
    for name in ("n_networks", "n_epochs", "batch_size"):
        check_scalar(params[name], name, (int, np.integer), min_val=1)
    check_scalar(params["learning_rate"], "learning_rate", Real, min_val=0, include_boundaries="neither")
    if params["patience"] is not None:
        check_scalar(params["patience"], "patience", (int, np.integer), min_val=1)


def _list_smiles(X: Any) -> list[Any]:  # noqa: N803
    """Return the SMILES of a list, array, Series, or table of one column.

    Raises:
        TypeError: it is one text.
        ValueError: it has another number of columns, or no row.
    """
    refuse_single_text(X)
    cells = np.asarray(X, dtype=object)
    if cells.ndim != 1 and (cells.ndim != 2 or cells.shape[1] != 1):
        raise ValueError(f"X is one column of SMILES, [N] or [N, 1]; this one has the shape {cells.shape}")
    if not len(cells):
        raise ValueError("X has 0 rows; at least one SMILES is needed")
    return list(cells.ravel())


def _require_labels(labels: NDArray[np.float64]) -> None:
    if np.isinf(labels).any():
        raise ValueError(f"y is infinite in row {np.flatnonzero(np.isinf(labels).any(axis=1))[0]}")
    if (unlabelled := np.flatnonzero(np.isnan(labels).all(axis=1))).size:
        raise ValueError(f"y has {unlabelled.size} rows without any label (NaN), the first being row {unlabelled[0]}")


def _name_targets(y: Any, n_targets: int) -> list[str]:
    """Return the names that a pandas y has; y, or y0, y1, ..., where it has none."""
    if isinstance(y, pd.DataFrame):
        return [str(name) for name in y.columns]
    if isinstance(y, pd.Series) and y.name is not None:
        return [str(y.name)]
    return ["y"] if n_targets == 1 else [f"y{t}" for t in range(n_targets)]


def _pack(predictor: Predictor) -> dict[str, bytes]:
    """Return the files of the model folder."""
    with tempfile.TemporaryDirectory() as folder:
        predictor.save(Path(folder))
        return {name: (Path(folder) / name).read_bytes() for name in (TENSORS_FILE, CARD_FILE)}


def _unpack(files: dict[str, bytes]) -> Predictor:
    with tempfile.TemporaryDirectory() as folder:
        for name in (TENSORS_FILE, CARD_FILE):
            (Path(folder) / name).write_bytes(files[name])
        return load_model_folder(Path(folder))
