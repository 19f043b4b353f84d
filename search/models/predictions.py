"""Classifying files, or all files of folders, into CSV: path, class, probability.

Each core decodes and classifies its own batches. `python -m benchmarks.prediction` measures the limit that decoding
sets.
"""

from __future__ import annotations

import argparse
import csv
import io
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TextIO

import numpy as np

from search.errors import BadInput
from search.models.classifier import Classifier
from search.models.decisions import decisions
from search.models.description import ModelDescription
from search.models.image_files import Answers, classify, image_files, named_range, report_unreadable
from search.models.loading import open_classifier
from search.models.priors import in_words, read_proportions, trained_proportions
from search.settings.search import Settings
from search.statistics.confusion import Floats
from search.statistics.priors import corrected, estimated
from search.system.commands import collected
from search.system.outputs import file_problems, whole_file

AUTO = "auto"
AS_IT_CAME = "surrogateescape"  # file names need not be text: their bytes are written as they were read


def predict(settings: Settings, options: argparse.Namespace) -> None:
    """Run `search.predict`: write the classes of images as CSV rows."""
    files, classifier, now = _inputs(options, settings)
    classes = classifier.description.classes
    started = time.perf_counter()
    images = 0
    unreadable: list[tuple[Path, str]] = []
    with _opened(options.output) as target:
        writer = csv.writer(target, lineterminator="\n")
        writer.writerow(_heading(options.top, decides=classifier.description.decision is not None))
        found = classify(classifier, files, settings.data.max_pixels, named_range(settings.data))
        for answers in found if options.prior is None else _for_proportions(found, classifier.description, now):
            writer.writerows(
                _rows(answers, classes, options.top, decisions(classifier.description, answers.probabilities))
            )
            images += len(answers.files)
            unreadable += answers.unreadable
        report_unreadable(unreadable, images)
    if options.output:
        print(f"wrote {options.output}", file=sys.stderr)
    seconds = time.perf_counter() - started
    rate = f"{images / seconds:,.0f} images/s, including reading and decoding"
    print(f"{images:,} images in {seconds:.1f} s, {rate}; {len(unreadable)} unreadable", file=sys.stderr)


def _for_proportions(found: Iterable[Answers], model: ModelDescription, now: Floats | None) -> Iterator[Answers]:
    """The answers for the class proportions `now` (C,), which are estimated from all of them if they are None."""
    training = trained_proportions(model.provenance, model.classes)
    if now is None:
        found = list(found)
        images = [each.probabilities for each in found if len(each.files)]
        if not images:
            yield from found
            return
        now = estimated(np.concatenate(images), training)
    print(in_words(training, now, model.classes), file=sys.stderr)
    for answers in found:
        probabilities = corrected(answers.probabilities, training, now).astype(np.float32)
        yield replace(answers, probabilities=probabilities)


def _inputs(options: argparse.Namespace, settings: Settings) -> tuple[list[Path], Classifier, Floats | None]:
    """The images, the model and the class proportions of `--prior FILE`.

    Raises BadInput with all problems of the images, the model and the options.
    """
    problems = file_problems("--output", options.output)
    files: list[Path] = []
    classifier: Classifier | None = None
    with collected(problems):
        files = image_files(options.images)
    with collected(problems):
        classifier = open_classifier(options.model, settings)
    most = len(classifier.description.classes) if classifier else max(options.top, 1)
    if not 1 <= options.top <= most:
        expected = f"1 to {most}, the number of the model's classes" if classifier else "at least 1"
        problems.append(f"--top {options.top}: expected {expected}")
    now: Floats | None = None
    if classifier and options.prior not in (None, AUTO):
        with collected(problems):
            now = read_proportions(Path(options.prior), classifier.description.classes)
    if problems or classifier is None:
        raise BadInput("nothing was classified", problems)
    return files, classifier, now


def _heading(top: int, *, decides: bool) -> list[str]:
    more = [name for place in range(2, top + 1) for name in (f"class_{place}", f"probability_{place}")]
    return ["path", "class", "probability", *more, *(["decision"] if decides else [])]


def _rows(answers: Answers, classes: Sequence[str], top: int, decided: Sequence[str] | None) -> Iterator[list[str]]:
    """One row per file; the most probable class comes first, and what the model decides last, if it has thresholds."""
    ranked = np.argsort(-answers.probabilities, axis=1, kind="stable")[:, :top]
    last = [[name] for name in decided] if decided is not None else [[]] * len(answers.files)
    for path, order, probabilities, decision in zip(answers.files, ranked, answers.probabilities, last, strict=True):
        cells = (cell for index in order for cell in (classes[index], f"{probabilities[index]:.4f}"))
        yield [str(path), *cells, *decision]


@contextmanager
def _opened(path: Path | None) -> Iterator[TextIO]:
    """The target of the rows: standard output, or a file that appears, or is replaced, only when it is complete."""
    if path is None:
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(errors=AS_IT_CAME)
        yield sys.stdout
        sys.stdout.flush()  # before the summary is printed
        return
    with whole_file(path, "--output", "the predictions cannot be written") as file:
        text = io.TextIOWrapper(file, encoding="utf-8", errors=AS_IT_CAME, newline="")
        yield text
        text.detach()
