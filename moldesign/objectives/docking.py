"""Docking with AutoDock Vina as a goal: a receptor and a box, and the best pose's affinity per molecule."""

import json
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from moldesign.errors import ProfileError
from moldesign.objectives.callables import DEFAULT_TIMEOUT
from moldesign.objectives.programs import ProgramProperty, RunningSettings

VINA_WORKER = "moldesign.objectives.vina_worker"
USUAL_RANGE = (-12.0, -4.0)
"""Vina's affinities of drug-like molecules, in kcal/mol; the lower, the better."""


class Docking(BaseModel):
    """The section `[[docking]]` of a profile, which goals refer to by its name.

    Vina is that of Eberhardt et al., J. Chem. Inf. Model. 2021, 61, 3891; Meeko prepares the molecules.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    name: str = Field(default="docking", pattern=r"^[\w.+-]+$")
    receptor: str
    """A rigid receptor in PDBQT format."""
    center: tuple[float, float, float]
    """Middle of the box, in Angstrom."""
    size: tuple[float, float, float]
    """Edges of the box, in Angstrom."""
    exhaustiveness: int = Field(default=8, gt=0)
    """Independent searches per molecule."""
    seed: int = Field(default=1, gt=0)
    """Of conformers and search; the same seed gives the same score."""
    timeout: float = Field(default=DEFAULT_TIMEOUT, gt=0)
    """Seconds per molecule."""
    workers: int | None = Field(default=None, gt=0)
    """Molecules at the same time, each on one core; one per core by default."""
    cache: str | None = Field(default=None, min_length=1)
    """A file that keeps the scores for other runs."""

    def without_means(self) -> "Docking":
        """Return the section without what says only how it is run."""
        return self.model_copy(update={"timeout": DEFAULT_TIMEOUT, "workers": None, "cache": None})

    def make_property(self) -> ProgramProperty:
        """Return the docking score, in kcal/mol.

        Raises:
            ProfileError: the receptor cannot be read, or the packages are not installed.
        """
        try:
            packages = {package: version(package) for package in ("vina", "meeko", "gemmi")}
        except PackageNotFoundError as error:
            raise ProfileError(f"docking needs the package {error.name!r}: pip install 'moldesign[docking]'") from error
        try:
            receptor = Path(self.receptor).read_bytes()
        except OSError as error:
            raise ProfileError(f"cannot read the receptor {self.receptor}: {error.strerror}") from error
        if Path(self.receptor).suffix != ".pdbqt":
            raise ProfileError(f"the receptor {self.receptor} must be in PDBQT format; mk_prepare_receptor.py makes it")
        settings = self.model_dump(mode="json", include={"receptor", "center", "size", "exhaustiveness", "seed"})
        running = RunningSettings(self.timeout, self.workers, self.cache)
        key = json.dumps(settings | {"receptor": sha256(receptor).hexdigest()} | packages, sort_keys=True)
        return ProgramProperty.of_module(
            self.name, VINA_WORKER, json.dumps(settings), running, key=f"vina {key}", usual=USUAL_RANGE
        )
