"""Running an export against its golden pictures, or comparing the answers of another program with them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from search.data.decode import whole_image
from search.data.depth import PixelRange
from search.errors import BadInput
from search.models.classifier import Classifier, Probabilities
from search.models.formats.registry import FORMATS, load_format
from search.models.golden import REFUSED, Golden, read_golden, read_input
from search.models.image_files import classify
from search.models.program_answers import Answers, compare_answers, read_answers
from search.settings.data import DataSettings
from search.system.text import clean, plain_table


def verify(folder: Path, answers: Path | None) -> int:
    """Run `search.verify`: print a table and sentences. Returns 0 if all answers are right, otherwise 1.

    answers  a JSON file with the answers of another program; None: the export itself is run

    Raises BadInput if the folder is no export, if its format is not installed, or if the answers cannot be read.
    """
    golden = read_golden(folder)
    if golden.format not in FORMATS:
        problem = f"{folder}: unknown format {clean(golden.format)}; expected {', '.join(FORMATS)}"
        raise BadInput(REFUSED, [problem])
    given = None if answers is None else read_answers(answers, golden)
    classifier = load_format(golden.format).open(folder / golden.file)
    if given is None:
        return _verify_model(folder, golden, classifier)
    return _verify_program(folder, golden, classifier, given)


def _verify_model(folder: Path, golden: Golden, classifier: Classifier) -> int:
    """By its answers to the network's inputs, and to the pictures' files as `predict` reads them."""
    found = list(classify(classifier, [folder / each.picture for each in golden.pictures], DataSettings().max_pixels))
    if unreadable := [f"{path}: {reason}" for batch in found for path, reason in batch.unreadable]:
        raise BadInput(REFUSED, unreadable)
    inputs = np.stack([read_input(folder / each.input) for each in golden.pictures])
    to_inputs = _differences(classifier.probabilities(inputs), golden)
    to_files = _differences(np.concatenate([batch.probabilities for batch in found]), golden)
    to_whole = _to_whole_pictures(folder, golden, classifier)
    rows = [
        [each.picture, clean(each.label), *(f"{one:.2g}" for one in differences)]
        for each, *differences in zip(golden.pictures, to_inputs, to_files, *[to_whole] * bool(to_whole), strict=True)
    ]
    how = "resized inside" if golden.resize_inside else "by the page"
    headings = ["picture", "class", "difference", "decoded here", *[how] * bool(to_whole)]
    print("\n".join(plain_table(headings, rows)))
    runtime, allowed = FORMATS[golden.format].proven_in, f"{golden.tolerance:g} is allowed"
    most = f"the largest difference is {max(to_inputs):.2g}; {allowed}"
    if not max(to_inputs) <= golden.tolerance:
        print(f"{runtime} answers differently: {most}.")
        return 1
    if not max(to_files) <= golden.tolerance:
        print(f"{runtime} answers as it should to the network's inputs. But the pictures are decoded differently here:")
        print(f"the largest difference is {max(to_files):.2g}; {allowed}. Compare the versions of Pillow.")
        return 1
    if not max(to_whole, default=0) <= golden.picture_tolerance:
        allowed = f"{golden.picture_tolerance:g} is allowed"
        print(f"{runtime} answers differently to whole pictures: by {max(to_whole):.2g}; {allowed}.")
        return 1
    print(f"{runtime} answers as it should: {most}.")
    return 0


def _to_whole_pictures(folder: Path, golden: Golden, classifier: Classifier) -> list[float]:
    """The differences of a model that resizes itself, by the pictures' files at full size; none for another model."""
    pictures = [(folder / each.picture).read_bytes() for each in golden.pictures]
    if classifier.answer_file is not None:
        return _differences(np.concatenate([classifier.answer_file(picture) for picture in pictures]), golden)
    if not golden.resize_inside:
        return []
    taken = PixelRange(*classifier.description.input.pixel_range)
    whole = [whole_image(picture, DataSettings().max_pixels, taken) for picture in pictures]
    return _differences(np.concatenate([classifier.run(picture[None]) for picture in whole]), golden)


def _verify_program(folder: Path, golden: Golden, classifier: Classifier, answers: Answers) -> int:
    compared = compare_answers(folder, golden, classifier, answers)
    rows = [
        (name, f"{difference:.2g}", f"{each.tolerance:g}")
        for each in compared
        for name, difference in zip(each.names, each.differences, strict=True)
    ]
    print("\n".join(plain_table(("answer to", "difference", "allowed"), rows)))
    if not (wrong := sum(each.wrong for each in compared)):
        print("Your program answers as it should.")
        return 0
    print(f"Your program answers differently to {wrong} of {len(rows)}.")
    for reason in dict.fromkeys(each.reason for each in compared if each.reason):
        print(reason)
    return 1


def _differences(answers: Probabilities, golden: Golden) -> list[float]:
    """The largest one of each picture."""
    return [float(each) for each in np.abs(answers - golden.probabilities).max(axis=1)]
