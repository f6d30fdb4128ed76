"""The tables of a panel, ready to be trained on."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from moldesign.errors import UnknownNameError
from scripts.panels.admet import ADMET
from scripts.panels.records import EndpointRecord, Task
from scripts.panels.splitting import deal_scaffolds, key_rows, merge_copies, sample_inactives
from scripts.panels.targets import TARGETS

PANELS: Mapping[str, Sequence[EndpointRecord]] = {"admet": ADMET, "targets": TARGETS}


def find_panel(name: str) -> dict[str, EndpointRecord]:
    """Return the endpoints of a panel by name.

    Raises:
        UnknownNameError: there is no such panel.
    """
    if name not in PANELS:
        raise UnknownNameError("panel", name, PANELS)
    return {record.name: record for record in PANELS[name]}


def read_panel(name: str, data: Path | None, cache: Path | None = None) -> dict[str, Task]:
    """Return training and test rows of every endpoint of a panel, in the order of its table.

    Endpoints with a split of their own, the TDC ADMET tasks, keep it and their rows as published. The others have one
    row per standardised molecule, and share a split by scaffold in which the test molecules of the former are tests.

    Args:
        name: "admet" or "targets".
        data: folder of the public data sets; without it they are looked for as `locate_dataset` does.
        cache: folder that keeps standardised molecules; without it every call standardises all of them.
    """
    records = find_panel(name)
    tasks = {record.name: record.read(data) for record in records.values()}
    official = {name: task for name, task in tasks.items() if len(task.test)}
    train, test = ({key for task in official.values() for key in key_rows(task[part], cache)["key"]} for part in (0, 1))
    tables = {name: _merge(task, records[name], cache) for name, task in tasks.items() if name not in official}
    dealt = {name: _thin(task, records[name]) for name, task in deal_scaffolds(tables, train, test).items()}
    return {name: (official | dealt)[name] for name in records}


def name_splits(name: str) -> dict[str, str]:
    """Return how the test molecules of each endpoint of a panel are chosen, for a model card."""
    return {record.name: record.split for record in find_panel(name).values()}


def _merge(published: Task, record: EndpointRecord, cache: Path | None) -> pd.DataFrame:
    return merge_copies(key_rows(published.train, cache), record.kind, positive_wins=record.positive_wins)


def _thin(task: Task, record: EndpointRecord) -> Task:
    if record.max_inactives is None:
        return task
    return task._replace(train=sample_inactives(task.train, record.max_inactives))
