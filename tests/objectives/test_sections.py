from pathlib import Path

import pytest

from moldesign.errors import ProfileError
from moldesign.objectives.diversity import MurckoBuckets, SimilarityBuckets
from moldesign.objectives.profile import dump_profile, load_profile, parse_goals
from moldesign.objectives.sections import Diversity, parse_duration

GOAL = '[[goal]]\nproperty = "qed"\nmax = true\n'


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("10m", 600), ("2h", 7200), ("1.5h", 5400), ("1h 30m", 5400)]
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "10", "m", "10 days", "-5m", "0s", "1e3s", "5m3", "infh"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="no duration; write a number with s, m or h, such as 90s"):
        parse_duration(text)


def test_the_diversity_section_makes_its_filter() -> None:
    by_scaffold, by_similarity = Diversity(bucket_size=3), Diversity(bucket="similarity", penalty="linear")
    assert isinstance(by_scaffold.make_filter(), MurckoBuckets)
    buckets = by_similarity.make_filter(same_scaffold=True)
    assert isinstance(buckets, SimilarityBuckets)
    assert (buckets.bucket_size, buckets.penalty) == (25, "linear")
    assert by_scaffold.make_filter(same_scaffold=True) is None
    assert Diversity(enabled=False, bucket="similarity").make_filter() is None


def test_a_profile_says_when_to_stop_and_what_to_keep(tmp_path: Path) -> None:
    path = tmp_path / "profile.toml"
    path.write_text(
        f'pareto = true\n{GOAL}[budget]\nmax_time = "1h30m"\nconverged_after = 500\n'
        '[diversity]\nbucket = "similarity"\nbucket_similarity = 0.5\nhit_similarity = 0.4\n'
    )
    profile = load_profile(path)
    assert profile.pareto
    assert (profile.budget.max_seconds, profile.budget.converged_after) == (5400, 500)
    assert (profile.diversity.bucket_similarity, profile.diversity.hit_similarity) == (0.5, 0.4)
    path.write_text(dump_profile(profile))
    assert load_profile(path) == profile


def test_by_default_nothing_ends_a_run_before_its_budget() -> None:
    profile = parse_goals(["qed max"])
    assert not profile.pareto
    assert (profile.budget.max_seconds, profile.budget.converged_after) == (float("inf"), None)


@pytest.mark.parametrize(
    ("section", "line", "message"),
    [
        (
            '[budget]\nmax_time = "10 days"',
            5,
            "budget.max_time: '10 days' is no duration; write a number with s, m or h",
        ),
        ("[budget]\nmax_time = 90", 5, "budget.max_time: '90' is no duration"),
        ("[budget]\nconverged_after = 0", 5, "budget.converged_after: .*greater than 0"),
        ("[diversity]\nhit_similarity = 0", 5, "diversity.hit_similarity: .*greater than 0"),
        ("[diversity]\nbucket_similarity = 1.5", 5, "diversity.bucket_similarity: .*less than or equal to 1"),
        ('[diversity]\nbucket = "shape"', 5, "diversity.bucket: .*'scaffold' or 'similarity'"),
    ],
)
def test_what_makes_no_sense_is_named_with_its_line(tmp_path: Path, section: str, line: int, message: str) -> None:
    path = tmp_path / "profile.toml"
    path.write_text(f"{GOAL}{section}\n")
    with pytest.raises(ProfileError, match=f"profile.toml, line {line}: {message}"):
        load_profile(path)


def test_what_does_not_change_the_course_may_change_when_a_run_is_resumed() -> None:
    profile = parse_goals(["qed max"])
    other = profile.with_changes(pareto=True, budget={"max_time": "1m"}, diversity={"hit_similarity": 1})
    assert profile.has_same_aim(other)
    assert not profile.has_same_aim(profile.with_changes(diversity={"bucket": "similarity"}))
    with pytest.raises(ProfileError, match="unknown key 'max_times'"):
        profile.with_changes(budget={"max_times": "1m"})
    with pytest.raises(ProfileError, match="unknown key 'budgets'"):
        profile.with_changes(budgets={"calls": 3})
