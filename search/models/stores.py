"""The artefact store of a search: for workers, which create it, and for those who read from it."""

from __future__ import annotations

from pathlib import Path

from search.errors import BadInput
from search.settings.search import Settings
from storage.artefacts import Artefacts, open_artefacts
from storage.errors import ArtefactError

STORE_ADVICE = "name the store that the workers used with ARTEFACT_STORE or --set artefact_store=…"


def open_store(settings: Settings) -> Artefacts:
    """The artefact store. Raises BadInput for an address that cannot be used."""
    try:
        return open_artefacts(settings.artefacts)
    except ArtefactError as error:
        raise BadInput("artefact store", [str(error)]) from error


def existing_store(settings: Settings, search: str) -> Artefacts:
    """The store of the search. Raises BadInput if there is none: reading does not create a folder."""
    named = settings.model_copy(update={"name": search})
    if "://" not in named.artefacts and not Path(named.artefacts).expanduser().is_dir():
        raise BadInput("artefact store", [f"{named.artefacts}: no such folder; {STORE_ADVICE}"])
    return open_store(named)
