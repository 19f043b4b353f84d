"""Loading a model from a folder that `save_model` wrote, or from a trial whose model was saved."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from blocks.network import Network
from search.errors import BadInput
from search.models.description import DESCRIPTION_FILE, WEIGHTS_FILE, ModelDescription
from search.models.folder import load_model
from search.models.names import EXPECTED, ROW, TRIAL, check_model_name
from search.models.searches import chosen_search
from search.models.stores import STORE_ADVICE, existing_store
from search.settings.search import Settings
from storage.artefacts import Artefacts, attached_to_trials
from storage.database import Database, connect
from storage.errors import ArtefactError, StorageError
from storage.names import search_name, short_name
from storage.trials import StudyRecord, TrialRecord, read_studies, read_trials

PATIENCE_SECONDS = 30.0


@dataclass(frozen=True)
class Source:
    """A network in evaluation mode on the CPU, with its description.

    name      for people: the folder, or study and number
    trial_id  id of the trial in the database; None for a folder
    settings  the settings of the trial's study; empty for a folder
    """

    name: str
    network: Network
    description: ModelDescription
    trial_id: int | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class KeptModel:
    """A trial whose model is in the artifact store: the ids of its files, by name."""

    study: StudyRecord
    trial: TrialRecord
    files: Mapping[str, str]

    @property
    def name(self) -> str:
        """The name that commands accept: STUDY/NUMBER."""
        return f"{short_name(self.study.name)}/{self.trial.number}"

    @property
    def row(self) -> str | None:
        """The trial's row in a listed study, otherwise None."""
        row: str | None = self.trial.attributes.get("row")
        return row


def open_source(where: str, settings: Settings) -> Source:
    """The model of a folder or trial. Raises BadInput, which names the available models, and DatabaseRefused."""
    if Path(where).is_dir():
        network, description = load_model(Path(where))
        return Source(where, network, description)
    check_model_name(where)
    try:
        with closing(open_database(settings)) as database:
            chosen = choose(kept_models(database, settings), where)
    except BadInput as error:
        raise BadInput(error.what, [*error.problems, f"{where} is not a folder, either; {EXPECTED}"]) from error
    return fetch(chosen, settings)


def open_database(settings: Settings) -> Database:
    """The search's database, for reading. Raises BadInput if there is none."""
    try:
        return connect(settings.database, create=False, give_up_seconds=PATIENCE_SECONDS)
    except StorageError as error:
        advice = "name the search's database with --database-url, or its --name or --config"
        raise BadInput("the trial cannot be found", [str(error), advice]) from error


def kept_models(database: Database, settings: Settings) -> list[KeptModel]:
    """All trials of the chosen search with a saved model, by study and number. Raises BadInput as `chosen_search`."""
    wanted = chosen_search(database, settings)
    mine = {record.name: record for record in read_studies(database) if search_name(record.name) == wanted}
    files: dict[int, dict[str, str]] = {}
    for record in mine.values():
        files |= attached_to_trials(database.optuna, record.study_id)
    return [
        KeptModel(mine[trial.study], trial, files[trial.trial_id])
        for trial in read_trials(database, list(mine))
        if {DESCRIPTION_FILE, WEIGHTS_FILE} <= files.get(trial.trial_id, {}).keys()
    ]


def choose(models: Sequence[KeptModel], where: str) -> KeptModel:
    """The model of the trial that `where` names. Raises BadInput with the names of the available models."""
    if match := TRIAL.fullmatch(where):
        number, study = int(match["number"]), match["study"] or match["before_dash"]
        found = [model for model in models if model.trial.number == number and _is_of(model, study)]
    elif match := ROW.fullmatch(where):
        seeds = [model for model in models if model.row == match["row"] and _is_of(model, match["study"])]
        found = sorted(seeds, key=lambda model: int(model.trial.attributes["seed"]))[:1]
    else:
        found = []
    if len(found) == 1:
        return found[0]
    if found:
        candidates = " or ".join(model.name for model in found)
        raise BadInput("several trials found", [f"{where} may be {candidates}; name the study"])
    names = [model.name if model.row is None else f"{short_name(model.study.name)}/{model.row}" for model in models]
    there_are = ", ".join(dict.fromkeys(names))
    problems = [f"available: {there_are}" if models else "no trial of the search has a saved model"]
    problems.append(
        "models are saved only for trials that were on their study's Pareto front when they finished, and for final "
        "evaluations"
    )
    raise BadInput(f"trial {where} has no saved model", problems)


def _is_of(model: KeptModel, study: str | None) -> bool:
    return study in (None, model.study.name, short_name(model.study.name))


def fetch(model: KeptModel, settings: Settings) -> Source:
    """The model from the artifact store. Raises BadInput if the store has lost or damaged it."""
    artefacts = existing_store(settings, search_name(model.study.name))
    try:
        network, description = _load(artefacts, model.files)
    except ArtefactError as error:
        raise BadInput(f"the model of {model.name} cannot be fetched", [str(error), STORE_ADVICE]) from error
    made_with = model.study.attributes.get("settings") or {}
    return Source(model.name, network, description, model.trial.trial_id, made_with)


def _load(artefacts: Artefacts, files: Mapping[str, str]) -> tuple[Network, ModelDescription]:
    """A trial's model, given the ids of its files by name.

    Raises ArtefactError if the store does not have it, and BadInput if it is damaged.
    """
    with tempfile.TemporaryDirectory(prefix="elimnet-model-") as folder:
        for name in (DESCRIPTION_FILE, WEIGHTS_FILE):
            if name not in files:
                raise ArtefactError(f"artefact store {artefacts.where}: {name} was not saved")
            (Path(folder) / name).write_bytes(artefacts.load(files[name]))
        return load_model(Path(folder))
