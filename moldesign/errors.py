"""The exceptions that users meet: each message names what was wrong, where, and what to do."""

from collections.abc import Iterable
from difflib import get_close_matches


class MoldesignError(Exception):
    """Base of every error this package raises on purpose; the command line prints it and exits with 1."""


class InvalidSmilesError(MoldesignError, ValueError):
    """A SMILES that cannot be read, where the caller asked for valid ones only."""


class UnknownTokenError(MoldesignError, ValueError):
    """A SMILES uses a token that the language model has never seen."""


class UnknownNameError(MoldesignError, KeyError):
    """A name (property, model, data set) that does not exist; the message lists the nearest known ones."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        self.kind, self.name = kind, name
        self.known = sorted(set(known))
        super().__init__(f"unknown {kind} {name!r}; {self._suggest()}")

    def _suggest(self) -> str:
        nearest = get_close_matches(self.name.lower(), self.known, n=5, cutoff=0.4)
        return "did you mean: " + ", ".join(nearest) if nearest else "known: " + ", ".join(self.known)

    def __str__(self) -> str:  # KeyError would print the repr of the message
        return str(self.args[0])


class TableError(MoldesignError, ValueError):
    """A table that cannot be read or written: the message names file, row or column, and remedy."""


class ProfileError(MoldesignError, ValueError):
    """A goal or profile that cannot be understood: the message names the key and its line."""


class OpenPointError(MoldesignError, ValueError):
    """A scaffold or linker ends that cannot be grown: the message names the text and the remedy."""


class ModelFormatError(MoldesignError, ValueError):
    """A model folder that is damaged, of another format, or made with other features."""


class ObjectiveError(MoldesignError, ValueError):
    """An objective returned something that is not one finite score per molecule."""


class ClusterError(MoldesignError, RuntimeError):
    """A cluster that cannot be used: the message names the address and the remedy."""


class RunFolderError(MoldesignError, ValueError):
    """A run folder that cannot be used as asked (holds another run, is missing, is full)."""


class BudgetExhaustedError(MoldesignError, RuntimeError):
    """The oracle was asked for more calls than its budget allows."""


class ExportError(MoldesignError, RuntimeError):
    """A model that cannot be exported: a tool is missing, or the exported model would say something else."""
