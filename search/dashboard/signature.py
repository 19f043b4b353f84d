"""The last line of generated notes, by which they are told from notes that people wrote."""

from __future__ import annotations

from storage.pages import Page

SIGNATURE = "*Generated automatically. Delete this line to keep your edits.*"
FORMER_SIGNATURE = "*Written by the search. A note without this line is taken for a person's, and stays as it is.*"
"""Of version 0.2, whose notes are still in databases."""


def sign_note(page: Page, body: str, trial_id: int | None = None) -> None:
    """Make `body` the note of a study or trial, unless a person has written or edited it."""
    present = page.note(trial_id)
    if not present or SIGNATURE in present or FORMER_SIGNATURE in present:
        page.set_note(f"{body}\n\n{SIGNATURE}", trial_id)
