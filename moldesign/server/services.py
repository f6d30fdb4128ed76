"""What the routes of the application share."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from moldesign.checkpoint import find_folder
from moldesign.errors import MoldesignError
from moldesign.monitoring.log import LOG_FILE, PredictionLog
from moldesign.predictors.bundled import HEADLINE_METRICS, list_bundled, read_model_card
from moldesign.server.batching import Batcher
from moldesign.server.errors import BadFieldError, TooManyError
from moldesign.server.prediction_log import PredictionLogger
from moldesign.server.runs import RunStore
from moldesign.server.settings import ServerSettings
from moldesign.server.supervisor import Supervisor
from moldesign.server.worker_pool import WorkerPool


@dataclass
class Services:
    """The moving parts of a running server."""

    settings: ServerSettings
    models: Mapping[str, str]
    """Bundled name or folder, by the name that clients use"""
    pool: WorkerPool
    batchers: Mapping[str, Batcher]
    supervisor: Supervisor
    store: RunStore
    logger: PredictionLogger | None
    """None where predictions are not logged"""
    streams: Counter[str] = field(default_factory=Counter)
    """Runs that each client is watching"""
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Of questions whose answer never changes"""

    @classmethod
    def of(cls, settings: ServerSettings) -> "Services":
        """Return the services, not started yet.

        Raises:
            UnknownNameError: a model is no folder.
            ModelFormatError: its card cannot be read.
            LogError: the log of predictions cannot be opened.
        """
        models = name_models(settings.models)
        pool = WorkerPool(models, settings.workers, settings.limits)
        batchers = {model: Batcher(pool, model, settings.workers) for model in models}
        store = RunStore(settings.runs)
        supervisor = Supervisor(store, settings.limits, [folder for name, folder in models.items() if folder != name])
        logger = None
        if settings.log_predictions:
            logger = PredictionLogger(PredictionLog(settings.runs / LOG_FILE), pool, models)
        return cls(settings, models, pool, batchers, supervisor, store, logger)

    async def start(self) -> None:
        """Start the workers, then the runs that were left behind."""
        await self.pool.start()
        self.supervisor.start()
        if self.logger is not None:
            self.logger.start()

    async def close(self) -> None:
        """End every process."""
        await asyncio.gather(self.supervisor.close(), self.pool.close())
        if self.logger is not None:
            await self.logger.close()

    async def predict(self, smiles: Sequence[str], model: str, client: str) -> list[dict[str, Any]]:
        """Return a row per molecule, and note them in the log.

        Raises:
            BadFieldError: the model is not served.
            ServingError: the prediction failed, took too long, or too many wait already.
        """
        rows = await self.find_batcher(model).predict(smiles, client)
        if self.logger is not None:
            self.logger.note(model, rows)
        return rows

    def find_batcher(self, model: str) -> Batcher:
        """Return who predicts with a model.

        Raises:
            BadFieldError: it is not served.
        """
        if model not in self.batchers:
            raise BadFieldError(f"unknown model {model!r}; this server has: {', '.join(self.models)}", "model")
        return self.batchers[model]

    async def ask_once(self, task: str, arguments: dict[str, Any], client: str) -> dict[str, Any]:
        """Return the answer of a worker, or the one that was given to the same question before."""
        key = f"{task} {sorted(arguments.items())}"
        if key not in self.answers:
            self.answers[key] = await self.pool.run(task, arguments, client)
        return self.answers[key]

    def begin_stream(self, client: str) -> None:
        """Count a client that begins to watch a run.

        Raises:
            TooManyError: it watches too many.
        """
        if self.streams[client] >= self.settings.limits.streams_per_client:
            raise TooManyError(f"you are watching {self.streams[client]} runs already; close one of the pages")
        self.streams[client] += 1

    def end_stream(self, client: str) -> None:
        """Count one less."""
        self.streams[client] -= 1
        if not self.streams[client]:
            del self.streams[client]

    def describe_models(self) -> list[dict[str, Any]]:
        """Return the cards of the served models, as far as clients need them."""
        return [_describe_model(name, folder) for name, folder in self.models.items()]


def name_models(folders: tuple[str, ...]) -> dict[str, str]:
    """Return the served models: the bundled ones by their name, folders by the last part of their path.

    Raises:
        UnknownNameError: there is no such folder.
        ModelFormatError: its card cannot be read.
        MoldesignError: two folders have the same name.
    """
    named: dict[str, str] = {}
    for text in folders:
        folder = find_folder("model", text, {}).resolve()
        read_model_card(folder)
        if named.setdefault(folder.name, str(folder)) != str(folder):
            raise MoldesignError(
                f"two models are called {folder.name!r}, {named[folder.name]} and {folder}: clients know a model by "
                "the name of its folder; rename one"
            )
    return {name: name for name in list_bundled()} | named


def _describe_model(name: str, folder: str) -> dict[str, Any]:
    card = read_model_card(folder)
    return {
        "name": name,
        "source": card.get("source", ""),
        "licence": card.get("licence", ""),
        "date": card.get("date", ""),
        "endpoints": [_describe_endpoint(endpoint, card) for endpoint in card["endpoints"]],
    }


def _describe_endpoint(endpoint: Mapping[str, Any], card: Mapping[str, Any]) -> dict[str, Any]:
    name, metric = endpoint["name"], HEADLINE_METRICS[endpoint["task"]]
    test = card.get("test", {}).get(name, {})
    return {
        **{key: endpoint.get(key) for key in ("name", "task", "unit", "description", "direction", "low", "high")},
        "reference_range": endpoint.get("reference_range", ""),
        "n_labels": card.get("n_labels", {}).get(name),
        "test": {"metric": metric, "value": test[metric], "n": test.get("n")} if metric in test else None,
    }
