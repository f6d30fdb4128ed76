"""Write the catalog of public data sets, and data/README.md about those that bundled weights were trained on.

    python scripts/prepare_data.py DATA_FOLDER

`DATA_FOLDER` holds the files and `manifest.json`, their list (file, rows, columns, repository, commit, path,
licence, sha256). Each file is read once, to find its layout and the checksum of its content.
"""

import argparse
import gzip
import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd

from moldesign.datasets.catalog import TDC_ADMET, AdmetTask

ROOT = Path(__file__).resolve().parent.parent
CATALOG = ROOT / "moldesign" / "datasets" / "catalog.json"
README = ROOT / "data" / "README.md"

ENDINGS = (".gz", ".csv", ".tsv", ".smi", ".smiles", ".txt", ".jsonl", ".json")
SEPARATORS = {"csv": (",", ";"), "tsv": ("\t",), "json": (), "jsonl": ()}
ANY_SEPARATOR = ("\t", " ", ",", r"\s+")
PARTS = ("train_val", "test")
MADE_OF_SEVERAL = ("(built here)", "merged by", "converted from", "+ folds")

CHEMBL_TERMS = "CC BY-SA 3.0 (ChEMBL)"
EXCAPE_TERMS = "CC BY-SA 4.0 (ExCAPE-DB)"
PUBLIC_TERMS = "public domain (US government)"
TDC_TERMS = "CC BY 4.0 or as the original"
DRD2_ACTIVES = "SMILES and the label 1: active on DRD2"
PCHEMBL = "`smiles`; `value`: mean pChEMBL"
PCHEMBL_TARGETS = ("VEGFR2", "FGFR1", "PDGFRbeta", "EPHB4", "SRC", "LCK", "ABL")
IC50 = "`CANONICAL_SMILES`; `STANDARD_VALUE` in nmol/L with its type and relation"
KI = "`smiles`; `y [pEC50/pKi]`: pKi"
KI_TARGETS = tuple(f"CHEMBL{number}" for number in (231, 234, 236, 238, 244, 264, 2034, 4792))
MATRICES = ("chembl_5thresh", "chembl_sparse_ts_valid", "chembl_sparse_ts_test")
OTHER_SETS = {
    "zinc250k/zinc250k_molopt": ("one SMILES per line", "ZINC's own terms of use"),
    "chembl/chembl_union": ("`smiles`; `druglike` 0/1; `sources`", CHEMBL_TERMS),
    "oracles/gsk3_all": ("`smiles`; `gsk3`: 1 = active on GSK3B", EXCAPE_TERMS),
    "oracles/jnk3_all": ("`smiles`; `jnk3`: 1 = active on JNK3", EXCAPE_TERMS),
    "oracles/drd2_reinvent_test": ("`canonical` SMILES; `activity`: 1 = active on DRD2", EXCAPE_TERMS),
    "oracles/drd2_actives_graphinvent_train": (DRD2_ACTIVES, EXCAPE_TERMS),
    "oracles/drd2_actives_graphinvent_valid": (DRD2_ACTIVES, EXCAPE_TERMS),
    "oracles/drd2_actives_graphinvent_test": (DRD2_ACTIVES, EXCAPE_TERMS),
    "moleculenet/tox21_deepchem": ("`smiles`; twelve assays: 1 = active", PUBLIC_TERMS),
    "moleculenet/clintox_deepchem": ("`smiles`; `CT_TOX`: 1 = failed in a trial because of toxicity", TDC_TERMS),
    "moleculenet/freesolv_full": ("`smiles`; `expt` in kcal/mol", "not stated by FreeSolv"),
    "moleculenet/CYP450_chembench": ("`smiles`; `label_1a2`, `label_2c19`: 1 = inhibits", PUBLIC_TERMS),
    "moleculenet/bace_full": ("`smiles`; `pIC50` on BACE1", TDC_TERMS),
    "targets/EGFR_chembl_teachopencadd": ("`smiles`; `IC50` in nmol/L", CHEMBL_TERMS),
    **{f"targets/ycu_{name}": (PCHEMBL, CHEMBL_TERMS) for name in PCHEMBL_TARGETS},
    **{f"targets/{name}_TeamSKI": (IC50, CHEMBL_TERMS) for name in ("p38a", "AurA", "CDK2", "BRD4")},
    "targets/5HT_chembl": ("`canonical_smiles`; `standard_value` in nmol/L; relation; target", CHEMBL_TERMS),
    **{f"targets/moleculeace/{target}_Ki": (KI, CHEMBL_TERMS) for target in KI_TARGETS},
    "oracles/jak2_pIC50_LMLF": ("`SMILES`; `pIC50` on JAK2", CHEMBL_TERMS),
    "oracles/seh_chembl": ("`Smiles`; `Standard Value` with its type, unit and relation", CHEMBL_TERMS),
    **{f"chembl/{name}": ("`smiles`; a pChEMBL value per target", CHEMBL_TERMS) for name in MATRICES},
}
"""Data sets of bundled weights besides the ADMET group: columns with units, and known terms of the data."""

WHEELS = "https://files.pythonhosted.org/packages"
PACKAGED = (
    {
        "name": "moses/moses_train",
        "file": "moses/moses_train.csv.gz",
        "url": f"{WHEELS}/ca/04/335f23e9ae95ca381ac7c3f335303dbbeb0f8a604d167891cf60c9360178/"
        "molsets-0.3.1-py3-none-any.whl",
        "source": "molsets==0.3.1:moses/dataset/data/train.csv.gz",
        "licence": "MIT (LICENSE)",
        "columns": "SMILES",
        "rows": 1_584_663,
        "separator": ",",
        "has_header": True,
        "comment": None,
        "smiles_column": "SMILES",
        "sha256": "786f0313aa6b9ba5514df685f885742a70ea8d86f1a4fa48115f7f80a634265c",
        "content_sha256": "cc9d6e8e9534e25a7a36361529ae739ddda8036e9072b2fc5cea6930a0592144",
        "note": "official MOSES training split",
        "member": "moses/dataset/data/train.csv.gz",
    },
)
"""Data sets that a package on PyPI brings along: no data folder needs to hold them."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="data folder with manifest.json")
    folder = parser.parse_args().folder
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    entries = [*(describe_file(entry, folder) for entry in manifest), *PACKAGED]
    CATALOG.write_text(json.dumps(entries, indent=0, ensure_ascii=False) + "\n", encoding="utf-8")
    README.write_text(write_readme({entry["name"]: entry for entry in entries}), encoding="utf-8")
    n_without = sum(entry["url"] is None for entry in entries)
    print(f"{CATALOG.relative_to(ROOT)}: {len(entries)} data sets, {n_without} without an address")
    print(f"{README.relative_to(ROOT)}: {2 * len(TDC_ADMET) + len(OTHER_SETS)} data sets")


def describe_file(entry: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Return the catalog's entry for one line of the manifest."""
    content = gzip.decompress((folder / entry["file"]).read_bytes())
    comment = "!" if content.startswith(b"!") else None
    separator = find_separator(folder / entry["file"], entry["cols"], comment)
    return {
        "name": strip_endings(entry["file"]),
        "file": entry["file"],
        "url": find_url(entry),
        "source": f"{entry['repo']}@{entry['commit']}:{entry['path']}" if entry["commit"] else entry["path"],
        "licence": entry["license"],
        "columns": entry["cols"],
        "rows": entry["rows"],
        "separator": separator,
        "has_header": has_header(entry["cols"]),
        "comment": comment,
        "smiles_column": entry["smi"],
        "sha256": entry["sha256"],
        "content_sha256": hashlib.sha256(content).hexdigest(),
        "note": entry["note"].replace(" by me", ""),
    }


def strip_endings(file: str) -> str:
    while file.endswith(ENDINGS):
        file = file.rsplit(".", 1)[0]
    return file


def find_url(entry: dict[str, Any]) -> str | None:
    """Return the public address, or None where the file was made out of others."""
    if any(phrase in f"{entry['repo']} {entry['note']} {entry['path']}" for phrase in MADE_OF_SEVERAL):
        return None
    return f"https://raw.githubusercontent.com/{entry['repo']}/{entry['commit']}/{quote(entry['path'])}"


def has_header(columns: str) -> bool:
    return columns.split(",", maxsplit=1)[0] != "0"


def find_separator(path: Path, columns: str, comment: str | None) -> str | None:
    """Return the separator that gives the manifest's columns, None for a file that is no table."""
    expected = re.sub(r"(, …)? \(\d+ cols\)$", "", columns)
    ending = path.name.removesuffix(".gz").rsplit(".", 1)[1]
    for separator in SEPARATORS.get(ending, ANY_SEPARATOR) if columns else ():
        header = 0 if has_header(columns) else None
        options: dict[str, Any] = {"engine": "python"} if separator == r"\s+" else {}
        found = pd.read_csv(
            path, sep=separator, header=header, nrows=50, comment=comment, on_bad_lines="skip", **options
        )
        names = ", ".join(map(str, found.columns))
        pairs = ".pairs." in path.name and len(found.columns) >= 4
        if names == expected or names.startswith(expected + ", ") or pairs:
            return separator
    return None


def write_readme(entries: dict[str, dict[str, Any]]) -> str:
    tasks = [task_row(endpoint, task, entries) for endpoint, task in TDC_ADMET.items()]
    others = [other_row(entries[name], *about) for name, about in OTHER_SETS.items()]
    parts = [f"tdc_admet/{task.dataset}/{part}" for task in TDC_ADMET.values() for part in PARTS]
    checks = [check_row(entries[name]) for name in (*parts, *OTHER_SETS)]
    rows = {task: sum(entries[f"tdc_admet/{task}/{part}"]["rows"] for part in PARTS) for task in ("ppbr_az", "herg")}
    return README_TEXT.format(
        n_known=len(entries),
        n_without=sum(entry["url"] is None for entry in entries.values()),
        n_ppbr=f"{rows['ppbr_az']:,}",
        n_herg=rows["herg"],
        tasks=format_table(("endpoint", "TDC task", "label", "metric", "rows train+valid", "rows test"), tasks),
        others=format_table(("name", "columns", "rows", "terms of the data", "note"), others),
        checks=format_table(("name", "source", "licence of the repository", "sha256 of the content"), checks),
    )


def task_row(endpoint: str, task: AdmetTask, entries: dict[str, dict[str, Any]]) -> tuple[str, ...]:
    rows = (f"{entries[f'tdc_admet/{task.dataset}/{part}']['rows']:,}" for part in PARTS)
    unit = "1 = yes" if task.task == "classification" else task.unit
    return endpoint, task.dataset, f"{task.description} ({unit})", task.metric, *rows


def other_row(entry: dict[str, Any], columns: str, terms: str) -> tuple[str, ...]:
    return entry["name"], columns, f"{entry['rows']:,}", terms, entry["note"]


def check_row(entry: dict[str, Any]) -> tuple[str, ...]:
    source = f"[{entry['source'].split('@')[0]}]({entry['url']})" if entry["url"] else entry["source"]
    return entry["name"], source, entry["licence"], f"`{entry['content_sha256']}`"


def format_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


README_TEXT = """\
# Data sets behind the bundled weights

Written by `scripts/prepare_data.py`; edit that, not this. The package never reads this folder: it carries
its weights, and `moldesign/datasets/catalog.json` lists all {n_known} public data sets it knows.
`locate_dataset(name)` takes a file from the folder that `MOLDESIGN_DATA` names, else from the cache
(`MOLDESIGN_CACHE`, by default `~/.cache/moldesign`), else downloads it from the commit below and compares
the sha256 of its uncompressed content with the one listed here. {n_without} of the {n_known} have no
address, because they were merged or converted from several files; they are read from a data folder only.
`chembl/chembl_union` is one of them.

## ADMET: the 22 tasks of the TDC ADMET benchmark group

Files `tdc_admet/<TDC task>/train_val` and `.../test`, the benchmark's own split, with the columns
`Drug_ID`, `Drug` (SMILES) and `Y` (the label, in the unit given). Terms of the data: CC BY 4.0 or as each
original set; see <https://tdcommons.ai/benchmark/admet_group/overview>.

{tasks}

`ppbr_az` holds {n_ppbr} rows of all species; most published figures are for the 1,797 human rows, so
figures on it are not comparable with those. `herg` labels blockers in a set of {n_herg} molecules, most of
which are blockers. A label 1 of `cyp*_veith` means inhibition.

## Further endpoints, targets and language models

{others}

The table of endpoints, with direction, reference range and citation of each, is `scripts/panels`; files of one target
share molecules, which are merged before any split. DrugBank, the Drug Repurposing Hub and
InertDB allow non-commercial use only; no bundled weight was trained on them.

## Sources and checksums

The licence is what the hosting repository states; it does not settle the terms of the data, which are given
above.

{checks}
"""


if __name__ == "__main__":
    main()
