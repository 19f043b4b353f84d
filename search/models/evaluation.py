"""Evaluating a model on labelled images, with one folder per class.

Folders are matched with the model's classes by their names. Folders that are no class of the model are left out, with a
message. A class without a folder counts in no score, but can be predicted by mistake.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from rich import box
from rich.console import Console
from rich.table import Table

from search.data.classes import unite_forms
from search.data.examples import Listing, named
from search.data.names import readable
from search.data.sources.folder import SPLIT_SPELLINGS, read_folder
from search.data.sources.paths import path_problems
from search.errors import BadInput
from search.models.classifier import Classifier, Probabilities
from search.models.decisions import unsure_images
from search.models.description import Decision, ModelDescription
from search.models.image_files import classify, named_range, report_unreadable, say_below
from search.models.labels import match_classes, suggested
from search.models.loading import open_classifier
from search.settings.data import DataSettings
from search.settings.search import Settings
from search.statistics.confusion import Floats, Integers, confusion_matrix, f1_per_class, macro_f1
from search.statistics.decisions import risk_coverage
from search.system.commands import collected
from search.system.outputs import file_problems, whole_file
from search.system.text import clean, ratio, whole

MOST_COLUMNS = 25
COVERAGES = tuple(percent / 100 for percent in range(5, 101, 5))
SHOWN_COVERAGES = (0.5, 0.8, 0.9, 0.95, 1.0)


@dataclass(frozen=True)
class Confidence:
    """What is gained by not deciding. `coverage` and `risk` (N,) are those of `search.statistics.decisions`.

    decided, wrong  numbers of images that the model's own thresholds decide, and of the wrong ones; None without any
    """

    coverage: Floats
    risk: Floats
    decided: int | None = None
    wrong: int | None = None

    def risk_at(self, coverage: float) -> float:
        """The share of wrong answers if the most probable `coverage` of all answers are given."""
        return float(self.risk[max(0, math.ceil(coverage * len(self.risk) - 1e-9) - 1)])


@dataclass(frozen=True)
class Scores:
    """A model's scores on images. `confusion` has a row per true class; `f1_macro` is over classes with images.

    unknown  folders that are no class of the model
    missing  classes of the model without a folder
    """

    classes: tuple[str, ...]
    accuracy: float
    f1_macro: float
    f1_per_class: tuple[float, ...]
    confusion: Integers
    unreadable: int
    unknown: tuple[str, ...]
    missing: tuple[str, ...]
    confidence: Confidence


def evaluate_folder(settings: Settings, options: argparse.Namespace) -> None:
    """Run `search.evaluate`: show or write the scores of a model on a folder of images."""
    listing, classifier = _inputs(options, settings)
    match_classes(listing, classifier.description.classes)
    _refuse_test_images(classifier.description, options.folder, listing)
    say_below(options.folder, listing.warnings)
    scores = evaluate(classifier, listing, settings.data)
    if options.json:
        print(json.dumps(_as_json(scores), indent=2))
    else:
        _show(scores, Console(highlight=False, markup=False, emoji=False))  # names of classes may look like markup
    if options.png:
        scored = f"macro F1 {scores.f1_macro:.3f}"
        from search.models.confusion import matrix_figure, png  # noqa: PLC0415 - few ask for it, and matplotlib is slow

        figure = matrix_figure(scores.classes, scores.confusion, readable(options.folder.resolve().name), scored)
        with whole_file(options.png, "--png", "the plot cannot be written") as file:
            file.write(png(figure))
        print(f"wrote {options.png}", file=sys.stderr)


def evaluate(classifier: Classifier, listing: Listing, reading: DataSettings) -> Scores:
    """Classify the images of a listing, whose classes `match_classes` has matched, and compare.

    reading  the limit of an image's size, and the pixel range of images with more than 8 bits, if not the model's
    """
    classes = classifier.description.classes
    folders = set().union(*listing.classes.values())
    unknown, missing = sorted(folders - set(classes)), [name for name in classes if name not in folders]
    label_of = {
        example.origin: classes.index(example.class_name)
        for example in listing.examples
        if isinstance(example.origin, Path) and example.class_name in classes
    }
    labels: list[int] = []
    parts: list[Probabilities] = []
    unreadable: list[tuple[Path, str]] = []
    for answers in classify(classifier, list(label_of), reading.max_pixels, named_range(reading)):
        labels += [label_of[path] for path in answers.files]
        parts.append(answers.probabilities)
        unreadable += answers.unreadable
    report_unreadable(unreadable, len(labels))
    probabilities = np.concatenate(parts)
    true, predicted = np.array(labels), probabilities.argmax(axis=1)
    confusion = confusion_matrix(true, predicted, len(classes))
    return Scores(
        classes=classes,
        accuracy=float((true == predicted).mean()),
        f1_macro=macro_f1(confusion, confusion.sum(axis=1) > 0),
        f1_per_class=tuple(map(float, f1_per_class(confusion))),
        confusion=confusion,
        unreadable=len(unreadable),
        unknown=tuple(unknown),
        missing=tuple(missing),
        confidence=_confidence(probabilities, true == predicted, classifier.description.decision),
    )


def _confidence(probabilities: Probabilities, right: npt.NDArray[np.bool_], decision: Decision | None) -> Confidence:
    curve = risk_coverage(probabilities.max(axis=1).astype(np.float64), right)
    if decision is None:
        return Confidence(*curve)
    decided = ~unsure_images(decision, probabilities)
    return Confidence(*curve, int(decided.sum()), int((decided & ~right).sum()))


def _inputs(options: argparse.Namespace, settings: Settings) -> tuple[Listing, Classifier]:
    """The images and the model. Raises BadInput with all problems of the images, the model and the options."""
    problems = file_problems("--png", options.png)
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


def _as_json(scores: Scores) -> dict[str, object]:
    return {
        "pictures": int(scores.confusion.sum()),
        "unreadable": scores.unreadable,
        "accuracy": scores.accuracy,
        "f1_macro": scores.f1_macro,
        "classes": list(scores.classes),
        "f1_per_class": list(scores.f1_per_class),
        "confusion": scores.confusion.tolist(),
        "unknown_folders": list(map(readable, scores.unknown)),
        "classes_without_folder": list(scores.missing),
        "risk_coverage": [{"coverage": at, "risk": scores.confidence.risk_at(at)} for at in COVERAGES],
        "decided": scores.confidence.decided,
        "coverage": _share(scores.confidence.decided, len(scores.confidence.risk)),
        "precision_of_decided": _precision(scores.confidence),
    }


def _precision(confidence: Confidence) -> float | None:
    return None if confidence.wrong is None else _share(confidence.decided, confidence.decided, less=confidence.wrong)


def _share(part: int | None, total: int | None, *, less: int = 0) -> float | None:
    return (part - less) / total if part is not None and total else None


def _show(scores: Scores, console: Console) -> None:
    """Print the scores, what was left out, and two tables."""
    total = whole(int(scores.confusion.sum()))
    console.print(f"accuracy {scores.accuracy:.4f}, macro F1 {scores.f1_macro:.4f}, on {total} images")
    if scores.unknown:
        console.print(f"left out, not a class of the model: {suggested(scores.unknown, scores.missing)}")
    if scores.missing:
        console.print(f"classes without images: {named(scores.missing)}")
    _show_confidence(scores.confidence, console)
    console.print(_per_class(scores))
    if len(scores.classes) <= MOST_COLUMNS:
        console.print("confusion matrix (rows: true class, columns: predicted class):")
        console.print(_matrix(scores))
    else:
        console.print(
            f"the confusion matrix of {len(scores.classes)} classes is too wide for the terminal; use --png or --json"
        )


def _show_confidence(confidence: Confidence, console: Console) -> None:
    risks = ", ".join(f"{confidence.risk_at(at):.1%} of the surest {at:.0%}" for at in SHOWN_COVERAGES)
    console.print(f"wrong: {risks}")
    if confidence.decided is not None and confidence.wrong is not None:
        total = len(confidence.risk)
        right = ratio(confidence.decided - confidence.wrong, confidence.decided)
        console.print(
            f"with the model's thresholds: decided {confidence.decided:,} of {total:,} images "
            f"({confidence.decided / total:.1%}), precision of these {right}"
        )


def _per_class(scores: Scores) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("class")
    for heading in ("F1", "precision", "recall", "images"):
        table.add_column(heading, justify="right")
    right, true, predicted = scores.confusion.diagonal(), scores.confusion.sum(axis=1), scores.confusion.sum(axis=0)
    for index, name in enumerate(scores.classes):
        shares = [ratio(right[index], predicted[index]), ratio(right[index], true[index])]
        table.add_row(clean(name), f"{scores.f1_per_class[index]:.3f}", *shares, whole(int(true[index])))
    return table


def _matrix(scores: Scores) -> Table:
    """A row for each true class; columns have the numbers of the rows."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("", justify="right")
    table.add_column("true class")
    for index in range(len(scores.classes)):
        table.add_column(str(index + 1), justify="right")
    for index, (name, row) in enumerate(zip(scores.classes, scores.confusion, strict=True)):
        table.add_row(str(index + 1), clean(name), *(str(count) if count else "·" for count in row))
    return table
