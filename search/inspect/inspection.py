"""The command `search.inspect`: from the opened data to the page, the table and the proposed corrections."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
from rich.console import Console

from search.data.arrays import SplitName
from search.data.dataset import Dataset, open_dataset
from search.data.examples import Example
from search.errors import BadInput
from search.inspect.corrections import write_corrections
from search.inspect.facts import image_facts
from search.inspect.features import IMAGE_SIZE, features_of
from search.inspect.findings import CopyGroup, Inspection, LabelError, Outlier
from search.inspect.labels import doubts
from search.inspect.outliers import farness, outliers
from search.inspect.page import page
from search.inspect.table import show
from search.inspect.training import IMAGE_SIZE as TRAINED_SIZE
from search.inspect.training import MOST_TRAINED, trained_out_of_fold
from search.settings.search import Settings
from search.settings.spaces import EliminationSpace
from search.study.checked_spaces import checked_spaces
from search.system.device import choose_device
from search.system.logs import set_up_logging
from search.system.outputs import whole_file

PAGE, CORRECTIONS = "inspect.html", "corrections.csv"


def inspect_data(settings: Settings, options: argparse.Namespace) -> None:
    """Inspect the data, write the page and the proposed corrections, and print what was found."""
    if not options.json:
        set_up_logging()
    folder: Path = options.output or settings.run_dir
    backbone = _backbone(settings)
    dataset = open_dataset(settings.data, settings.cache_dir, image_sizes=[IMAGE_SIZE], progress=not options.json)
    found = inspect(dataset, backbone, settings, test=options.test)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput("the inspection cannot be written", [f"--output {folder}: {error.strerror}"]) from error
    with whole_file(folder / PAGE, "--output", "the inspection cannot be written") as file:
        file.write(page(found).encode())
    corrections = folder / CORRECTIONS
    new = write_corrections(corrections, found.label_errors, found.outliers, found.near_copies)
    if options.json:
        print(json.dumps({**found.described(), "page": str(folder / PAGE), "corrections": str(corrections)}, indent=2))
        return
    console = Console(highlight=False, soft_wrap=False)
    show(found, console)
    console.print(f"wrote {folder / PAGE}", soft_wrap=True, markup=False)
    kept = f"kept {corrections}, which was there: remove it for new proposals"
    console.print(f"wrote {corrections}" if new else kept, soft_wrap=True, markup=False)


def inspect(dataset: Dataset, backbone: str, settings: Settings, *, test: bool = False) -> Inspection:
    """Look at the training and validation images, and with `test` at the test images too."""
    splits: tuple[SplitName, ...] = ("train", "validation", *(("test",) if test else ()))
    arrays = [dataset.arrays(split, IMAGE_SIZE) for split in splits]
    examples = [(split, example) for split in splits for example in dataset.examples(split)]
    groups = [group for split in splits for group in dataset.groups(split)]
    labels = np.concatenate([each.labels for each in arrays])
    facts = image_facts([example for _, example in examples], arrays)
    device = choose_device(settings.device)
    features = features_of(arrays, backbone, settings.weights_dir, device)
    trained = None
    if len(labels) <= MOST_TRAINED:
        small = [dataset.arrays(split, TRAINED_SIZE) for split in splits]
        trained = partial(trained_out_of_fold, small, backbone, settings.weights_dir, device)
    doubted = doubts(features, labels, groups, trained)
    distances = farness(features.components, labels)
    near_copies = [
        CopyGroup(
            tuple(group),
            tuple(examples[row][1].name for row in group),
            tuple(examples[row][0] for row in group),
            tuple(examples[row][1].class_name for row in group),
        )
        for group in dataset.near_copies(splits)
    ]
    return Inspection(
        dataset=dataset,
        splits=splits,
        backbone=backbone,
        facts=facts,
        label_errors=tuple(
            _label_error(int(row), examples[row], doubted.probabilities[row], dataset.classes) for row in doubted.ranked
        ),
        outliers=tuple(
            Outlier(row, examples[row][1].name, examples[row][0], examples[row][1].class_name, float(distances[row]))
            for row in outliers(distances)
        ),
        near_copies=tuple(sorted(near_copies, key=lambda group: not group.is_doubtful)),
        images=tuple(arrays),
    )


def _label_error(
    row: int, where: tuple[SplitName, Example], probabilities: npt.NDArray[np.float64], classes: Sequence[str]
) -> LabelError:
    split, example = where
    given = classes.index(example.class_name)
    others = probabilities.copy()
    others[given] = -1.0
    proposed = int(others.argmax())
    return LabelError(
        row=row,
        file=example.name,
        split=split,
        given=example.class_name,
        proposed=classes[proposed],
        given_probability=float(probabilities[given]),
        proposed_probability=float(probabilities[proposed]),
    )


def _backbone(settings: Settings) -> str:
    """The first backbone of the search that has weights here. Raises BadInput if none has."""
    spaces = [space for space in settings.studies.values() if isinstance(space, EliminationSpace)] or [
        EliminationSpace()
    ]
    pretrained = spaces[0].model_copy(update={"image_sizes": (IMAGE_SIZE,), "initial_weights": "pretrained"})
    (space,) = checked_spaces({"inspect": pretrained}, settings).values()
    assert isinstance(space, EliminationSpace)
    return space.backbones[0]
