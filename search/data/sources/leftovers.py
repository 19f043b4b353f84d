"""Files and folders that a NAS, an operating system or a program leaves in an image folder ("leftovers").

They are neither classes nor images. Sources: github/gitignore (Global/macOS, Windows, Linux) and the systems' manuals.
"""

from __future__ import annotations

import fnmatch
import re

LEFTOVERS: dict[str, str] = {  # pattern of a whole name, in lower case: origin and purpose
    "._*": "macOS: resource forks on other file systems",
    ".*": "hidden: .DS_Store of macOS, .ipynb_checkpoints, .@__thumb of QNAP, .Trash-1000 of Linux, .git, and more",
    "@eadir": "Synology: thumbnails and metadata",
    "#recycle": "Synology: recycle bin",
    "#snapshot": "Synology: snapshots",
    "@recycle": "QNAP: recycle bin",
    "@recently-snapshot": "QNAP: snapshots",
    "~snapshot": "NetApp: snapshots",
    "$recycle.bin": "Windows: recycle bin",
    "system volume information": "Windows: restore points",
    "found.[0-9][0-9][0-9]": "Windows: files recovered by chkdsk",
    "thumbs.db": "Windows: thumbnails",
    "thumbs.db:encryptable": "Windows: thumbnails, on a file share",
    "ehthumbs.db": "Windows Media Center: thumbnails",
    "ehthumbs_vista.db": "Windows Media Center: thumbnails",
    "desktop.ini": "Windows: folder settings",
    "*:zone.identifier": "Windows: the origin of a download, copied by WSL",
    "lost+found": "Linux: files recovered by fsck",
    "__macosx": "macOS: resource forks in a zip archive",
    "icon\r": "macOS: folder icon",
    "icon\uf00d": "macOS: folder icon, on a file share",
    "network trash folder": "macOS: trash of a file share",
    "temporary items": "macOS: temporary files of a file share",
}

_ALL = re.compile("|".join(map(fnmatch.translate, LEFTOVERS)))


def leftover(name: str) -> str | None:
    """The pattern that matches a file or folder of this name; None if it is not a leftover."""
    lower = name.casefold()
    if _ALL.match(lower) is None:
        return None
    return next(pattern for pattern in LEFTOVERS if fnmatch.fnmatchcase(lower, pattern))
