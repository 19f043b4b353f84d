"""A dry run of a search: settings, data, database, weights, and a few steps of each space.

Nothing is written: images are decoded to a temporary folder that is removed, and no study is created.
"""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path

import optuna

from search.data.dataset import Dataset, open_dataset
from search.errors import BadInput
from search.settings.search import Settings
from search.settings.spaces import AnySpace, ListedSpace
from search.spaces.sample import summary
from search.study.checked_spaces import checked_spaces
from search.study.limits import within_limits
from search.system.commands import collected
from search.system.device import choose_device
from search.system.outputs import room_problems
from search.training.plan import TrainingData
from search.trial.assignment import Assignment
from search.trial.objective import run
from storage.address import mask_url
from storage.artefacts import open_artefacts
from storage.database import connect
from storage.errors import ArtefactError, NoSearch

STEPS = 2


def try_search(settings: Settings) -> None:
    """Try all parts of the search and print what they give. Raises BadInput with everything that would stop it."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    print(f"settings: search {settings.name!r}, studies {', '.join(settings.studies)}")
    problems: list[str] = []
    with tempfile.TemporaryDirectory(prefix="elimnet-check-") as folder:
        with collected(problems):
            print(f"database: {_check_database(settings)}")
        problems += _output_problems(settings)
        dataset: Dataset | None = None
        with collected(problems):
            dataset = open_dataset(settings.data, Path(folder), image_sizes=_sizes(settings))
            print(f"data: {describe(dataset)}")
        spaces: dict[str, AnySpace] = {}
        with collected(problems):
            spaces = checked_spaces(settings.studies, settings)
        for name, space in spaces.items() if dataset else ():
            assert dataset is not None
            with collected(problems):
                print(f"{name}: {_one_step(name, _smallest(space), dataset, settings)}")
    if problems:
        raise BadInput("this search would not run", problems)
    print("ok: nothing was written")


def describe(dataset: Dataset) -> str:
    """The data set in a few lines for people, warnings included."""
    sizes = ", ".join(f"{sum(counts.values()):,} {split}" for split, counts in dataset.counts.items())
    lines = [f"{dataset.name}: {len(dataset.classes)} classes, {sizes} images, fingerprint {dataset.fingerprint[:12]}"]
    if dataset.unknown_counts:
        unknown = ", ".join(f"{count:,} {split}" for split, count in dataset.unknown_counts.items())
        lines.append(f"  unknown images, of no class: {unknown}")
    return "\n".join([*lines, *(f"  warning: {warning}" for warning in dataset.warnings)])


def _check_database(settings: Settings) -> str:
    try:
        database = connect(settings.database, create=False)
    except NoSearch:
        return f"{mask_url(settings.database)} is new; its tables would be created"
    studies = optuna.get_all_study_names(database.optuna)
    database.close()
    return f"{database.url} holds {len(studies)} studies"


def _output_problems(settings: Settings) -> list[str]:
    """The outputs of the search that could not be written, with the reasons."""
    problems: list[str] = []
    folders = {"output_dir": settings.run_dir, "cache_dir": settings.cache_dir}
    if "://" in settings.artefacts:
        try:
            open_artefacts(settings.artefacts)  # of a bucket, this checks the address only
        except ArtefactError as error:
            problems.append(str(error))
    else:
        folders["artefact_store"] = Path(settings.artefacts).expanduser()
    return [f"{name} {problem}" for name, folder in folders.items() for problem in room_problems(folder)] + problems


def _sizes(settings: Settings) -> list[int]:
    return sorted({size for space in settings.studies.values() for size in _smallest(space).image_sizes})


def _smallest(space: AnySpace) -> AnySpace:
    """The space with its smallest image size alone, so that few images need to be decoded."""
    return (
        space if isinstance(space, ListedSpace) else space.model_copy(update={"image_sizes": (min(space.image_sizes),)})
    )


def _one_step(name: str, space: AnySpace, dataset: Dataset, settings: Settings) -> str:
    """Train a candidate within the limits of the space on a few images, for two steps of its own recipe."""
    if isinstance(space, ListedSpace):
        candidate = space.rows[0].candidate
    else:
        candidate = within_limits(name, space, len(dataset.classes), settings.seed)
    size = candidate.network.image_size
    few = candidate.recipe.batch_size * STEPS
    candidate = candidate.model_copy(update={"recipe": candidate.recipe.model_copy(update={"epochs": 1})})
    train, validation = (dataset.arrays(split, size).first(few) for split in ("train", "validation"))
    unknown, others = (dataset.unknown(split, size) for split in ("train", "validation"))
    data = TrainingData(train, validation, unknown and unknown.first(few), others and others.first(few))
    device = choose_device(settings.device)
    result = run(Assignment(candidate, settings.seed, {}), data, settings, device)
    loss = result.epochs[-1].train_loss
    return f"{summary(candidate)}: {result.images_per_second:.0f} images/s, training loss {loss:.2f}"
