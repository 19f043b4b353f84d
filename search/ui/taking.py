"""Take: the formats of an export, the command that makes one, and its files as a zip."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

from search.errors import BadInput
from search.models.formats.registry import FORMATS, writing_problems
from search.settings.search import Settings
from search.ui.trying import EXPORTS


def formats() -> list[tuple[str, str, list[str]]]:
    """Each format with the runtime that proves it, and why it cannot be written here."""
    return [(name, entry.proven_in, writing_problems(name)) for name, entry in FORMATS.items()]


def export_options(settings: Settings, models: Mapping[str, object], fields: Mapping[str, str]) -> list[str]:
    """The options of an export for what a person chose. Raises BadInput with all problems."""
    model, form = fields.get("model", ""), fields.get("format", "")
    problems = [] if model in models else ["there is no such model; choose one of the list"]
    problems += writing_problems(form) if form in FORMATS else ["unknown format; choose one of the list"]
    if problems:
        raise BadInput("nothing was exported", problems)
    output = settings.run_dir / EXPORTS / f"{model.replace('/', '-')}-{form}"
    options = [model, "--format", form, "--output", str(output)]
    options += ["--reject", "0.05"] if fields.get("reject") else []
    return options + (["--force"] if fields.get("replace") else [])


def final_options(fields: Mapping[str, str]) -> list[str]:
    """The options of a final evaluation. Raises BadInput unless it was confirmed."""
    if not fields.get("sure"):
        raise BadInput("nothing was started", ["confirm that the test split may be read now: it is read once"])
    return [f"--seeds={fields.get('seeds', '')}"]


def zipped(folder: Path) -> bytes:
    """The files of an export, with its model card and its golden pictures."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.is_symlink():
                archive.write(path, Path(folder.name) / path.relative_to(folder))
    return content.getvalue()
