"""The studies of a search, created once, and opened again only for the same data and space."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import optuna
from optuna.trial import TrialState

from search.data.unknown import NEEDED
from search.errors import BadInput
from search.settings.search import Settings
from search.settings.spaces import AnySpace, ListedSpace
from search.settings.stored import stored_space
from search.spaces import listed
from search.study.checked_spaces import checked_spaces
from search.study.creation import attributes_of_study, create_study, queue_of_study
from search.study.differences import differences, differences_of_data
from search.study.limits import check_limits
from search.study.sampler import make_sampler
from search.study.study import WHOLE, OpenStudy
from storage.attributes import TRAINED_WITH
from storage.database import Database
from storage.names import full_name

log = logging.getLogger(__name__)


def open_studies(
    settings: Settings,
    data: Mapping[str, Any],
    database: Database,
    *,
    sampler_seed: int,
) -> list[OpenStudy]:
    """The search's studies, created where they do not exist.

    data  `Dataset.describe()`, classes and fingerprint included

    Raises BadInput, before anything is created, if weights or cuts are missing, if no network is within the limits, if
    a recipe needs unknown images and the data have none, or if a study exists for different data or another space.
    """
    missing = _missing(settings, data, database)
    created = checked_spaces({name: settings.studies[name] for name in missing}, settings)  # may wait for timm's hub
    check_limits(created, len(data["classes"]))
    _check_unknown(created, data)
    if created:
        with database.alone():
            for name in _missing(settings, data, database):  # another process may have created some
                space = created[name]
                queue = queue_of_study(space, settings.budget(name)[0])
                attributes = attributes_of_study(space, settings, data)
                create_study(database, full_name(settings.name, name), space, attributes, queue)
    return [_open(name, settings, database, sampler_seed + index) for index, name in enumerate(settings.studies)]


def open_listed_studies(settings: Settings, data: Mapping[str, Any], database: Database) -> list[OpenStudy]:
    """The listed studies of this search that other commands created (`baselines.run`, `search.finalize`), to help with.

    Raises BadInput if one was created on different data.
    """
    names = optuna.get_all_study_names(database.optuna)
    mine = [name.partition("/")[2] for name in names if name.startswith(full_name(settings.name, ""))]
    found, problems = [], []
    for name in sorted(set(mine) - settings.studies.keys()):
        study = optuna.load_study(study_name=full_name(settings.name, name), storage=database.optuna)
        if WHOLE in study.user_attrs and study.user_attrs["space"] == "listed":
            problems += differences_of_data(study, data)
            found.append(_open(name, settings, database, 0))
    if problems:
        raise BadInput(f"a search named {settings.name!r} already exists for different data or settings", problems)
    return found


def open_rows(settings: Settings, data: Mapping[str, Any], database: Database) -> list[OpenStudy]:
    """The settings' listed studies, for the command that creates them: networks and seeds that failed are requeued.

    Raises BadInput as `open_studies` does.
    """
    opened = open_studies(settings, data, database, sampler_seed=0)
    with database.alone():
        for study in opened:
            assert isinstance(study.space, ListedSpace)
            trials = study.study.get_trials(deepcopy=False)
            under_way = [trial.system_attrs.get("fixed_params") for trial in trials if trial.state != TrialState.FAIL]
            for parameters in listed.all_parameters(study.space):
                if parameters not in under_way:
                    log.info("%s: requeued %s, which failed", study.study.study_name, parameters)
                    study.study.enqueue_trial(parameters)
    return [_open(study.name, settings, database, 0) for study in opened]


def _missing(settings: Settings, data: Mapping[str, Any], database: Database) -> list[str]:
    """Names of studies to create. Raises BadInput where existing ones are for different data or settings."""
    names = set(optuna.get_all_study_names(database.optuna))
    missing, problems = [], []
    for name in settings.studies:
        study_name = full_name(settings.name, name)
        study = optuna.load_study(study_name=study_name, storage=database.optuna) if study_name in names else None
        if study is None or WHOLE not in study.user_attrs:
            missing.append(name)
        else:
            problems += differences(study, settings, data)
    if problems:
        raise BadInput(f"a search named {settings.name!r} already exists for different data or settings", problems)
    return missing


def _check_unknown(spaces: Mapping[str, AnySpace], data: Mapping[str, Any]) -> None:
    """Raises BadInput if a training would use unknown images that the data do not have."""
    for name, space in spaces.items():
        recipes = [row.candidate.recipe for row in space.rows] if isinstance(space, ListedSpace) else [space.recipe]
        if "unknown" not in data and any(recipe.unknown_weight for recipe in recipes):
            raise BadInput(
                f"study {name} cannot be created", [f"recipe.unknown_weight is above 0, which needs {NEEDED}"]
            )


def _open(name: str, settings: Settings, database: Database, sampler_seed: int) -> OpenStudy:
    """The study with the space that it was created with, even if this worker lacks some of the weights."""
    study = optuna.load_study(
        study_name=full_name(settings.name, name), storage=database.optuna, sampler=make_sampler(sampler_seed)
    )
    space = stored_space(study.user_attrs[WHOLE])
    if isinstance(space, ListedSpace):  # all of its trainings were queued when it was created
        queued = [trial for trial in study.get_trials(deepcopy=False) if TRAINED_WITH not in trial.user_attrs]
        return OpenStudy(name, space, study, len(queued), None)
    return OpenStudy(name, space, study, *settings.budget(name))
