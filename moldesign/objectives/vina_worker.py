"""Docks one molecule after another: `python -m moldesign.objectives.vina_worker SETTINGS`, settings in JSON."""

import json
import sys
from collections.abc import Callable
from typing import Any

from rdkit import Chem
from rdkit.Chem import rdDistGeom, rdForceFieldHelpers

from moldesign.objectives.serving import RefusedError, serve


def main(text: str) -> None:
    """Serve the docking that the settings describe; see `moldesign.objectives.docking.Docking`."""
    serve(make_docker(json.loads(text)))


def make_docker(settings: dict[str, Any]) -> Callable[[str], float]:
    """Return a function from a SMILES to the affinity of its best pose, in kcal/mol."""
    from vina import Vina  # noqa: PLC0415  an extra

    vina = Vina(sf_name="vina", cpu=1, seed=settings["seed"], verbosity=0)
    vina.set_receptor(settings["receptor"])
    vina.compute_vina_maps(settings["center"], settings["size"])

    def dock(smiles: str) -> float:
        vina.set_ligand_from_string(prepare_ligand(smiles, settings["seed"]))
        vina.dock(exhaustiveness=settings["exhaustiveness"], n_poses=1)
        return float(vina.energies(n_poses=1)[0][0])

    return dock


def prepare_ligand(smiles: str, seed: int) -> str:
    """Return the molecule in PDBQT format, with hydrogens and one conformer (ETKDG, then MMFF where it has types).

    Raises:
        RefusedError: it has several fragments, or no conformer.
    """
    from meeko import MoleculePreparation, PDBQTWriterLegacy  # noqa: PLC0415  an extra

    mol = Chem.AddHs(Chem.MolFromSmiles(smiles))
    if len(Chem.GetMolFrags(mol)) > 1:
        raise RefusedError("it has several fragments; only one can be docked")
    if rdDistGeom.EmbedMolecule(mol, randomSeed=seed) != 0:
        raise RefusedError("RDKit found no conformer for it")
    if rdForceFieldHelpers.MMFFHasAllMoleculeParams(mol):
        rdForceFieldHelpers.MMFFOptimizeMolecule(mol)
    text, is_sound, message = PDBQTWriterLegacy.write_string(MoleculePreparation().prepare(mol)[0])
    if not is_sound:
        raise RefusedError(f"Meeko cannot prepare it: {message}")
    return str(text)


if __name__ == "__main__":
    main(sys.argv[1])
