"""From the name in a goal to the property it means."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from moldesign.chem.descriptors import DESCRIPTORS
from moldesign.errors import UnknownNameError
from moldesign.objectives.properties import (
    AlertProperty,
    CallableProperty,
    DescriptorProperty,
    EndpointProperty,
    NoveltyProperty,
    PredictorHandle,
    SimilarityProperty,
    SubstructureProperty,
)
from moldesign.objectives.terms import Property
from moldesign.predictors.bundled import list_bundled, read_model_card
from moldesign.predictors.endpoints import Endpoint

_WITH_ARGUMENT: dict[str, Callable[[str], Property]] = {
    "similarity": SimilarityProperty.to,
    "substructure": SubstructureProperty.of,
    "novelty": NoveltyProperty.against_file,
}
_ARGUMENTS = ("similarity(SMILES)", "substructure(SMARTS)", "novelty(FILE)")
_CALL = re.compile(r"([\w-]+)\((.*)\)")
_FUNCTION = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")


@dataclass(frozen=True)
class PropertyCatalog:
    """Every property that a goal may be about."""

    plain: Mapping[str, Property]
    """The properties that need no argument, by name and alias."""

    @classmethod
    def of_models(cls, models: Sequence[str] = ()) -> "PropertyCatalog":
        """Return the catalog with the endpoints of the bundled predictors and of other model folders.

        Only the cards are read; an endpoint of `models` goes before a bundled one of the same name.

        Raises:
            UnknownNameError: a model is neither bundled nor a folder.
            ModelFormatError: its card cannot be read.
        """
        handles = [PredictorHandle(model) for model in dict.fromkeys((*list_bundled(), *reversed(models)))]
        plain: dict[str, Property] = {name: DescriptorProperty(name) for name in DESCRIPTORS}
        plain |= {"alerts": AlertProperty(), "novelty": NoveltyProperty.against_training(handles)}
        for handle in handles:
            plain |= _read_endpoints(handle)
        return cls(plain)

    def find(self, text: str) -> Property:
        """Return the property called `text`; a plain name may be written in any case.

        Raises:
            UnknownNameError: there is none; the message lists the nearest names.
            ProfileError: its argument cannot be read.

        >>> PropertyCatalog.of_models().find("QED").name
        'qed'
        """
        if call := _CALL.fullmatch(text):
            if call[1] not in _WITH_ARGUMENT:
                raise UnknownNameError("property", call[1], self.known_names())
            return _WITH_ARGUMENT[call[1]](call[2])
        if _FUNCTION.fullmatch(text):
            return CallableProperty.imported(text)
        found = self.plain.get(text) or self.plain.get(text.lower())
        if found is None:
            raise UnknownNameError("property", text, self.known_names())
        return found

    def known_names(self) -> list[str]:
        """Return every name that a goal may use, with its argument where it needs one."""
        return [*self.plain, *_ARGUMENTS]


def _read_endpoints(handle: PredictorHandle) -> dict[str, Property]:
    endpoints = [Endpoint.from_dict(fields) for fields in read_model_card(handle.name)["endpoints"]]
    return {
        name: EndpointProperty(endpoint, column, handle)
        for column, endpoint in enumerate(endpoints)
        for name in (endpoint.name, *endpoint.aliases)
    }
