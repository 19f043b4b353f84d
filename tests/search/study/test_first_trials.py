from __future__ import annotations

from typing import Any

import optuna
from optuna.trial import TrialState

from blocks.anatomy import anatomy
from search.settings.spaces import EliminationSpace, Range
from search.spaces.elimination import cuts_in_space, first_parameters
from search.study.first_trials import first_candidates, first_shared
from search.study.study import DIRECTIONS

SPACE = EliminationSpace(backbones=("test_efficientnet", "test_resnet"), image_sizes=(32,), max_parameters=10**6)


def studied(*trials: tuple[str, str, float | None]) -> list[optuna.trial.FrozenTrial]:
    """Trials of a study: backbone, training, and F1, or None for a trial that is running."""
    study = optuna.create_study(directions=DIRECTIONS)
    choices = optuna.distributions.CategoricalDistribution(SPACE.backbones)
    for backbone, training, f1_macro in trials:
        study.add_trial(
            optuna.create_trial(
                state=TrialState.RUNNING if f1_macro is None else TrialState.COMPLETE,
                params={"backbone": backbone},
                distributions={"backbone": choices},
                values=None if f1_macro is None else [f1_macro, 1000.0],
                user_attrs={"training": training},
            )
        )
    return study.get_trials()


def deepest(backbone: str) -> dict[str, Any]:
    return {f"{backbone}.cut": len(cuts_in_space(SPACE, anatomy(backbone, 32))) - 1}


PROBES = (
    ("test_efficientnet", "probe", 0.9),
    ("test_efficientnet", "probe", 0.3),
    ("test_resnet", "probe", 0.7),
    ("test_resnet", "probe", 0.8),
)


def test_the_first_shared_training_is_of_the_backbone_with_the_best_probes() -> None:
    for probes, best in ((PROBES, "test_resnet"), (PROBES[:1] + PROBES[2:], "test_efficientnet")):
        first = first_shared(SPACE, studied(*probes))
        assert first is not None
        assert first.items() >= ({"backbone": best, "training": "shared"} | deepest(best)).items()


def test_probes_that_have_not_ended_do_not_count() -> None:
    first = first_shared(SPACE, studied(("test_efficientnet", "probe", None), ("test_resnet", "probe", 0.1)))
    assert first is not None
    assert first["backbone"] == "test_resnet"
    assert first_shared(SPACE, []) is not None, "where there are no probes, any backbone is the first"


def test_there_is_one_first_shared_training_and_none_where_the_space_has_none() -> None:
    assert first_shared(SPACE, studied(*PROBES, ("test_resnet", "shared", None))) is None
    assert first_shared(SPACE, studied(*PROBES, ("test_resnet", "shared", 0.5))) is None
    assert first_shared(SPACE, studied(*PROBES, ("test_resnet", "alone", 0.5))) is not None
    for changes in ({"trainings": ("probe", "alone")}, {"heads": ("conv1x1",)}):
        assert first_shared(SPACE.model_copy(update=changes), studied(*PROBES)) is None


def test_first_trials_have_the_recipe_of_the_space() -> None:
    space = SPACE.model_copy(update={"learning_rate": Range(low=5e-3, high=1e-2, log=True)})
    first = first_shared(space, [])
    assert first is not None
    assert first["learning_rate"] == 5e-3  # its own 3e-3 is not in the range
    queued = first_candidates(space, 4)
    assert all(each.items() >= known.items() for each, known in zip(queued, first_parameters(space, 4), strict=True))
    assert [(each["training"], each["frozen_stages"]) for each in queued] == [("probe", 0)] * 2
