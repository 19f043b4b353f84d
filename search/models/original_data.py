"""Opening the data set that a model was trained on."""

from __future__ import annotations

from typing import Any

from search.data.dataset import Dataset, open_dataset
from search.data.unknown import NEEDED
from search.errors import BadInput
from search.models.sources import Source
from search.settings.data import DataSettings
from search.settings.search import Settings

REFUSED = "the model cannot be checked on these images"
NAME_THEM = "name the model's images with --data-dir or --config"


def open_images(source: Source, settings: Settings) -> Dataset:
    """The data set of the trial's study, wherever it is now, with the model's splits and resizing.

    Raises BadInput if it cannot be opened, has other classes, or is not the data set that the model was trained on:
    its validation images could be training or test images of the model's search.
    """
    description = source.description
    data = _data(source, settings)
    if "unknown" in description.provenance.data and data.unknown is None:
        raise BadInput(REFUSED, [f"the search of {source.name} had {NEEDED}"])
    try:
        dataset = open_dataset(data, settings.cache_dir, image_sizes=[description.input.image_size])
    except BadInput as error:
        raise BadInput(error.what, [*error.problems, NAME_THEM]) from error
    if dataset.classes != description.classes:
        problem = (
            f"data set {dataset.name} has the classes {', '.join(dataset.classes)}, the model of {source.name} has "
            f"{', '.join(description.classes)}; {NAME_THEM}"
        )
        raise BadInput(REFUSED, [problem])
    trained_on = str(description.provenance.data["fingerprint"])
    if dataset.fingerprint != trained_on:
        problem = (
            f"data set {dataset.name} (fingerprint {dataset.fingerprint[:12]}) is not the data set that the model of "
            f"{source.name} was trained on ({trained_on[:12]}): the images, their labels or their splits differ; "
            f"{NAME_THEM}, and leave out what --set changes of their splits"
        )
        raise BadInput(REFUSED, [problem])
    return dataset


def _data(source: Source, settings: Settings) -> DataSettings:
    """The settings of the study, with the present changes. The description of a model in a folder has some of them."""
    known = source.description.provenance.data
    stored: dict[str, Any] = {"source": known["source"], **source.settings.get("data", {})}
    changes = settings.data.model_dump(exclude_unset=True)
    if settings.data_dir is not None and changes["source"] == "folder" and stored["source"] != "digits":
        del changes["source"]  # the default meaning of --data-dir and DATA_DIR
    changes["fit"] = source.description.input.fit
    if "pixel_range" in known:
        changes["pixel_range"] = source.description.input.pixel_range
    changes["near_copies"] = known.get("near_copies", "off")  # earlier versions did not look for them
    if "groups" in known:
        changes["groups"] = known["groups"]
    if "unknown" not in known:
        changes["unknown"] = None  # what a settings file or the environment names now
    if "split_seed" in known:
        changes["split_seed"] = known["split_seed"]
    return DataSettings.model_validate({**stored, **changes})
