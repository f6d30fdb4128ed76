from pathlib import Path

import pytest

from moldesign.errors import UnknownNameError
from moldesign.objectives import catalog, properties
from moldesign.predictors.endpoints import Endpoint
from tests.objectives.fake_predictor import FakePredictor


@pytest.fixture
def predictor(monkeypatch: pytest.MonkeyPatch) -> FakePredictor:
    """The only bundled predictor, under the name 'admet'; the folders 'mine' and 'theirs' have an endpoint more."""
    fake = FakePredictor()
    own = {"endpoints": [Endpoint("pIC50", "regression", "log10", "own assay", 4.0, 9.0).to_dict()]}
    cards = {
        "admet": {"endpoints": [endpoint.to_dict() for endpoint in fake.endpoints]},
        "mine": own,
        "./mine/": own,
        "theirs": own,
    }

    def read_card(name: str) -> dict[str, object]:
        if name not in cards:
            raise UnknownNameError("model", name, cards)
        return cards[name]

    monkeypatch.setattr(catalog, "list_bundled", lambda: {"admet": None})
    monkeypatch.setattr(catalog, "read_model_card", read_card)
    monkeypatch.setattr(catalog, "find_model_folder", Path)
    monkeypatch.setattr(properties, "load_predictor", lambda name: fake)
    return fake
