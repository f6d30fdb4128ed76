"""Data sets of a few rows, under their names in the catalog."""

from pathlib import Path

import pandas as pd

from moldesign.datasets.catalog import find_dataset


def write_dataset(folder: Path, name: str, columns: dict[str, list[object]]) -> None:
    dataset = find_dataset(name)
    path = folder / dataset.file
    path.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(columns).to_csv(path, sep=dataset.separator, header=dataset.has_header, index=False)
