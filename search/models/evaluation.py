"""Evaluating a model on labelled images, with one folder per class.

Folders are matched with the model's classes by their names. Folders that are no class of the model are left out, with a
message. A class without a folder counts in no score, but can be predicted by mistake.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console

from search.data.classes import unite_forms
from search.data.examples import Listing
from search.data.names import readable
from search.data.sources.folder import SPLIT_SPELLINGS, read_folder
from search.data.sources.paths import path_problems
from search.errors import BadInput
from search.models.classifier import Classifier, Images, Probabilities
from search.models.description import ModelDescription
from search.models.image_files import Reading, classify, named_range, read_image, report_unreadable, say_below
from search.models.labels import match_classes
from search.models.loading import open_classifier
from search.models.mistakes.folder import folder_problems
from search.models.scores import Scores, as_json, confidence_of, show
from search.settings.data import DataSettings
from search.settings.search import Settings
from search.statistics.confusion import Integers, confusion_matrix, f1_per_class, macro_f1
from search.system.commands import collected
from search.system.outputs import file_problems, whole_file


@dataclass(frozen=True)
class Evaluated:
    """The readable images of a folder: files, names for people, true classes (N,), probabilities (N, classes)."""

    files: list[Path]
    names: list[str]
    labels: Integers
    probabilities: Probabilities
    scores: Scores


def evaluate_folder(settings: Settings, options: argparse.Namespace) -> None:
    """Run `search.evaluate`: show or write the scores of a model on a folder of images."""
    listing, classifier = _inputs(options, settings)
    match_classes(listing, classifier.description.classes)
    _refuse_test_images(classifier.description, options.folder, listing)
    say_below(options.folder, listing.warnings)
    found = evaluate(classifier, listing, settings.data)
    if options.json:
        print(json.dumps(as_json(found.scores), indent=2))
    else:
        show(found.scores, Console(highlight=False, markup=False, emoji=False))  # class names may look like markup
    if options.png:
        _write_matrix(found.scores, options)
    if options.mistakes:
        _write_mistakes(found, classifier, settings.data, options)


def evaluate(classifier: Classifier, listing: Listing, reading: DataSettings) -> Evaluated:
    """Classify the images of a listing, whose classes `match_classes` has matched, and compare.

    reading  the limit of an image's size, and the pixel range of images with more than 8 bits, if not the model's
    """
    classes = classifier.description.classes
    folders = set().union(*listing.classes.values())
    unknown, missing = sorted(folders - set(classes)), [name for name in classes if name not in folders]
    example_of = {
        example.origin: example
        for example in listing.examples
        if isinstance(example.origin, Path) and example.class_name in classes
    }
    files: list[Path] = []
    parts: list[Probabilities] = []
    unreadable: list[tuple[Path, str]] = []
    for answers in classify(classifier, list(example_of), reading.max_pixels, named_range(reading)):
        files += answers.files
        parts.append(answers.probabilities)
        unreadable += answers.unreadable
    report_unreadable(unreadable, len(files))
    probabilities = np.concatenate(parts)
    true = np.array([classes.index(example_of[path].class_name) for path in files])
    predicted = probabilities.argmax(axis=1)
    confusion = confusion_matrix(true, predicted, len(classes))
    scores = Scores(
        classes=classes,
        accuracy=float((true == predicted).mean()),
        f1_macro=macro_f1(confusion, confusion.sum(axis=1) > 0),
        f1_per_class=tuple(map(float, f1_per_class(confusion))),
        confusion=confusion,
        unreadable=len(unreadable),
        unknown=tuple(unknown),
        missing=tuple(missing),
        confidence=confidence_of(probabilities, true == predicted, classifier.description.decision),
    )
    return Evaluated(files, [example_of[path].name for path in files], true, probabilities, scores)


def _write_matrix(scores: Scores, options: argparse.Namespace) -> None:
    from search.models.confusion import matrix_figure, png  # noqa: PLC0415 - few ask for it, and matplotlib is slow

    scored = f"macro F1 {scores.f1_macro:.3f}"
    figure = matrix_figure(scores.classes, scores.confusion, readable(options.folder.resolve().name), scored)
    with whole_file(options.png, "--png", "the plot cannot be written") as file:
        file.write(png(figure))
    print(f"wrote {options.png}", file=sys.stderr)


def _write_mistakes(
    found: Evaluated, classifier: Classifier, settings: DataSettings, options: argparse.Namespace
) -> None:
    from search.models.mistakes.found import Mistakes, wrong_answers  # noqa: PLC0415 - few ask for pictures
    from search.models.mistakes.writing import write_mistakes  # noqa: PLC0415

    reading = Reading(classifier.description.input, settings.max_pixels, named_range(settings))

    def read(rows: Sequence[int]) -> Images:
        images = [read_image(found.files[row], reading) for row in rows]
        gone = [
            f"{found.files[row]}: {image}" for row, image in zip(rows, images, strict=True) if isinstance(image, str)
        ]
        if gone:
            raise BadInput("files have changed since they were classified", gone)
        return np.stack([image for image in images if not isinstance(image, str)])

    mistakes = Mistakes(
        title=f"Mistakes of {options.model} on {readable(options.folder.resolve().name)}",
        facts=(f"Macro F1 {found.scores.f1_macro:.3f}, accuracy {found.scores.accuracy:.3f}.",),
        classes=found.scores.classes,
        confusion=found.scores.confusion,
        wrong=wrong_answers(found.names, found.labels, found.probabilities.argmax(axis=1), found.probabilities),
    )
    write_mistakes(options.mistakes, mistakes, read, classifier.network)


def _inputs(options: argparse.Namespace, settings: Settings) -> tuple[Listing, Classifier]:
    """The images and the model. Raises BadInput with all problems of the images, the model and the options."""
    problems = file_problems("--png", options.png) + folder_problems(options.mistakes, options.folder)
    listing: Listing | None = None
    classifier: Classifier | None = None
    with collected(problems):
        listing = _labelled(options.folder)
    with collected(problems):
        classifier = open_classifier(options.model, settings)
    if problems or listing is None or classifier is None:
        raise BadInput("nothing was evaluated", problems)
    return listing, classifier


def _labelled(folder: Path) -> Listing:
    """The images of a folder with one folder per class. Raises BadInput with all problems."""
    if problems := path_problems(folder, "folder", "one folder of images per class", remedy=None):
        raise BadInput("the labelled images cannot be used", problems)
    listing = read_folder(DataSettings(source="folder", path=folder))
    unite_forms(listing)
    problems = [*listing.problems, *(f"{fault.name}: {fault.reason}" for fault in listing.unusable)]
    if splits := sorted(split for split in listing.classes if split):
        problems.append(f"{folder} holds splits ({', '.join(splits)}); name the folder of one of them")
    elif not problems and not listing.examples:
        problems.append(f"{folder}: its class folders hold no files")
    if problems:
        raise BadInput("the labelled images cannot be used", problems)
    return listing


def _refuse_test_images(model: ModelDescription, folder: Path, listing: Listing) -> None:
    """Raises BadInput if `folder` looks like the data set of the model's search, which includes its test images.

    It does if the number of images of each class is the same within 2%: the same as in the test split for a folder that
    is named like a test split, as in all splits for any other folder. Models of final evaluations may see them.
    """
    provenance = model.provenance
    if provenance.metrics.split == "test":
        return
    known = provenance.data["counts"]
    is_test = SPLIT_SPELLINGS.get(folder.resolve().name.casefold()) == "test"
    there = Counter(example.class_name for example in listing.examples)
    expected: Counter[str] = Counter()
    for split in ["test"] if is_test else known:
        expected.update(known[split])
    if there.keys() == expected.keys() and all(abs(there[name] - n) <= n // 50 for name, n in expected.items()):
        problem = (
            f"{folder} looks like the data set that this model was searched on, including its test images: it has "
            "the same number of images per class"
        )
        advice = (
            "to keep the test set unbiased, use python -m search.finalize for test scores, or python -m search.report "
            "--pareto for validation scores"
        )
        raise BadInput("the labelled images cannot be used", [problem, advice])
