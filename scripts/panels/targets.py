"""The `targets` panel: proteins with enough public measurements, as a probability of activity or a potency.

Nothing censored is among the labels. A pChEMBL value is -log10 of an IC50, Ki, Kd or EC50 in mol/L.
"""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from scripts.panels import sources
from scripts.panels.admet import DEPENDS, LIKELY_OR_NOT
from scripts.panels.readers import read_drd2, read_labels, read_potencies
from scripts.panels.records import EndpointRecord, Source, Task
from scripts.panels.splitting import N_INACTIVES

POTENCIES = "above 8 (10 nmol/L) potent, 6 to 8 moderate, below 5 (10 umol/L) inactive"
SPLIT = "15 % of the scaffolds, the same for all targets"

Reader = Callable[[Path | None], Task]

EXACT_IC50 = {"STANDARD_TYPE": "IC50", "RELATION": "=", "STANDARD_UNITS": "nM"}
EXACT_KI = {"standard_type": "Ki", "standard_relation": "="}
EPOXIDE_HYDROLASE = {
    "Standard Type": "IC50",
    "Standard Relation": "'='",
    "Standard Units": "nM",
    "Data Validity Comment": None,
}
CHEMBL_22_FILES = ("chembl/chembl_5thresh", "chembl/chembl_sparse_ts_valid", "chembl/chembl_sparse_ts_test")


def _classify(name: str, protein: str, read: Reader, *aliases: str) -> EndpointRecord:
    return EndpointRecord(
        name=name,
        kind="classification",
        unit="probability",
        direction=DEPENDS,
        reference_range=LIKELY_OR_NOT,
        description=f"class 1: active on {protein}",
        source=sources.EXCAPE_DB,
        read=read,
        split=SPLIT,
        aliases=aliases,
        max_inactives=N_INACTIVES,
    )


def _measure(name: str, protein: str, unit: str, read: Reader, source: Source, *aliases: str) -> EndpointRecord:
    return EndpointRecord(
        name=name,
        kind="regression",
        unit=unit,
        direction=DEPENDS,
        reference_range=POTENCIES,
        description=f"{unit} on {protein}",
        source=source,
        read=read,
        split=SPLIT,
        aliases=aliases,
    )


def _read_exact(dataset: str, kept: Mapping[str, str | None], value: str = "STANDARD_VALUE") -> Reader:
    return partial(read_potencies, dataset, value, kept)


def _read_ki(target: str) -> Reader:
    return _read_exact("targets/5HT_chembl", {**EXACT_KI, "target_chembl_id": target}, "standard_value")


def _read_column(dataset: str, label: str) -> Reader:
    return partial(read_labels, [dataset], label)


def _read_ace(target: str) -> Reader:
    return _read_column(f"targets/moleculeace/{target}", "y [pEC50/pKi]")


def _read_chembl_28(name: str) -> Reader:
    return _read_column(f"targets/ycu_{name}", "value")


def _read_chembl_22(target: str) -> Reader:
    return partial(read_labels, CHEMBL_22_FILES, target)


TARGETS: tuple[EndpointRecord, ...] = (
    _classify("drd2", "the dopamine receptor D2", read_drd2),
    _classify("gsk3b", "glycogen synthase kinase 3 beta", _read_column("oracles/gsk3_all", "gsk3")),
    _classify("jnk3", "c-Jun N-terminal kinase 3", _read_column("oracles/jnk3_all", "jnk3"), "mapk10"),
    # Kinases
    _measure(
        "egfr",
        "the epidermal growth factor receptor",
        "pIC50",
        _read_exact("targets/EGFR_chembl_teachopencadd", {"units": "nM"}, "IC50"),
        sources.TEACHOPENCADD,
    ),
    _measure(
        "vegfr2",
        "the vascular endothelial growth factor receptor 2",
        "pChEMBL",
        _read_chembl_28("VEGFR2"),
        sources.CHEMBL_28,
        "kdr",
    ),
    _measure(
        "fgfr1", "the fibroblast growth factor receptor 1", "pChEMBL", _read_chembl_28("FGFR1"), sources.CHEMBL_28
    ),
    _measure(
        "pdgfrb",
        "the platelet-derived growth factor receptor beta",
        "pChEMBL",
        _read_chembl_28("PDGFRbeta"),
        sources.CHEMBL_28,
    ),
    _measure("ephb4", "the ephrin receptor B4", "pChEMBL", _read_chembl_28("EPHB4"), sources.CHEMBL_28),
    _measure("src", "the kinase SRC", "pChEMBL", _read_chembl_28("SRC"), sources.CHEMBL_28),
    _measure("lck", "the kinase LCK", "pChEMBL", _read_chembl_28("LCK"), sources.CHEMBL_28),
    _measure("abl1", "the kinase ABL1", "pChEMBL", _read_chembl_28("ABL"), sources.CHEMBL_28),
    _measure("jak2", "the kinase JAK2", "pIC50", _read_column("oracles/jak2_pIC50_LMLF", "pIC50"), sources.CHEMBL_IC50),
    _measure(
        "p38a",
        "the kinase p38 alpha",
        "pIC50",
        _read_exact("targets/p38a_TeamSKI", EXACT_IC50),
        sources.TEAM_SKI,
        "mapk14",
    ),
    _measure(
        "aurka", "the aurora kinase A", "pIC50", _read_exact("targets/AurA_TeamSKI", EXACT_IC50), sources.TEAM_SKI
    ),
    _measure(
        "cdk2",
        "the cyclin-dependent kinase 2",
        "pIC50",
        _read_exact("targets/CDK2_TeamSKI", EXACT_IC50),
        sources.TEAM_SKI,
    ),
    _measure("pi3ka", "the kinase PI3K alpha", "pChEMBL", _read_chembl_22("CHEMBL4005"), sources.CHEMBL_22, "pik3ca"),
    _measure("mtor", "the kinase mTOR", "pChEMBL", _read_chembl_22("CHEMBL2842"), sources.CHEMBL_22),
    # Other enzymes and readers
    _measure("bace1", "the beta-secretase 1", "pIC50", _read_column("moleculenet/bace_full", "pIC50"), sources.BACE),
    _measure("fxa", "the coagulation factor Xa", "pKi", _read_ace("CHEMBL244_Ki"), sources.MOLECULE_ACE, "f10"),
    _measure(
        "seh",
        "the soluble epoxide hydrolase",
        "pIC50",
        _read_exact("oracles/seh_chembl", EPOXIDE_HYDROLASE, "Standard Value"),
        sources.CHEMBL_IC50,
        "ephx2",
    ),
    _measure("hdac1", "the histone deacetylase 1", "pChEMBL", _read_chembl_22("CHEMBL325"), sources.CHEMBL_22),
    _measure(
        "brd4", "the bromodomain protein 4", "pIC50", _read_exact("targets/BRD4_TeamSKI", EXACT_IC50), sources.TEAM_SKI
    ),
    # Receptors and transporters
    _measure("htr1a", "the serotonin receptor 1A", "pKi", _read_ki("CHEMBL214"), sources.CHEMBL_KI),
    _measure("htr2a", "the serotonin receptor 2A", "pKi", _read_ki("CHEMBL224"), sources.CHEMBL_KI),
    _measure("htr2b", "the serotonin receptor 2B", "pKi", _read_ki("CHEMBL1833"), sources.CHEMBL_KI),
    _measure("htr2c", "the serotonin receptor 2C", "pKi", _read_ki("CHEMBL225"), sources.CHEMBL_KI),
    _measure("htr6", "the serotonin receptor 6", "pKi", _read_ki("CHEMBL3371"), sources.CHEMBL_KI),
    _measure("htr7", "the serotonin receptor 7", "pKi", _read_ki("CHEMBL3155"), sources.CHEMBL_KI),
    _measure("drd3", "the dopamine receptor D3", "pKi", _read_ace("CHEMBL234_Ki"), sources.MOLECULE_ACE),
    _measure("hrh1", "the histamine receptor H1", "pKi", _read_ace("CHEMBL231_Ki"), sources.MOLECULE_ACE),
    _measure("hrh3", "the histamine receptor H3", "pKi", _read_ace("CHEMBL264_Ki"), sources.MOLECULE_ACE),
    _measure("oprm1", "the mu opioid receptor", "pChEMBL", _read_chembl_22("CHEMBL233"), sources.CHEMBL_22),
    _measure("oprd1", "the delta opioid receptor", "pKi", _read_ace("CHEMBL236_Ki"), sources.MOLECULE_ACE),
    _measure("adora2a", "the adenosine receptor A2A", "pChEMBL", _read_chembl_22("CHEMBL251"), sources.CHEMBL_22),
    _measure("ox2r", "the orexin receptor 2", "pKi", _read_ace("CHEMBL4792_Ki"), sources.MOLECULE_ACE, "hcrtr2"),
    _measure("sert", "the serotonin transporter", "pChEMBL", _read_chembl_22("CHEMBL228"), sources.CHEMBL_22, "slc6a4"),
    _measure("dat", "the dopamine transporter", "pKi", _read_ace("CHEMBL238_Ki"), sources.MOLECULE_ACE, "slc6a3"),
    _measure("nr3c1", "the glucocorticoid receptor", "pKi", _read_ace("CHEMBL2034_Ki"), sources.MOLECULE_ACE),
)
