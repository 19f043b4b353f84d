"""Names of classes and files: which names count as equal, and how names are stored and shown.

A name comes from a file system, a CSV file or a COCO file. It may contain bytes that are not UTF-8 (Python represents
them as lone surrogates), one of the two Unicode forms of é, invisible characters, or a line break.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection

NOT_UTF8 = "that are not UTF-8"
_ESCAPED = frozenset({"Cc", "Cs", "Zl", "Zp"})  # control characters, lone surrogates, separators of lines, paragraphs


def readable(text: str) -> str:
    """`text` for JSON, a database and one line of a table; characters that these cannot store are escaped."""
    if text.isprintable():
        return text
    return "".join(repr(char)[1:-1] if unicodedata.category(char) in _ESCAPED else char for char in text)


def composed(name: str) -> str:
    """The name with é as one character (NFC). macOS may use two characters, which look the same."""
    return unicodedata.normalize("NFC", name)


def spelling(name: str) -> str:
    """Equal for names that look equal: case, blanks, invisible characters and Unicode form do not count."""
    return composed(_collapsed(_visible(name)).casefold())


def difference(names: Collection[str]) -> str:
    """The only difference between names of one `spelling`: case, blanks, invisible characters, or several of these."""
    forms = {composed(name) for name in names}
    for what, strip in (("case", str.casefold), ("blanks", _collapsed), ("invisible characters", _visible)):
        if len({composed(strip(name)) for name in forms}) == 1:
            return what
    return "case, blanks or invisible characters"


def name_fault(name: str) -> str | None:
    """Why a class name cannot be stored, or shown in a table, as in "names that are not UTF-8"; None if it can."""
    if any(unicodedata.category(char) == "Cs" for char in name):
        return NOT_UTF8
    if not _collapsed(_visible(name)):
        return "without a visible character"
    if readable(name) != name:
        return "with control characters or line breaks"
    return None


def _collapsed(name: str) -> str:
    return " ".join(name.split())


def _visible(name: str) -> str:
    """The name without format characters, such as the zero-width space and the right-to-left mark."""
    return "".join(char for char in name if unicodedata.category(char) != "Cf")
