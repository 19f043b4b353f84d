from __future__ import annotations

import pytest

from search.data.sources.leftovers import leftover


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        (".DS_Store", ".*"),
        (".ipynb_checkpoints", ".*"),
        (".@__thumb", ".*"),
        ("._cat.jpg", "._*"),
        ("@eaDir", "@eadir"),
        ("#recycle", "#recycle"),
        ("#snapshot", "#snapshot"),
        ("@Recycle", "@recycle"),
        ("$RECYCLE.BIN", "$recycle.bin"),
        ("$Recycle.Bin", "$recycle.bin"),
        ("System Volume Information", "system volume information"),
        ("FOUND.000", "found.[0-9][0-9][0-9]"),
        ("lost+found", "lost+found"),
        ("__MACOSX", "__macosx"),
        ("Icon\r", "icon\r"),
        ("Thumbs.db", "thumbs.db"),
        ("ehthumbs.db", "ehthumbs.db"),
        ("ehthumbs_vista.db", "ehthumbs_vista.db"),
        ("desktop.ini", "desktop.ini"),
        ("cat.jpg:Zone.Identifier", "*:zone.identifier"),
    ],
)
def test_what_systems_leave(name: str, pattern: str) -> None:
    assert leftover(name) == pattern


@pytest.mark.parametrize(
    "name",
    ["cat", "icon", "icons", "recycled", "lost", "found", "snapshot", "thumbs", "@home", "#1", "cat.jpg"],
)
def test_what_may_be_a_class_or_an_image(name: str) -> None:
    assert leftover(name) is None
