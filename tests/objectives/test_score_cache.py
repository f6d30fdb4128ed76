import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from moldesign.errors import ObjectiveError
from moldesign.objectives.score_cache import ScoreCache


def test_scores_come_back_by_scorer(tmp_path: Path) -> None:
    with closing(ScoreCache(tmp_path / "scores.sqlite")) as cache:
        cache.put("dock 1", "CCO", -7.25, 2.0)
        cache.put("dock 2", "CCO", -1.0, 3.0)
        cache.put("dock 1", "CCN", -6.5, 4.0)
        cache.put("dock 1", "CCN", -6.0, 5.0)
    with closing(ScoreCache(tmp_path / "scores.sqlite")) as cache:
        assert cache.find("dock 1", ["CCN", "CCO", "CCC"]) == {"CCO": (-7.25, 2.0), "CCN": (-6.0, 5.0)}
        assert cache.find("dock 3", ["CCO"]) == {}


def test_more_molecules_than_a_query_may_name(tmp_path: Path) -> None:
    with closing(ScoreCache(":memory:")) as cache:
        smiles = ["C" * n for n in range(1, 1202)]
        for text in smiles:
            cache.put("length", text, len(text), 0.5)
        assert cache.find("length", smiles) == {text: (len(text), 0.5) for text in smiles}


def test_a_score_is_in_the_file_at_once_and_two_runs_may_write(tmp_path: Path) -> None:
    path = tmp_path / "scores.sqlite"
    with closing(ScoreCache(path)) as one, closing(ScoreCache(path)) as other:
        one.put("dock", "C", 1, 0.5)
        other.put("dock", "CC", 2, 0.5)
        one.put("dock", "CCC", 3, 0.5)
        assert other.find("dock", ["C", "CC", "CCC"]) == {"C": (1, 0.5), "CC": (2, 0.5), "CCC": (3, 0.5)}


def test_a_file_of_an_older_version_gives_its_scores_without_times(tmp_path: Path) -> None:
    path = tmp_path / "scores.sqlite"
    with closing(sqlite3.connect(path)) as old, old:
        old.execute("CREATE TABLE scores (scorer TEXT, smiles TEXT, value REAL, PRIMARY KEY (scorer, smiles))")
        old.execute("INSERT INTO scores VALUES ('dock', 'C', 1)")
    with closing(ScoreCache(path)) as cache:
        cache.put("dock", "CC", 2, 0.5)
        assert cache.find("dock", ["C", "CC"]) == {"C": (1, None), "CC": (2, 0.5)}


def test_another_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a database, but long enough to be seen as none " * 20)
    with pytest.raises(ObjectiveError, match=r"notes\.txt is not a score cache .*name another file"):
        ScoreCache(path)
    with pytest.raises(ObjectiveError, match=r"cannot use the score cache .*absent/scores\.sqlite: .*check the disk"):
        ScoreCache(tmp_path / "absent" / "scores.sqlite")
    with closing(sqlite3.connect(path.with_suffix(".sqlite"))) as other, other:
        other.execute("CREATE TABLE scores (a TEXT)")
    with (
        closing(ScoreCache(path.with_suffix(".sqlite"))) as cache,
        pytest.raises(ObjectiveError, match="column"),
    ):
        cache.find("dock", ["C"])
