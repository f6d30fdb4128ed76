"""The `admet` panel: the 22 TDC ADMET tasks, and further endpoints of which public labels are at hand.

The bands of probabilities are those of ADMETlab 2.0 (https://doi.org/10.1093/nar/gkab255), as are most of the others.
The bands of the clearances are hepatic extraction ratios of 0.3 and 0.7 in the well-stirred model, of an unbound drug.
"""

from functools import partial
from typing import NamedTuple

from moldesign.datasets.catalog import TDC_ADMET
from moldesign.predictors.endpoints import Direction
from scripts.panels import sources
from scripts.panels.readers import read_admet_task, read_labels
from scripts.panels.records import EndpointRecord

LOG_SCALED = {"vdss", "half_life", "clearance_hepatocyte", "clearance_microsome"}

HIGHER: Direction = "higher is better"
LOWER: Direction = "lower is better"
DEPENDS: Direction = "depends on the project"

UNLIKELY_IS_GOOD = "below 0.3 favourable, 0.3 to 0.7 undecided, above 0.7 unfavourable"
LIKELY_IS_GOOD = "above 0.7 favourable, 0.3 to 0.7 undecided, below 0.3 unfavourable"
LIKELY_OR_NOT = "above 0.7 likely, 0.3 to 0.7 undecided, below 0.3 unlikely"

OFFICIAL_SPLIT = "official TDC split (scaffold)"
FURTHER_SPLIT = "TDC test molecules, and 15 % of the scaffolds that TDC lacks"


class Reading(NamedTuple):
    """How a value is to be read."""

    direction: Direction
    reference_range: str


READINGS = {
    "herg": Reading(LOWER, UNLIKELY_IS_GOOD),
    "ames": Reading(LOWER, UNLIKELY_IS_GOOD),
    "dili": Reading(LOWER, UNLIKELY_IS_GOOD),
    "solubility": Reading(HIGHER, "above -4 (0.1 mmol/L) good, -6 to -4 moderate, below -6 poor"),
    "caco2": Reading(HIGHER, "above -5.15 high permeability, below -6 low"),
    "hia": Reading(HIGHER, LIKELY_IS_GOOD),
    "pgp": Reading(LOWER, UNLIKELY_IS_GOOD),
    "bioavailability": Reading(HIGHER, LIKELY_IS_GOOD),
    "lipophilicity": Reading(DEPENDS, "1 to 3 for most oral drugs, above 5 poor"),
    "bbb": Reading(DEPENDS, LIKELY_OR_NOT),
    "ppbr": Reading(DEPENDS, "up to 90 % leaves much free drug, above 99 % little"),
    "vdss": Reading(DEPENDS, "0.04 to 20 usual; below 0.7 mostly in body water, above 0.7 in tissue"),
    "cyp2c9_inhibition": Reading(LOWER, UNLIKELY_IS_GOOD),
    "cyp2d6_inhibition": Reading(LOWER, UNLIKELY_IS_GOOD),
    "cyp3a4_inhibition": Reading(LOWER, UNLIKELY_IS_GOOD),
    "cyp2c9_substrate": Reading(DEPENDS, LIKELY_OR_NOT),
    "cyp2d6_substrate": Reading(DEPENDS, LIKELY_OR_NOT),
    "cyp3a4_substrate": Reading(DEPENDS, LIKELY_OR_NOT),
    "half_life": Reading(DEPENDS, "below 3 short, 3 to 8 medium, above 8 long"),
    "clearance_hepatocyte": Reading(LOWER, "below 3.5 low, 3.5 to 19 medium, above 19 high (human hepatocytes)"),
    "clearance_microsome": Reading(LOWER, "below 8.6 low, 8.6 to 47 medium, above 47 high (human liver)"),
    "ld50": Reading(LOWER, "at 400 g/mol: below 2.9 is over 500 mg/kg (low toxicity), above 3.9 under 50 mg/kg (high)"),
}
"""Of the TDC ADMET tasks."""

TOX21 = {
    "NR-AR": "activates the androgen receptor (Tox21, full length)",
    "NR-AR-LBD": "activates the androgen receptor (Tox21, ligand-binding domain)",
    "NR-AhR": "activates the aryl hydrocarbon receptor (Tox21)",
    "NR-Aromatase": "inhibits aromatase (Tox21)",
    "NR-ER": "activates the oestrogen receptor alpha (Tox21, full length)",
    "NR-ER-LBD": "activates the oestrogen receptor alpha (Tox21, ligand-binding domain)",
    "NR-PPAR-gamma": "activates the receptor PPAR gamma (Tox21)",
    "SR-ARE": "activates the antioxidant response element: oxidative stress (Tox21)",
    "SR-ATAD5": "raises ATAD5: damage of DNA (Tox21)",
    "SR-HSE": "activates the heat shock response (Tox21)",
    "SR-MMP": "lowers the membrane potential of mitochondria (Tox21)",
    "SR-p53": "activates p53: damage of DNA and other stress (Tox21)",
}
"""What class 1 means, by column."""


def _describe_official(name: str) -> EndpointRecord:
    task = TDC_ADMET[name]
    return EndpointRecord(
        name=name,
        kind=task.task,
        unit=task.unit,
        **READINGS[name]._asdict(),
        description=f"class 1: {task.description}" if task.task == "classification" else task.description,
        source=sources.ADMET_SOURCES[name],
        read=partial(read_admet_task, name),
        split=OFFICIAL_SPLIT,
        aliases=tuple({task.dataset} - {name}),
        log_scale=name in LOG_SCALED,
    )


def _describe_tox21(assay: str) -> EndpointRecord:
    return EndpointRecord(
        name=f"tox21_{assay.lower().replace('-', '_')}",
        kind="classification",
        unit="probability",
        direction=LOWER,
        reference_range=UNLIKELY_IS_GOOD,
        description=f"class 1: {TOX21[assay]}",
        source=sources.TOX21,
        read=partial(read_labels, ["moleculenet/tox21_deepchem"], assay),
        split=FURTHER_SPLIT,
    )


def _describe_cyp(enzyme: str, alias: str) -> EndpointRecord:
    return EndpointRecord(
        name=f"cyp{enzyme}_inhibition",
        kind="classification",
        unit="probability",
        direction=LOWER,
        reference_range=UNLIKELY_IS_GOOD,
        description=f"class 1: inhibits cytochrome P450 {enzyme.upper()}",
        source=sources.PUBCHEM_CYP,
        read=partial(read_labels, ["moleculenet/CYP450_chembench"], f"label_{enzyme}"),
        split=FURTHER_SPLIT,
        aliases=(alias,),
    )


CLINTOX = EndpointRecord(
    name="clintox",
    kind="classification",
    unit="probability",
    direction=LOWER,
    reference_range=UNLIKELY_IS_GOOD,
    description="class 1: failed in a clinical trial because of toxicity",
    source=sources.CLINTOX,
    read=partial(read_labels, ["moleculenet/clintox_deepchem"], "CT_TOX"),
    split=FURTHER_SPLIT,
    aliases=("ct_tox",),
    positive_wins=True,  # class 0 is a list of approved drugs, some of which did fail in a trial
)
HYDRATION = EndpointRecord(
    name="hydration_free_energy",
    kind="regression",
    unit="kcal/mol",
    direction=DEPENDS,
    reference_range="-10 to 0 for most small neutral molecules; the lower, the more it prefers water to air",
    description="free energy of transfer from gas to water",
    source=sources.FREESOLV,
    read=partial(read_labels, ["moleculenet/freesolv_full"], "expt"),
    split=FURTHER_SPLIT,
    aliases=("freesolv",),
)

ADMET: tuple[EndpointRecord, ...] = (
    *map(_describe_official, TDC_ADMET),
    _describe_cyp("1a2", "cyp1a2_veith"),
    _describe_cyp("2c19", "cyp2c19_veith"),
    *map(_describe_tox21, TOX21),
    CLINTOX,
    HYDRATION,
)
