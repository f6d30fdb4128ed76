"""What molecules that are no hits lack: the right limit is blamed, or none by name."""

from types import SimpleNamespace

import pytest

from moldesign.objectives.profile import parse_goals
from moldesign.reporting.rejections import draw_near_misses

PROFILE = parse_goals(["qed max"]).with_changes(threshold=0.9)


@pytest.mark.parametrize(
    ("must", "terms", "reason"),
    [
        (["mw <= 500", "alerts <= 0"], [0.8, 1.0, 0.0], "breaks the limit alerts <= 0"),
        (["MW <= 500", "mw <= 500", "alerts <= 0"], [0.8, 1.0, 0.0], "breaks the limit alerts <= 0"),
        (["pgp <= 0.5", "pgp_broccatelli <= 0.5", "alerts <= 0"], [0.8, 1.0, 0.0], "breaks a limit"),
        (["substructure(C1CCCCC1) >= 1", "substructure(c1ccccc1) >= 1"], [0.8, 1.0, 0.0], "breaks the limit sub"),
        (["mw <= 500"], [0.8, 1.0], "meets the goal qed max least"),
    ],
)
def test_a_molecule_is_blamed_for_what_it_breaks(must: list[str], terms: list[float], reason: str) -> None:
    profile = PROFILE.with_constraints(must=must)
    assert len(profile.terms) == len(terms)
    molecule = SimpleNamespace(smiles="CCO", total=0.4, call=1, terms=terms, in_domain=[True], missing=None)
    [shown] = draw_near_misses(SimpleNamespace(molecules=[molecule], profile=profile))
    assert shown["reason"].startswith(reason)
