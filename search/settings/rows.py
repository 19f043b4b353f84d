"""The name of a fixed-list study."""

from __future__ import annotations

from search.errors import BadInput
from search.settings.search import Settings
from search.settings.spaces import checked_name


def check_study_of_rows(settings: Settings, study: str) -> None:
    """Raises BadInput if `study` cannot be the name of a fixed-list study, or is the name of a study of the search."""
    try:
        checked_name(study)
    except ValueError as error:
        raise BadInput("arguments", [f"--study {study!r}: {error}"]) from error
    if study in settings.studies:
        raise BadInput("arguments", [f"--study {study} is a study of the search itself; name another"])
