"""The test images that the recommended network of a final evaluation got wrong.

No score is made anew: which answers are wrong is what the evaluation stored when it read the test split, once. The
saved model gives the probabilities of these answers, and shows where it looked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from search.data.dataset import Dataset
from search.errors import BadInput
from search.models.answers import unpack
from search.models.classifier import Images
from search.models.deployed import of_network
from search.models.final_scores import ANSWERS
from search.models.mistakes.folder import folder_problems
from search.models.mistakes.found import Mistakes, wrong_answers
from search.models.mistakes.writing import write_mistakes
from search.models.original_data import open_images
from search.models.sources import Source, choose, fetch, kept_models, open_database
from search.settings.search import Settings
from search.statistics.confusion import confusion_matrix
from search.system.device import choose_device
from storage.names import short_name

CAUTION = (
    "These are test images, which the final evaluation has read once. Do not choose or change a network because of "
    "them: its test score would be too high."
)
OTHER_SEEDS = "The same network with another seed may make other mistakes."
REFUSED = "the mistakes cannot be shown"


def write_final_mistakes(folder: Path, study: str, network: str, settings: Settings) -> None:
    """Write the mistakes of a network of the final evaluation `study`, trained with the first seed.

    Raises BadInput if its model or the data set are not at hand, or if the folder cannot be written.
    """
    with closing(open_database(settings)) as database:
        kept = choose(kept_models(database, settings), f"{short_name(study)}/{network}")
    source = fetch(kept, settings)
    dataset = open_images(source, settings)
    if problems := folder_problems(folder, dataset.settings.path):
        raise BadInput(REFUSED, problems)
    found, read = mistakes_on_test(network, source, dataset, kept.trial.attributes, settings.device)
    write_mistakes(folder, found, read, source.network)


def mistakes_on_test(
    network: str, source: Source, dataset: Dataset, scores: Mapping[str, Any], device: str
) -> tuple[Mistakes, Callable[[Sequence[int]], Images]]:
    """The wrong answers among those that are stored in `scores`, and what reads their images.

    Raises BadInput if the answers are of other test images.
    """
    description = source.description
    arrays = dataset.arrays("test", description.input.image_size)
    labels, answers = unpack(scores[ANSWERS]["labels"]), unpack(scores[ANSWERS]["predictions"])
    if not np.array_equal(labels, arrays.labels):
        raise BadInput(REFUSED, [f"the test images of data set {dataset.name} are not those that {network} answered"])
    rows = np.flatnonzero(labels != answers)

    def read(wrong: Sequence[int]) -> Images:
        return np.asarray(arrays.images[rows[list(wrong)]])

    classifier = of_network(source.network, description, choose_device(device))
    names = [example.name for example in dataset.examples("test")]
    found = Mistakes(
        title=f"Mistakes of {network} on the test images of {dataset.name}",
        facts=(f"Macro F1 {scores['test_f1_macro']:.3f}, trained with seed {scores['seed']}. {OTHER_SEEDS}", CAUTION),
        classes=description.classes,
        confusion=confusion_matrix(labels, answers, len(description.classes)),
        wrong=wrong_answers(
            [names[row] for row in rows],
            labels[rows],
            answers[rows],
            classifier.probabilities(arrays.images[rows]),
        )
        if len(rows)
        else (),
    )
    return found, read
