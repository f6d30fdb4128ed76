"""Boosted trees of one endpoint: CatBoost, after MapLight (arXiv:2310.00174).

Two settings differ from the published ones, chosen by cross-validation on training scaffolds of lipophilicity:
regressions minimise the squared error, for which CatBoost finds a learning rate (MAE .524 instead of .556), and each
split looks at a tenth of the features (.597 instead of .592, in a quarter of the time).
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from moldesign.checkpoint import CARD_FILE, write_text_atomically
from moldesign.predictors.endpoints import Endpoint, fit_endpoint

MODEL_FILE = "model.cbm"


@dataclass(frozen=True)
class TreeSettings:
    """What differs from CatBoost's own defaults, and how many trees and threads."""

    iterations: int = 1000
    random_strength: float = 2.0
    column_share: float = 0.1
    """Of the features that each split looks at."""
    regression_loss: str = "RMSE"
    """CatBoost's name of the loss of a regression; that of a classification is Logloss."""
    n_threads: int = 1
    """More threads are faster, and may change the last digits."""


class BoostedTrees:
    """A model of one endpoint over rows of features, which may hold NaN."""

    def __init__(
        self,
        kind: Literal["regression", "classification"],
        *,
        log_scale: bool = False,
        settings: TreeSettings | None = None,
    ) -> None:
        self.kind = kind
        self.log_scale = log_scale
        self.settings = settings or TreeSettings()
        self._model: Any = None
        self._scale: Endpoint | None = None

    def fit(self, features: NDArray[np.generic], labels: NDArray[np.float64], seed: int) -> "BoostedTrees":
        """Learn the labels [N] from the features [N, F]; rows without a label are left out. Returns itself."""
        known = np.isfinite(labels)
        self._scale = fit_endpoint("label", self.kind, labels, log_scale=self.log_scale)
        targets = labels if self.kind == "classification" else self._scale.to_targets(labels)
        self._model = self._make_model(seed)
        self._model.fit(features[known], targets[known])
        return self

    def predict(self, features: NDArray[np.generic]) -> NDArray[np.float64]:
        """Return the probability of class 1, or the value in the unit of the labels, float64 [N]."""
        if self._scale is None:
            raise ValueError("these trees were not fitted; call fit first")
        if self.kind == "classification":
            return np.asarray(self._model.predict_proba(features)[:, 1], dtype=np.float64)
        outputs = np.asarray(self._model.predict(features), dtype=np.float32)
        return self._scale.to_values(outputs).astype(np.float64)

    def save(self, folder: Path) -> None:
        """Write `model.cbm` and `card.json` into a folder."""
        if self._scale is None:
            raise ValueError("these trees were not fitted; call fit first")
        folder.mkdir(parents=True, exist_ok=True)
        self._model.save_model(str(folder / MODEL_FILE))
        card = {"kind": self.kind, "settings": asdict(self.settings), "endpoint": self._scale.to_dict()}
        write_text_atomically(folder / CARD_FILE, json.dumps(card, indent=1) + "\n")

    @classmethod
    def load(cls, folder: Path) -> "BoostedTrees":
        """Read what `save` wrote.

        Raises:
            FileNotFoundError: the folder holds no trees.
        """
        card = json.loads((folder / CARD_FILE).read_text(encoding="utf-8"))
        trees = cls(card["kind"], settings=TreeSettings(**card["settings"]))
        trees._scale = Endpoint.from_dict(card["endpoint"])
        trees.log_scale = trees._scale.log_scale
        trees._model = trees._make_model(seed=0).load_model(str(folder / MODEL_FILE))
        return trees

    def _make_model(self, seed: int) -> Any:
        options: dict[str, Any] = {
            "iterations": self.settings.iterations,
            "random_strength": self.settings.random_strength,
            "rsm": self.settings.column_share,
            "thread_count": self.settings.n_threads,
            "random_seed": seed,
            "logging_level": "Silent",
            "allow_writing_files": False,
        }
        catboost = import_catboost()
        if self.kind == "classification":
            return catboost.CatBoostClassifier(loss_function="Logloss", **options)
        return catboost.CatBoostRegressor(loss_function=self.settings.regression_loss, **options)


def import_catboost() -> ModuleType:
    """Return the library, which is an extra.

    Raises:
        ModuleNotFoundError: it is not installed; says how to install it.
    """
    try:
        import catboost  # noqa: PLC0415  an extra, and slow to import
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError("boosted trees need CatBoost: pip install 'moldesign[bench]'") from error
    return catboost
