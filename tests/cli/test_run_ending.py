"""What is said of the control when a run has ended."""

from moldesign.cli.run_ending import describe_audit, warn_of_audit
from moldesign.generation.audit import Audit, AuditedGoal

HERG = AuditedGoal(0.9, 0.45, 0.8, "AUROC", 0.75, 200)
SOLUBILITY = AuditedGoal(0.8, 0.7, 0.7, "Spearman", 0.8, 500)
DOUBTED = Audit(100, 0.97, 0.85, 0.56, 0.75, {"herg": HERG, "solubility": SOLUBILITY}, {"ames": "12 were held out"})


def test_the_scores_by_both_models_are_said() -> None:
    text = describe_audit(DOUBTED)
    assert "for herg, solubility the hits score 0.85" in text
    assert "and 0.56 (66%) by another one" in text
    assert "97% of them are in the domain" in text
    assert "ames has none: 12 were held out" in text


def test_the_warning_names_the_goal_what_is_attainable_and_a_remedy() -> None:
    text = warn_of_audit(DOUBTED)
    assert text.startswith("warning: ")
    assert "66% of their score (herg least)" in text
    assert "it would give about 88%" in text
    assert "raise caution under [guards]" in text


def test_where_nothing_was_compared_one_line_says_why() -> None:
    assert describe_audit(Audit(10, 1.0)) == "control: no goal is a prediction, so that there is none to check"
    text = describe_audit(Audit(10, 1.0, without={"herg": "12 were held out"}))
    assert text.startswith("control: none of the predicted goals has a control model that could check it")
    assert text.endswith("(herg: 12 were held out)")
