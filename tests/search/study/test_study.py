from __future__ import annotations

import optuna
import pytest

from search.study.study import join_front, study_front


def studied(*trials: tuple[str, float, int]) -> optuna.Study:
    """A study of complete trials: candidate, F1, parameters."""
    study = optuna.create_study(directions=["maximize", "minimize"])
    for candidate, f1_macro, parameters in trials:
        attributes = {"candidate_key": candidate}
        study.add_trial(optuna.create_trial(values=[f1_macro, parameters], user_attrs=attributes))
    return study


@pytest.mark.parametrize(
    ("candidate", "f1_macro", "parameters", "joins"),
    [
        ("new", 0.9, 1000, True),
        ("new", 0.75, 1000, False),  # the steady one is better and as small
        ("new", 0.75, 999, True),
        ("new", 0.7, 1000, False),
        ("lucky", 0.6, 1000, False),  # 0.75 on average, with its first seed
        ("lucky", 0.9, 1000, True),  # 0.9 on average
    ],
)
def test_a_trial_joins_the_front_with_what_it_is_about_to_end_with(
    candidate: str, f1_macro: float, parameters: int, joins: bool
) -> None:
    study = studied(("steady", 0.8, 1000), ("lucky", 0.9, 1000))
    assert join_front(study, [(candidate, (f1_macro, float(parameters)))]) == [joins]


def test_the_first_trial_of_a_study_joins_its_front() -> None:
    assert join_front(studied(), [("new", (0.0, 1000.0))]) == [True]


def test_trials_that_end_together_are_rivals() -> None:
    study = studied(("steady", 0.8, 1000))
    ending = [("beaten", (0.5, 900.0)), ("small", (0.6, 800.0)), ("best", (0.9, 1000.0)), ("worse", (0.7, 1000.0))]
    assert join_front(study, ending) == [False, True, True, False]


def test_seeds_of_a_candidate_are_averaged_on_the_front() -> None:
    study = studied(("lucky", 0.9, 1000), ("lucky", 0.5, 1000), ("steady", 0.8, 1000))
    assert [[trial.number for trial in seeds] for seeds in study_front(study)] == [[2]]
