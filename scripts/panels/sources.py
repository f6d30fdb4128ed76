"""Where the labels of the panels were published, and under which terms."""

from scripts.panels.records import Source

TDC = "CC BY 4.0 or as the original (Therapeutics Data Commons)"
CHEMBL = "CC BY-SA 3.0 (ChEMBL)"
EXCAPE = "CC BY-SA 4.0 (ExCAPE-DB)"
PUBLIC = "public domain (US government)"

ASTRAZENECA = Source("AstraZeneca's deposition in ChEMBL, by TDC", "10.6019/CHEMBL3301361", TDC)
CARBON_MANGELS = Source("Carbon-Mangels and Hutter 2011, by TDC", "10.1002/minf.201100069", TDC)
VEITH = Source("Veith et al. 2009, by TDC", "10.1038/nbt.1581", TDC)

ADMET_SOURCES = {
    "herg": Source("Wang et al. 2016, by TDC", "10.1021/acs.molpharmaceut.6b00471", TDC),
    "ames": Source("Xu et al. 2012, by TDC", "10.1021/ci300400a", TDC),
    "dili": Source("Xu et al. 2015, by TDC", "10.1021/acs.jcim.5b00238", TDC),
    "solubility": Source("AqSolDB, Sorkun et al. 2019, by TDC", "10.1038/s41597-019-0151-1", TDC),
    "caco2": Source("Wang et al. 2016, by TDC", "10.1021/acs.jcim.5b00642", TDC),
    "hia": Source("Hou et al. 2007, by TDC", "10.1021/ci600343x", TDC),
    "pgp": Source("Broccatelli et al. 2011, by TDC", "10.1021/jm101421d", TDC),
    "bioavailability": Source("Ma et al. 2008, by TDC", "10.1016/j.jpba.2008.03.023", TDC),
    "lipophilicity": ASTRAZENECA,
    "bbb": Source("Martins et al. 2012, by TDC", "10.1021/ci300124c", TDC),
    "ppbr": ASTRAZENECA,
    "vdss": Source("Lombardo and Jing 2016, by TDC", "10.1021/acs.jcim.6b00044", TDC),
    "cyp2c9_inhibition": VEITH,
    "cyp2d6_inhibition": VEITH,
    "cyp3a4_inhibition": VEITH,
    "cyp2c9_substrate": CARBON_MANGELS,
    "cyp2d6_substrate": CARBON_MANGELS,
    "cyp3a4_substrate": CARBON_MANGELS,
    "half_life": Source("Obach et al. 2008, by TDC", "10.1124/dmd.108.020479", TDC),
    "clearance_hepatocyte": ASTRAZENECA,
    "clearance_microsome": ASTRAZENECA,
    "ld50": Source("Zhu et al. 2009, by TDC", "10.1021/tx900189p", TDC),
}

TOX21 = Source("Tox21 challenge, Huang et al. 2016, by DeepChem", "10.3389/fenvs.2015.00085", PUBLIC)
CLINTOX = Source("ClinTox, Gayvert et al. 2016, by DeepChem", "10.1016/j.chembiol.2016.07.023", TDC)
FREESOLV = Source(
    "FreeSolv, Mobley and Guthrie 2014",
    "10.1007/s10822-014-9747-x",
    "not stated in its repository: ask before commercial use",
)
PUBCHEM_CYP = Source("PubChem assay 1851, Veith et al. 2009, by ChemBench", "10.1038/nbt.1581", PUBLIC)

EXCAPE_DB = Source("ExCAPE-DB, Sun et al. 2017", "10.1186/s13321-017-0203-5", EXCAPE)
CHEMBL_22 = Source("ChEMBL 22 (pChEMBL), by DeepChem", "10.1093/nar/gkw1074", CHEMBL)
CHEMBL_28 = Source("ChEMBL 28 (mean pChEMBL of a molecule)", "10.1093/nar/gky1075", CHEMBL)
CHEMBL_IC50 = Source("ChEMBL (IC50)", "10.1093/nar/gky1075", CHEMBL)
CHEMBL_KI = Source("ChEMBL (Ki)", "10.1093/nar/gky1075", CHEMBL)
TEAM_SKI = Source("ChEMBL (IC50), by Turk et al. 2017", "10.1021/acs.jcim.7b00298", CHEMBL)
TEACHOPENCADD = Source("ChEMBL (IC50), by TeachOpenCADD", "10.1186/s13321-019-0351-x", CHEMBL)
MOLECULE_ACE = Source("ChEMBL 29, by MoleculeACE, van Tilborg et al. 2022", "10.1021/acs.jcim.2c01073", CHEMBL)
BACE = Source("Subramanian et al. 2016, by MoleculeNet", "10.1021/acs.jcim.6b00290", "CC BY 4.0 or as the original")
