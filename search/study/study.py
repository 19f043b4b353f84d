"""The studies of a search: created once, with what they are compared by, and opened again only for the same thing."""

from __future__ import annotations

import logging
import math
import platform
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from statistics import fmean
from typing import Any

import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState
from pydantic import TypeAdapter, ValidationError

from blocks.anatomy import anatomy
from blocks.cost import linear_macs, linear_parameters
from search.data.arrays import PartName
from search.data.depth import SIXTEEN_BITS, PixelRange
from search.errors import BadInput
from search.settings.search import Settings, resolved
from search.settings.spaces import AnySpace, EliminationSpace, ListedSpace, StudySpace
from search.spaces import elimination, listed
from search.spaces.recipe import own_recipe
from search.statistics.cut_ranking import ProfiledCut, first_choices
from search.statistics.pareto import front
from search.study.checked_spaces import checked_spaces
from search.study.limits import check_limits
from search.study.sampler import make_sampler
from search.system.hardware import processor
from storage.database import Database
from storage.names import full_name

OBJECTIVES = ("f1_macro", "parameters")
TEST_OBJECTIVES = ("test_f1_macro", "parameters")
DIRECTIONS = [StudyDirection.MAXIMIZE, StudyDirection.MINIMIZE]
WHOLE = "resolved_space"
LATENCY_MACHINE = "latency_machine"
ADVICE = "give the new search another --name, or go back to the old data and settings"
MAY_CHANGE = {"trials", "minutes", "profile"}  # budgets, and what matters only while a study is made
_SPACE: TypeAdapter[AnySpace] = TypeAdapter(StudySpace)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class OpenStudy:
    """A study, the space that it samples, and its budget over all workers."""

    name: str
    space: AnySpace
    study: optuna.Study
    trials: int | None
    minutes: float | None

    @property
    def reads_test(self) -> bool:
        """Whether its networks are trained on train and validation and scored on test: `search.finalize` made it."""
        return isinstance(self.space, ListedSpace) and self.space.reads_test

    @property
    def trained_on(self) -> PartName:
        """The images that its networks are trained on."""
        return self.space.trained_on if isinstance(self.space, ListedSpace) else "train"


Profiler = Callable[[EliminationSpace], Sequence[ProfiledCut]]


def open_studies(
    settings: Settings,
    data: Mapping[str, Any],
    database: Database,
    *,
    sampler_seed: int,
    profiler: Profiler | None = None,
) -> list[OpenStudy]:
    """The search's studies, created where they do not exist.

    `data` describes the data set (`Dataset.describe()`), classes and fingerprint included. `profiler` is asked for the
    depth profile of each new space that wants one. Raises BadInput, before anything is created, where weights or cuts
    are missing, where no network is within the limits, or where a study exists for other data or another space.
    """
    missing = _missing(settings, data, database)
    created = checked_spaces({name: settings.studies[name] for name in missing}, settings)  # may wait for timm's hub
    check_limits(created, len(data["classes"]))
    profiles = {name: _profile(space, profiler) for name, space in created.items()}  # may take a minute
    if created:
        with database.alone():
            for name in _missing(settings, data, database):  # another process may have been quicker
                _create(name, created[name], profiles[name], settings, data, database)
    return [_open(name, settings, database, sampler_seed + index) for index, name in enumerate(settings.studies)]


def open_listed_studies(settings: Settings, data: Mapping[str, Any], database: Database) -> list[OpenStudy]:
    """The listed studies of this search that other commands made (`baselines.run`, `search.finalize`), to help with.

    Raises BadInput where one is about other data.
    """
    names = optuna.get_all_study_names(database.optuna)
    mine = [name.partition("/")[2] for name in names if name.startswith(full_name(settings.name, ""))]
    found, problems = [], []
    for name in sorted(set(mine) - settings.studies.keys()):
        study = optuna.load_study(study_name=full_name(settings.name, name), storage=database.optuna)
        if WHOLE in study.user_attrs and study.user_attrs["space"] == "listed":
            problems += _differences_of_data(study, data)
            found.append(_open(name, settings, database, 0))
    if problems:
        raise BadInput(f"search {settings.name!r} exists and is about something else", problems)
    return found


def open_rows(settings: Settings, data: Mapping[str, Any], database: Database) -> list[OpenStudy]:
    """The settings' listed studies, for the command that makes them: rows and seeds that failed are queued again.

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
                    log.info("%s: %s failed and is queued again", study.study.study_name, parameters)
                    study.study.enqueue_trial(parameters)
    return [_open(study.name, settings, database, 0) for study in opened]


def study_front(study: optuna.Study) -> list[list[FrozenTrial]]:
    """The complete trials of each candidate that no other of the study beats; seeds are averaged, as in reports."""
    candidates = _candidates(study)
    means = [(fmean(trial.values[0] for trial in seeds), parameters) for (_, parameters), seeds in candidates.items()]
    return [seeds for seeds, kept in zip(candidates.values(), front(means), strict=True) if kept]


def joins_front(study: optuna.Study, candidate_key: str, values: tuple[float, float]) -> bool:
    """Whether a trial of this candidate that is about to end with these values will be on the study's front."""
    scores = {key: [trial.values[0] for trial in seeds] for key, seeds in _candidates(study).items()}
    mine = (candidate_key, values[1])
    scores.setdefault(mine, []).append(values[0])
    kept = front([(fmean(f1_scores), parameters) for (_, parameters), f1_scores in scores.items()])
    return bool(dict(zip(scores, kept, strict=True))[mine])


def _candidates(study: optuna.Study) -> dict[tuple[object, float], list[FrozenTrial]]:
    """The complete trials of each candidate, which one and the same number of parameters belongs to."""
    candidates: dict[tuple[object, float], list[FrozenTrial]] = {}
    for trial in study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)):
        candidates.setdefault((trial.user_attrs.get("candidate_key", trial.number), trial.values[1]), []).append(trial)
    return candidates


def _missing(settings: Settings, data: Mapping[str, Any], database: Database) -> list[str]:
    """Names of studies that are to be created. Raises BadInput where existing ones are about something else."""
    names = set(optuna.get_all_study_names(database.optuna))
    missing, problems = [], []
    for name in settings.studies:
        study_name = full_name(settings.name, name)
        study = optuna.load_study(study_name=study_name, storage=database.optuna) if study_name in names else None
        if study is None or WHOLE not in study.user_attrs:
            missing.append(name)
        else:
            problems += _differences(study, settings, data)
    if problems:
        raise BadInput(f"search {settings.name!r} exists and is about something else", problems)
    return missing


def _differences(study: optuna.Study, settings: Settings, data: Mapping[str, Any]) -> list[str]:
    """Why an existing study cannot be continued under these settings: other data, or another space."""
    short = study.study_name.partition("/")[2]
    before = _with_defaults(study.user_attrs["settings"]["studies"][short])
    now = _with_defaults(resolved(settings)["studies"][short])
    changed = sorted(key for key in {*before, *now} - MAY_CHANGE if before.get(key) != now.get(key))
    problems = _differences_of_data(study, data) + _other_machine(study)
    if settings.studies[short].model_dump(mode="json") == _with_defaults(study.user_attrs[WHOLE]):
        return problems  # asked for is what the study came to, once rows without weights were left out
    if changed and now["space"] == before["space"] == "listed":
        problems.append(
            f"study {study.study_name} was made of {_list_in_words(before)}, not of {_list_in_words(now)}, or they are "
            f"to be trained in another way now ({', '.join(changed)}); a list stays as it was made: repeat the command "
            "that made it, or give the new list a study of its own with --study"
        )
    elif changed:
        problems.append(f"study {study.study_name} has another {', '.join(changed)}; {ADVICE}")
    return problems


def _with_defaults(stored: Mapping[str, Any]) -> Mapping[str, Any]:
    """A stored space; what was no setting yet when it was made has its default."""
    try:
        return _SPACE.validate_python(stored).model_dump(mode="json")
    except ValidationError:  # of a version that had other settings
        return stored


def _other_machine(study: optuna.Study) -> list[str]:
    """A limit in milliseconds means what it meant where the study was made, and nothing elsewhere."""
    measured_on, here = study.user_attrs.get(LATENCY_MACHINE), processor()
    if measured_on in (None, here):
        return []
    limited = f"study {study.study_name} has a limit of latency on the processor {measured_on}"
    return [f"{limited}, and this machine has {here}: run its workers there, or take max_macs for many machines"]


def _list_in_words(space: Mapping[str, Any]) -> str:
    return f"{', '.join(row['name'] for row in space['rows'])} with {space['seeds']} seeds"


def _differences_of_data(study: optuna.Study, data: Mapping[str, Any]) -> list[str]:
    attributes = study.user_attrs
    problems = []
    if attributes["data"]["fingerprint"] != data["fingerprint"]:
        problems.append(
            f"study {study.study_name} was made on data {_data_id(attributes['data'])}, not {_data_id(data)}; {ADVICE}"
        )
    if attributes["data"]["fit"] != data["fit"]:
        problems.append(
            f"study {study.study_name} has data.fit {attributes['data']['fit']}, not {data['fit']}; {ADVICE}"
        )
    before, now = (PixelRange(*described.get("pixel_range", SIXTEEN_BITS)) for described in (attributes["data"], data))
    if before != now:
        problems.append(f"study {study.study_name} has data.pixel_range {before}, not {now}; {ADVICE}")
    return problems


def _data_id(data: Mapping[str, Any]) -> str:
    return f"{data['name']} {data['fingerprint'][:12]}"


def _profile(space: AnySpace, profiler: Profiler | None) -> Sequence[ProfiledCut]:
    if profiler is None or not isinstance(space, EliminationSpace):
        return ()
    return profiler(space) if space.profile and space.initial_weights == "pretrained" else ()


def _create(
    name: str,
    space: AnySpace,
    profile: Sequence[ProfiledCut],
    settings: Settings,
    data: Mapping[str, Any],
    database: Database,
) -> None:
    """Make the study. Its resolved space comes last and says that it is whole: a study without one is made again."""
    attributes: dict[str, Any] = {
        "space": space.space,
        "settings": resolved(settings),
        "data": dict(data),
        "versions": {package: version(package) for package in ("torch", "timm", "optuna", "elimnet-search")},
        "python": platform.python_version(),
    }
    if not isinstance(space, ListedSpace) and space.max_latency_ms:
        attributes[LATENCY_MACHINE] = processor()
    queued: list[dict[str, Any]] = []
    if isinstance(space, EliminationSpace):
        attributes["backbones"] = _uncut_counts(space, len(data["classes"]))
        trials, _ = settings.budget(name)
        queued = first_candidates(space, max(1, (trials or 20) // 2), profile)
    objectives = OBJECTIVES
    if isinstance(space, ListedSpace):
        attributes["scored_on"] = space.scored_on
        queued = listed.all_parameters(space)
        objectives = TEST_OBJECTIVES if space.reads_test else OBJECTIVES
    if profile:
        attributes["depth_profile"] = [asdict(cut) for cut in profile]
    study = optuna.create_study(
        storage=database.optuna,
        study_name=full_name(settings.name, name),
        directions=DIRECTIONS,
        load_if_exists=True,
    )
    with warnings.catch_warnings(action="ignore", category=ExperimentalWarning):
        study.set_metric_names(list(objectives))
    for parameters in queued:
        study.enqueue_trial(parameters, skip_if_exists=True)
    for key, value in {**attributes, WHOLE: space.model_dump(mode="json")}.items():
        study.set_user_attr(key, value)


def first_candidates(space: EliminationSpace, at_most: int, profile: Sequence[ProfiledCut]) -> list[dict[str, Any]]:
    """Optuna parameters of what a study tries first: see `search.spaces.elimination.first_parameters`."""
    first = elimination.first_parameters(space, at_most, _favourites(space, profile))
    # They are compared by their cuts, so they share the recipe that is known to be sound.
    return [{**own_recipe(space), "frozen_stages": 0, **parameters} for parameters in first]


def _favourites(space: EliminationSpace, profile: Sequence[ProfiledCut]) -> list[tuple[str, str]]:
    """What to try first of a profile: (backbone, module) of cuts that are within the limits with their heads, too."""
    most_macs = space.max_macs or math.inf
    trained = [cut for cut in profile if cut.parameters <= space.max_parameters and cut.macs <= most_macs]
    return [(cut.backbone, cut.module) for cut in first_choices(trained) if cut.module]


def _uncut_counts(space: EliminationSpace, classes: int) -> dict[str, dict[str, int]]:
    """What the report takes shares of: each whole backbone with these classes, at the space's largest image size."""
    counts = {}
    for backbone in space.backbones:
        uncut = anatomy(backbone, max(space.image_sizes)).cuts[-1]
        counts[backbone] = {
            "parameters": uncut.parameters + linear_parameters(uncut.channels, classes),
            "macs": uncut.macs + linear_macs(uncut.channels, classes),
        }
    return counts


def _open(name: str, settings: Settings, database: Database, sampler_seed: int) -> OpenStudy:
    """The study with the space it was created with: a worker's own lack of weights does not change what is searched."""
    study = optuna.load_study(
        study_name=full_name(settings.name, name), storage=database.optuna, sampler=make_sampler(sampler_seed)
    )
    space = _SPACE.validate_python(study.user_attrs[WHOLE])
    if isinstance(space, ListedSpace):  # all that there is to do was queued when it was made
        return OpenStudy(name, space, study, len(study.get_trials(deepcopy=False)), None)
    return OpenStudy(name, space, study, *settings.budget(name))
