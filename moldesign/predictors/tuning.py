"""A small search for the settings under which a network does best on the validation part."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from moldesign.errors import MoldesignError
from moldesign.predictors.ensemble_fit import EnsemblePlan
from moldesign.predictors.finished import FinishedNetwork

LEARNING_RATES = (3e-4, 1e-2)
DROPOUTS = (0.0, 0.4)
BATCH_SIZES = (16, 32, 64, 128)
HIDDEN_SIZES = (64, 96, 128, 192)
LAYERS = (2, 5)


@dataclass(frozen=True)
class Trial:
    """What was tried, and how well it did."""

    settings: dict[str, float]
    valid_loss: float


def require_optuna() -> Any:
    """Return the module Optuna.

    Raises:
        MoldesignError: it is not installed; says how to install it.
    """
    try:
        import optuna  # noqa: PLC0415  an optional extra
    except ImportError as error:
        raise MoldesignError(
            "searching for settings needs Optuna, which is not installed: pip install 'moldesign[search]'"
        ) from error
    return optuna


def search_plan(
    plan: EnsemblePlan, n_trials: int, train: Callable[[int, EnsemblePlan], FinishedNetwork]
) -> tuple[EnsemblePlan, list[Trial]]:
    """Try settings, the given ones first, and return the plan that has the lowest validation loss.

    Learning rate, dropout and batch size are searched, and the size of the network unless it starts from an encoder.
    The trials follow from the seed of the plan alone.

    Args:
        plan: what is tried first.
        n_trials: how many, with the first.
        train: trains a network by a plan, with validation; gets the number of the trial, too.
    """
    optuna = require_optuna()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=plan.seed))
    study.enqueue_trial(_describe(plan))
    trials: list[Trial] = []

    def measure(trial: Any) -> float:
        proposed = _propose(plan, trial)
        finished = train(trial.number, proposed)
        trials.append(Trial(_describe(proposed), finished.best_loss))
        return finished.best_loss

    study.optimize(measure, n_trials=n_trials)
    return _apply(plan, study.best_params), trials


def _propose(plan: EnsemblePlan, trial: Any) -> EnsemblePlan:
    found: dict[str, float] = {
        "learning_rate": trial.suggest_float("learning_rate", *LEARNING_RATES, log=True),
        "dropout": trial.suggest_float("dropout", *DROPOUTS),
        "batch_size": trial.suggest_categorical("batch_size", BATCH_SIZES),
    }
    if plan.encoder is None:
        found["hidden_size"] = trial.suggest_categorical("hidden_size", HIDDEN_SIZES)
        found["n_layers"] = trial.suggest_int("n_layers", *LAYERS)
    return _apply(plan, found)


def _apply(plan: EnsemblePlan, found: dict[str, Any]) -> EnsemblePlan:
    training = {name: value for name, value in found.items() if name in {"learning_rate", "batch_size"}}
    shape = {name: value for name, value in found.items() if name not in training}
    return replace(plan, settings=replace(plan.settings, **training), shape=replace(plan.shape, **shape))


def _describe(plan: EnsemblePlan) -> dict[str, float]:
    described: dict[str, float] = {
        "learning_rate": plan.settings.learning_rate,
        "dropout": plan.shape.dropout,
        "batch_size": plan.settings.batch_size,
    }
    if plan.encoder is None:
        described |= {"hidden_size": plan.shape.hidden_size, "n_layers": plan.shape.n_layers}
    return described
