import gzip
from itertools import islice
from pathlib import Path

import pytest
from rdkit import Chem
from rdkit.Chem import FilterCatalog

from moldesign.chem.alerts import CATALOGS, _read_pattern, count_alerts, find_alerts
from moldesign.chem.smiles import Mol, require_mols
from moldesign.errors import UnknownNameError

OFFENDERS = [
    "CN1C(=O)C(=Cc2ccccc2)SC1=S",
    "O=C1C=CC(=O)c2ccccc12",
    "CC(=O)Cl",
    "Oc1ccccc1O",
    "CCN(CC)c1ccc(C=NNC(=O)c2ccccc2)cc1",
    "O=[N+]([O-])c1ccc(N=Nc2ccc(O)cc2)cc1",
    "C[Si](C)(C)CI",
    "CC[Hg]Cl",
    "N#CC(C#N)=Cc1ccccc1",
    "CCCCCCCCCCCC",
]
"""A rhodanine, a quinone, an acid chloride, a catechol, a hydrazone, an azo dye, a silane, a mercurial, an enenitrile
and dodecane."""


def test_known_offenders_are_named():
    alerts = find_alerts(require_mols(OFFENDERS[:3]))
    assert "NIH: rhodanine" in alerts[0]
    assert any(alert.startswith("PAINS_A: quinone") for alert in alerts[1])
    assert "Brenk: acid_halide" in alerts[2]


def test_clean_drugs_have_none(drug_mols: dict[str, Mol]):
    assert find_alerts([drug_mols["caffeine"], drug_mols["ibuprofen"]]) == [[], []]


@pytest.fixture(scope="module")
def plain_catalog() -> FilterCatalog.FilterCatalog:
    parameters = FilterCatalog.FilterCatalogParams()
    for name in CATALOGS:
        parameters.AddCatalog(getattr(parameters.FilterCatalogs, name))
    return FilterCatalog.FilterCatalog(parameters)


def list_matches(catalog: FilterCatalog.FilterCatalog, mol: Mol) -> list[str]:
    return [f"{entry.GetProp('FilterSet')}: {entry.GetDescription()}" for entry in catalog.GetMatches(mol)]


def test_alerts_are_those_of_rdkits_catalogs(drug_mols: dict[str, Mol], plain_catalog: FilterCatalog.FilterCatalog):
    mols = [*drug_mols.values(), *require_mols(OFFENDERS), *map(Chem.AddHs, drug_mols.values())]
    expected = [list_matches(plain_catalog, mol) for mol in mols]
    assert find_alerts(mols) == expected
    counts = count_alerts(mols)
    assert counts.dtype == "int64"
    assert counts.tolist() == [len(row) for row in expected]
    assert {alert.partition(":")[0] for row in expected for alert in row} >= {"PAINS_A", "Brenk", "NIH"}


@pytest.mark.data
def test_alerts_of_a_library_are_those_of_rdkits_catalogs(
    data_folder: Path, plain_catalog: FilterCatalog.FilterCatalog
):
    """A sample of the whole of ZINC250k, and one of ChEMBL, whose molecules have more alerts."""
    for name in ("zinc250k/zinc250k_molopt.smi.gz", "chembl/CHEMBL_100k.smi.gz"):
        with gzip.open(data_folder / name, "rt") as lines:
            mols = require_mols([line.split()[0] for line in islice(lines, 0, 100_000, 300)])
        assert len(mols) > 300
        expected = [list_matches(plain_catalog, mol) for mol in mols]
        assert find_alerts(mols) == expected
        assert sum(map(len, expected)) > 100


def test_the_patterns_are_those_of_the_entries(plain_catalog: FilterCatalog.FilterCatalog):
    """RDKit shows the pattern of an entry with its match; the screen reads it from the entry's binary form."""
    n_seen = 0
    for mol in require_mols(OFFENDERS):
        for entry in plain_catalog.GetMatches(mol):
            matcher = entry.GetFilterMatches(mol)[0].filterMatch
            assert Chem.MolToSmarts(_read_pattern(entry)) == Chem.MolToSmarts(matcher.GetPattern())
            n_seen += 1
    assert n_seen > 10


def test_no_entry_is_about_what_is_absent(plain_catalog: FilterCatalog.FilterCatalog):
    """An entry that matched a molecule without its pattern could not be screened."""
    assert not plain_catalog.HasMatch(Chem.Mol())


def test_catalogs_can_be_chosen(drug_mols: dict[str, Mol]):
    mols = list(drug_mols.values())
    assert sum(count_alerts(mols, [name]) for name in CATALOGS).tolist() == count_alerts(mols).tolist()


def test_no_molecules():
    assert find_alerts([]) == []
    assert find_alerts(require_mols(["CC(=O)Cl"]), []) == [[]]
    assert count_alerts([]).shape == (0,)


def test_unknown_catalog_lists_the_known(drug_mols: dict[str, Mol]):
    with pytest.raises(UnknownNameError, match="PAINS"):
        find_alerts([drug_mols["aspirin"]], ["CHEMBL"])
