"""From a table to molecules with labels: what is merged, what is left out, what is refused."""

import numpy as np
import pandas as pd
import pytest

from moldesign.errors import TableError
from moldesign.predictors.assay import describe_endpoint, merge_rows, read_assay, refuse_target_names
from moldesign.predictors.assay_rows import read_rows

ALKANES = ["C" * n for n in range(1, 26)]


@pytest.fixture
def write(tmp_path):
    def write_table(columns, name="assay.csv"):
        frame = pd.DataFrame(columns)
        path = tmp_path / name
        frame.to_parquet(path) if name.endswith("parquet") else frame.to_csv(path, index=False)
        return path

    return write_table


def make_columns(*extra, **columns):
    """Return 25 alkanes with their number of carbons, and further rows (SMILES, value)."""
    rows = [*zip(ALKANES, range(1, 26), strict=True), *extra]
    return {"smiles": [row[0] for row in rows], "y": [row[1] for row in rows], **columns}


def label_of(assay, smiles, column=0):
    return assay.table.labels[assay.table.smiles.index(smiles), column]


@pytest.mark.parametrize("name", ["assay.csv", "assay.tsv.gz", "assay.parquet"])
def test_a_plain_table_is_read_as_it_stands(write, tmp_path, name):
    if "tsv" in name:
        pd.DataFrame(make_columns()).to_csv(tmp_path / name, index=False, sep="\t")
        path = tmp_path / name
    else:
        path = write(make_columns(), name)
    assay = read_assay(path, ["y"])
    assert assay.table.smiles == ALKANES
    assert assay.table.labels[:, 0].tolist() == list(range(1, 26))
    assert (assay.n_rows, assay.n_molecules, assay.unreadable.n) == (25, 25, 0)
    [target] = assay.targets
    assert (target.name, target.task, target.log_scale, target.n_labels) == ("y", "regression", False, 25)


def test_copies_salts_and_writings_are_merged(write):
    columns = make_columns(("OCC", 4.0), ("CCO", 5.0), ("[Na+].CC(=O)[O-]", 2.0), ("CC(=O)O", 2.0))
    assay = read_assay(write(columns), ["y"])
    assert label_of(assay, "CCO") == 4.5
    assert label_of(assay, "CC(=O)O") == 2.0
    assert (assay.targets[0].n_repeated, assay.targets[0].n_labels) == (2, 27)


def test_values_that_differ_as_much_as_any_two_molecules_contradict_each_other(write):
    assay = read_assay(write(make_columns(("OCC", 1.0), ("CCO", 20.0))), ["y"])
    assert "CCO" not in assay.table.smiles
    assert (assay.targets[0].conflicts.n, assay.targets[0].n_repeated) == (1, 0)
    assert assay.targets[0].conflicts.examples == ("CCO: 1 in row 26, 20 in row 27",)


def test_classes_that_differ_contradict_each_other(write):
    columns = make_columns(("OCC", 1), ("CCO", 0), ("CCO", 0))
    columns["y"] = [value % 2 if row < 25 else value for row, value in enumerate(columns["y"])]
    assay = read_assay(write(columns), ["y"])
    assert assay.targets[0].task == "classification"
    assert assay.targets[0].conflicts.examples == ("CCO: 1 in row 26, 0 in row 27, 0 in row 28",)
    assert "CCO" not in assay.table.smiles


def test_values_that_span_decades_are_learned_as_logarithms_and_merged_there(write):
    columns = make_columns(("OCC", 10.0), ("CCO", 40.0))
    columns["y"][:25] = np.logspace(0, 5, 25)
    assay = read_assay(write(columns), ["y"])
    assert assay.targets[0].log_scale
    assert label_of(assay, "CCO") == pytest.approx(20.0)
    assert label_of(assay, "C" * 25) == 100_000.0
    off = read_assay(write(columns), ["y"], log="off")
    assert not off.targets[0].log_scale
    assert label_of(off, "CCO") == pytest.approx(25.0)


@pytest.mark.parametrize(
    ("values", "log", "expected"),
    [
        (np.linspace(4, 10, 25), "auto", False),  # pIC50
        (np.linspace(0, 1e5, 25), "auto", False),  # zero has no logarithm
        (np.logspace(0, 2, 25), "auto", False),
        (np.linspace(0, 10, 25), "on", True),
    ],
)
def test_the_scale_of_a_regression(write, values, log, expected):
    columns = make_columns() | {"y": values}
    assert read_assay(write(columns), ["y"], log=log).targets[0].log_scale is expected


def test_several_targets_with_gaps_are_joined_by_molecule(write):
    columns = make_columns(("CCO", None), ("CCN", 3.0)) | {"active": ["yes", "no"] * 11 + [None] * 3 + ["yes", "no"]}
    assay = read_assay(write(columns), ["y", "active"])
    assert [target.task for target in assay.targets] == ["regression", "classification"]
    assert assay.table.smiles == [*ALKANES, "CCO", "CCN"]
    np.testing.assert_array_equal(assay.table.labels[-2:], [[np.nan, 1], [3, 0]])
    assert [target.n_labels for target in assay.targets] == [26, 24]


def test_rows_that_are_no_molecule_are_left_out_and_listed(write):
    columns = make_columns(("C(C", 1.0), ("", 2.0), ("c1ccccc1", 3.0))
    assay = read_assay(write(columns), ["y"])
    assert (assay.n_rows, assay.n_molecules, assay.unreadable.n) == (28, 26, 2)
    assert assay.unreadable.examples[0] == "row 26: 'C(C' is not a valid SMILES (syntax error)"


def test_text_among_the_values_is_named_or_skipped(write):
    path = write(make_columns(("CCO", ">10"), ("CCN", "n.t.")))
    with pytest.raises(TableError, match=r"y is no number in row 26: '>10', row 27: 'n\.t\.' .*--skip-bad"):
        read_assay(path, ["y"])
    assay = read_assay(path, ["y"], skip_bad=True)
    assert assay.targets[0].bad_cells.examples == ("row 26: '>10'", "row 27: 'n.t.'")
    assert assay.n_molecules == 25


@pytest.mark.parametrize(
    ("cells", "advice"),
    [
        (["0,5", "-1,25"] * 12 + ["7"], "write decimals with a point, as in 0.5"),
        (["high", "low"] * 12 + ["low"], "write the two classes as 0 and 1, or as inactive and active"),
        (["high", "low", "medium", *["low"] * 22], "correct these cells"),
        (["1,5", "high", *["2"] * 23], "correct these cells"),
    ],
)
def test_advice_fits_the_text_among_the_values(write, cells, advice):
    with pytest.raises(TableError, match=advice):
        read_assay(write(make_columns() | {"y": cells}), ["y"])


def test_each_target_may_have_its_own_scale(write):
    columns = make_columns() | {"z": list(range(25))}
    assay = merge_rows(read_rows(write(columns), ["y", "z"]), ["y", "z"], ["off", "on"])
    assert [target.log_scale for target in assay.targets] == [False, True]


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        (make_columns() | {"y": [1, *[None] * 24]}, "1 molecule has a label of y; at least 20 are needed"),
        (make_columns() | {"y": [1] * 25}, "every label of y is 1"),
        (make_columns() | {"y": [3.5] * 25}, "every label of y is 3.5"),
        (make_columns() | {"y": [1, -1] * 12 + [1]}, "only the two values -1 and 1; write classes as 0 and 1"),
        (make_columns() | {"y": [*range(19), *[None] * 6]}, "19 molecules have a label of y; at least 20 are needed"),
        (make_columns() | {"y": [None] * 25}, "no row that is a molecule has a number in y"),
        (make_columns() | {"smiles": ["x"] * 25}, "no row is a molecule"),
    ],
)
def test_what_cannot_be_learned_is_refused(write, columns, said):
    with pytest.raises(TableError, match=said):
        read_assay(write(columns), ["y"])


@pytest.mark.parametrize(
    ("targets", "said"),
    [(["z"], "no column 'z'; columns: smiles, y"), (["y", "y"], "name each target once"), ([], "at least one")],
)
def test_targets_must_be_columns(write, targets, said):
    with pytest.raises(TableError, match=said):
        read_assay(write(make_columns()), targets)


def test_values_below_zero_have_no_logarithm(write):
    with pytest.raises(TableError, match="values below 0"):
        read_assay(write(make_columns(("CCO", -1.0))), ["y"], log="on")


def test_an_empty_file_is_refused(tmp_path):
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(TableError, match="the file is empty"):
        read_assay(tmp_path / "empty.csv", ["y"])
    (tmp_path / "header.csv").write_text("smiles,y\n")
    with pytest.raises(TableError, match="no rows"):
        read_assay(tmp_path / "header.csv", ["y"])


def test_the_time_of_a_molecule_is_its_earliest(write):
    columns = make_columns(("CCO", 4.0), ("OCC", 4.0)) | {"year": [2000] * 25 + [2011, 2010]}
    assay = read_assay(write(columns), ["y"], time_column="year")
    assert assay.times.tolist() == [2000] * 25 + [2010]


def test_rows_without_a_time_are_named_or_left_out(write):
    path = write(make_columns(("CCO", 4.0), ("CCN", 4.0)) | {"year": [2000] * 25 + ["soon", None]})
    with pytest.raises(TableError, match="a date like 2021-03-31: row 26: 'soon', row 27: no time"):
        read_assay(path, ["y"], time_column="year")
    assay = read_assay(path, ["y"], time_column="year", skip_bad=True)
    assert (assay.n_molecules, assay.unreadable.n) == (25, 2)
    assert np.isfinite(assay.times).all()


def test_metals_mixtures_isotopes_radicals_and_peptides_are_rows_like_others(write):
    odd = [
        "[Pt](Cl)(Cl)(N)N",
        "CCO.CCN.O",
        "[2H]C([2H])([2H])O",
        "C[CH2]",
        "NCC(=O)" * 285 + "O",
        "[Na+].[Cl-]",
        "F[Xe]F",
    ]
    assay = read_assay(write(make_columns(*((text, 3.0) for text in odd))), ["y"])
    assert assay.n_rows == 32
    assert assay.n_molecules + assay.unreadable.n >= 31
    assert max(map(len, assay.table.smiles)) > 1000


def test_progress_counts_the_rows(write):
    seen = []
    read_assay(write(make_columns()), ["y"], on_rows=seen.append)
    assert seen == [25]


def test_the_endpoint_has_a_name_that_a_goal_can_use(write):
    columns = {"smiles": ALKANES, "IC50 (EGFR) [nM]": np.logspace(0, 5, 25)}
    endpoint = describe_endpoint(read_assay(write(columns), ["IC50 (EGFR) [nM]"]), 0)
    assert (endpoint.name, endpoint.unit) == ("IC50 (EGFR) [nM]", "nM")
    assert endpoint.aliases == ("IC50_EGFR_nM", "ic50_egfr_nm")
    assert endpoint.log_scale
    assert endpoint.low < 3 < endpoint.high


@pytest.mark.parametrize("names", [("hERG", "HERG"), ("Ki (nM)", "Ki [nM]"), ("Ki nM", "ki_nm")])
def test_what_could_mean_two_targets_is_no_alias(write, names):
    values = np.linspace(1, 2, 25)
    assay = read_assay(write({"smiles": ALKANES, names[0]: values, names[1]: -values}), list(names))
    first, second = (set(describe_endpoint(assay, column).aliases) for column in (0, 1))
    assert not first & {*second, names[1]}
    assert not second & {*first, names[0]}


@pytest.mark.parametrize(
    "names",
    [["smiles"], ["y", "error"], ["in_domain"], ["moldesign_part"], ["y_std", "y"], ["y", "y_in_domain"], [" y"], [""]],
)
def test_names_that_no_table_could_hold_are_refused(names):
    with pytest.raises(TableError, match=r"^assay\.csv: .*rename it$"):
        refuse_target_names("assay.csv", names)


def test_other_names_are_not_refused():
    refuse_target_names("assay.csv", ["y", "x_std", "IC50 [nM]", "name", "Error"])
