"""The resizing of the model card in other languages, for models that do not resize inside."""

from __future__ import annotations

from pathlib import Path

from search.models.description import InputDescription

FOLDER = Path(__file__).parent / "snippets"
LANGUAGES = {"Kotlin": "kt", "Swift": "swift", "C++": "cpp", "JavaScript": "js"}
"""Language -> the suffix of its file, which is also how Markdown calls it."""


def code_of(language: str) -> str:
    """A function `square` from RGB bytes to RGB bytes, as Pillow's bilinear resizing to one level of 255."""
    return (FOLDER / f"square.{LANGUAGES[language]}").read_text(encoding="utf-8").rstrip()


def in_markdown(taken: InputDescription) -> list[str]:
    """Paragraphs and code for the model card."""
    crop = "true" if taken.fit == "crop" else "false"
    said = (
        "Resizers differ, and models notice. These functions give what the Python line above gives, to one level of "
        f"255. Call `square` with the size {taken.image_size} and `crop` {crop}, with upright pictures. Then compare "
        "the answers of your program with `python -m search.verify . --answers answers.json`."
    )
    return [said, *(f"{name}:\n\n```{suffix}\n{code_of(name)}\n```" for name, suffix in LANGUAGES.items())]
