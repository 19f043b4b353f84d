"""What the search has written is known by its last line. The notes of people stay as they are."""

from __future__ import annotations

from storage.pages import Page

SIGNATURE = "*Written by the search. A note without this line is taken for a person's, and stays as it is.*"


def sign_note(page: Page, body: str, trial_id: int | None = None) -> None:
    """Make `body` the note of a study or trial, unless a person has written one."""
    present = page.note(trial_id)
    if not present or SIGNATURE in present:
        page.set_note(f"{body}\n\n{SIGNATURE}", trial_id)
