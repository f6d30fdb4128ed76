"""A predictor without a network: its endpoints are counts, so that a chemist can check every number."""

from dataclasses import dataclass, field
from types import SimpleNamespace

import numpy as np

from moldesign.predictors.endpoints import Endpoint


@dataclass
class FakePredictor:
    """Counts chlorine atoms for 'herg' and bromine for 'ames'; 'solubility' falls with the length; 'caco2' is high."""

    endpoints: tuple[Endpoint, ...] = (
        Endpoint("herg", "classification", "probability", "hERG blocker", aliases=("herg_block",)),
        Endpoint("solubility", "regression", "log10 mol/L", "water solubility", low=-8.0, high=2.0),
        Endpoint("ames", "classification", "probability", "mutagenicity"),
        Endpoint("caco2", "regression", "log10 cm/s", "permeability", low=-8.0, high=-3.5),
    )
    domain: SimpleNamespace = field(default_factory=lambda: SimpleNamespace(smiles=("CCO",)))
    calls: list[list[str]] = field(default_factory=list)

    def predict(self, smiles: list[str]) -> SimpleNamespace:
        self.calls.append(list(smiles))
        values = np.array([[s.count("Cl") / 4, -len(s) / 2, s.count("Br") / 4, -4.5] for s in smiles], dtype=np.float32)
        refused = np.array(["Xe" in s for s in smiles])
        values[refused] = np.nan
        errors = [f"row {row}: xenon" if bad else None for row, bad in enumerate(refused)]
        in_domain = np.array([[len(s) < 5, True, True, True] for s in smiles])
        margin = np.where(in_domain, 2.0, 0.9)
        return SimpleNamespace(values=values, std=values * 0 + 0.25, in_domain=in_domain, margin=margin, errors=errors)
