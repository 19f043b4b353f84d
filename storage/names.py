"""Names of studies in the storage: a search's name, a slash, the study's own name."""

from __future__ import annotations


def search_name(study_name: str) -> str:
    """`"trashnet/scratch"` -> `"trashnet"`; a study without a slash is a search by itself."""
    return study_name.rpartition("/")[0] or study_name


def short_name(study_name: str) -> str:
    """`"trashnet/scratch"` -> `"scratch"`."""
    return study_name.rpartition("/")[2]


def full_name(search: str, study: str) -> str:
    """The name of a study in the storage."""
    return f"{search}/{study}"
