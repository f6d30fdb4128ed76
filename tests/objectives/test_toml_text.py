import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moldesign.objectives.toml_text import KeyPath, format_toml, locate_key

TEXT = """\
# a profile
name = "x"
[[goal]]            # first
property = "qed"
max = true
 [[ goal ]]
property = "mw"
"quoted" = 3
budget.calls = 3
[constraints]
must = [
  "mw <= 3",
]
"""

values = st.one_of(
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    st.lists(st.text(max_size=4), max_size=2),
)
tables = st.dictionaries(st.sampled_from("abcd"), values, max_size=3)


@pytest.mark.parametrize(
    ("key", "line"),
    [
        (("name",), 2),
        (("goal",), None),
        (("goal", 0), 3),
        (("goal", 0, "max"), 5),
        (("goal", 1, "property"), 7),
        (("goal", 1, "quoted"), 8),
        (("goal", 1, "budget", "calls"), 9),
        (("goal", 1, "absent"), 6),
        (("constraints", "must", 0), 11),
        (("absent",), None),
    ],
)
def test_lines(key: KeyPath, line: int | None) -> None:
    assert locate_key(TEXT, key) == line


@given(top=tables, section=tables, items=st.lists(tables, min_size=1, max_size=2))
def test_what_is_written_is_read_back(top: dict, section: dict, items: list[dict]) -> None:
    table = {**top, "section": section, "item": items}
    assert tomllib.loads(format_toml(table)) == table
