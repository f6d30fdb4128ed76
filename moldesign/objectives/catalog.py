"""From the name in a goal to the property it means."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from moldesign.chem.descriptors import DESCRIPTORS
from moldesign.errors import ProfileError, UnknownNameError
from moldesign.objectives.callables import CallableProperty
from moldesign.objectives.functions import names_function
from moldesign.objectives.programs import ProgramProperty
from moldesign.objectives.properties import (
    UNSEEN_ATOMS,
    UNSEEN_RINGS,
    UNSTABLE,
    AlertProperty,
    DescriptorProperty,
    EndpointProperty,
    NoveltyProperty,
    PredictorHandle,
    SimilarityProperty,
    SubstructureProperty,
)
from moldesign.objectives.structures import (
    STEREO_PROPERTIES,
    NearestProperty,
    allow_elements,
    keep_ends,
    keep_scaffold,
)
from moldesign.objectives.terms import Property
from moldesign.predictors.bundled import find_model_folder, list_bundled, read_model_card
from moldesign.predictors.endpoints import number_names, read_endpoints

_WITH_ARGUMENT: dict[str, Callable[[str], Property]] = {
    "similarity": SimilarityProperty.to,
    "substructure": SubstructureProperty.of,
    "novelty": NoveltyProperty.against_file,
    "program": ProgramProperty.parsed,
    "nearest": NearestProperty.to,
    "scaffold": keep_scaffold,
    "linked": keep_ends,
    "only": allow_elements,
}
_ARGUMENTS = (
    *("similarity(SMILES)", "substructure(SMARTS)", "novelty(FILE)", "program(COMMAND)"),
    *("nearest(SMILES|SMILES)", "scaffold(SMILES with *)", "linked(A*.B*)", "only(C,N,O)"),
)
_CALL = re.compile(r"([\w-]+)\((.*)\)")


@dataclass(frozen=True)
class PropertyCatalog:
    """Every property that a goal may be about."""

    plain: Mapping[str, Property]
    """The properties that need no argument, by name and alias."""
    scorers: Mapping[str, Callable[[], Property]] = field(default_factory=dict)
    """What makes each property that a profile describes itself, by its name."""
    shared: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """The models of each name that several of them have, and that therefore means none."""
    _found: dict[str, Property] = field(default_factory=dict, repr=False)

    @classmethod
    def of_models(
        cls, models: Sequence[str] = (), scorers: Mapping[str, Callable[[], Property]] | None = None
    ) -> "PropertyCatalog":
        """Return the catalog with the endpoints of the bundled predictors and of other model folders.

        Only the cards are read; an endpoint of `models` goes before a bundled one of the same name, and of two
        `models` that have the same name neither goes before the other.

        Args:
            models: names or folders.
            scorers: what makes each property that a profile describes itself, by its name.

        Raises:
            UnknownNameError: a model is neither bundled nor a folder.
            ModelFormatError: its card cannot be read.
        """
        own = list({find_model_folder(model).resolve(): model for model in reversed(models)}.values())
        handles = [PredictorHandle(model) for model in dict.fromkeys((*list_bundled(), *own))]
        plain: dict[str, Property] = {name: DescriptorProperty(name) for name in DESCRIPTORS}
        plain |= STEREO_PROPERTIES | {"alerts": AlertProperty(), "novelty": NoveltyProperty.against_training(handles)}
        plain |= {unseen.name: unseen for unseen in (UNSEEN_RINGS, UNSEEN_ATOMS, UNSTABLE)}
        owners: dict[str, list[str]] = {}
        for handle in handles:
            endpoints = _read_endpoints(handle)
            plain |= endpoints
            for name in endpoints if handle.name in own else ():
                owners.setdefault(name, []).append(handle.name)
        shared = {name: _tell_apart(folders) for name, folders in owners.items() if len(folders) > 1}
        return cls({name: one for name, one in plain.items() if name not in shared}, scorers or {}, shared)

    def find(self, text: str) -> Property:
        """Return the property called `text`, the same one each time; a plain name may be written in any case.

        Raises:
            UnknownNameError: there is none; the message lists the nearest names.
            ProfileError: its argument cannot be read, several models have an endpoint of that name, or a profile's
                own scorer has a name that is taken.

        >>> PropertyCatalog.of_models().find("QED").name
        'qed'
        """
        if text not in self._found:
            self._found[text] = self._make(text)
        return self._found[text]

    def known_names(self) -> list[str]:
        """Return every name that a goal may use, with its argument where it needs one."""
        return [*self.plain, *self.scorers, *_ARGUMENTS]

    def _make(self, text: str) -> Property:
        if text in self.scorers:
            if text in self.plain:
                raise ProfileError(f"{text!r} is the name of another property; give your own scorer another name")
            return self.scorers[text]()
        if call := _CALL.fullmatch(text):
            if call[1] not in _WITH_ARGUMENT:
                raise UnknownNameError("property", call[1], self.known_names())
            return _WITH_ARGUMENT[call[1]](call[2])
        if names_function(text):
            return CallableProperty.imported(text)
        found = self.plain.get(text) or self.plain.get(text.lower())
        if found is not None:
            return found
        if models := self.shared.get(text) or self.shared.get(text.lower()):
            raise ProfileError(
                f"{text!r} is an endpoint of several models, {' and '.join(models)}: give one of them alone, or train "
                "the other with a column of another name"
            )
        raise UnknownNameError("property", text, self.known_names())


def _tell_apart(folders: Sequence[str]) -> list[str]:
    """Return the names of model folders, or where they share one, their paths."""
    names = sorted({Path(folder).name for folder in folders})
    return names if len(names) == len(folders) else sorted(folders)


def _read_endpoints(handle: PredictorHandle) -> dict[str, Property]:
    endpoints = read_endpoints(read_model_card(handle.name))
    properties = [EndpointProperty(endpoint, column, handle) for column, endpoint in enumerate(endpoints)]
    return {name: properties[column] for name, column in number_names(endpoints).items()}
