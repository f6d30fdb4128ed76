"""What is asked of a predictor is a list of SMILES, in whatever it comes, and each figure has a column of its own."""

import pandas as pd
import pytest

from moldesign.predictors.predictions import find_clash
from tests.predictors.tiny_predictor import ENDPOINTS


def test_a_series_is_predicted_row_by_row_and_a_table_refused(tiny_predictor):
    series = pd.Series(["CCO", "bad", "CCN"], index=[0.5, 7.5, 600.5])
    assert tiny_predictor.predict(series).is_valid.tolist() == [True, False, True]
    assert tiny_predictor.predict(iter(series)).smiles == list(series)
    with pytest.raises(TypeError, match="a DataFrame is no list of SMILES"):
        tiny_predictor.predict(pd.DataFrame({"smiles": series}))


def test_what_clashes_is_what_the_table_would_hold_twice(tiny_predictor):
    columns = list(tiny_predictor.predict(["CCO"]).to_frame().columns)
    names = [endpoint.name for endpoint in ENDPOINTS]
    assert find_clash(names) is None
    assert all(find_clash([*names, column]) == column for column in columns if column not in names)
