import pytest
from rdkit.Chem import FilterCatalog

from moldesign.chem.alerts import CATALOGS, count_alerts, find_alerts
from moldesign.chem.smiles import Mol, require_mols
from moldesign.errors import UnknownNameError


def test_known_offenders_are_named():
    rhodanine, quinone, acid_chloride = require_mols(
        ["CN1C(=O)C(=Cc2ccccc2)SC1=S", "O=C1C=CC(=O)c2ccccc12", "CC(=O)Cl"]
    )
    alerts = find_alerts([rhodanine, quinone, acid_chloride])
    assert "NIH: rhodanine" in alerts[0]
    assert any(alert.startswith("PAINS_A: quinone") for alert in alerts[1])
    assert "Brenk: acid_halide" in alerts[2]


def test_clean_drugs_have_none(drug_mols: dict[str, Mol]):
    assert find_alerts([drug_mols["caffeine"], drug_mols["ibuprofen"]]) == [[], []]


def test_counts_are_those_of_rdkits_catalogs(drug_mols: dict[str, Mol]):
    parameters = FilterCatalog.FilterCatalogParams()
    for name in CATALOGS:
        parameters.AddCatalog(getattr(parameters.FilterCatalogs, name))
    catalog = FilterCatalog.FilterCatalog(parameters)
    mols = list(drug_mols.values())
    counts = count_alerts(mols)
    assert counts.dtype == "int64"
    assert counts.tolist() == [len(catalog.GetMatches(mol)) for mol in mols]
    assert counts.any()


def test_catalogs_can_be_chosen(drug_mols: dict[str, Mol]):
    mols = list(drug_mols.values())
    assert sum(count_alerts(mols, [name]) for name in CATALOGS).tolist() == count_alerts(mols).tolist()


def test_threads_change_nothing(drug_mols: dict[str, Mol]):
    mols = list(drug_mols.values())
    assert find_alerts(mols, n_threads=2) == find_alerts(mols)


def test_no_molecules():
    assert find_alerts([]) == []
    assert count_alerts([]).shape == (0,)


def test_unknown_catalog_lists_the_known(drug_mols: dict[str, Mol]):
    with pytest.raises(UnknownNameError, match="PAINS"):
        find_alerts([drug_mols["aspirin"]], ["CHEMBL"])
