"""The pictures that a model is tried on: those of its search."""

from __future__ import annotations

from search.data.dataset import Dataset, open_dataset
from search.errors import BadInput
from search.inference.sources import Source
from search.settings import DataSettings, Settings

NAME_THEM = "name the model's pictures with --data-dir or --config"


def open_pictures(source: Source, settings: Settings) -> tuple[Dataset, list[str]]:
    """The data set of the settings, or else of the trial's study, split and made square as the model's was.

    Also gives what is to be said about it: whether it is another than the model was trained on. Raises BadInput where
    it cannot be opened or has other classes.
    """
    description = source.description
    try:
        dataset = open_dataset(_data(source, settings), settings.cache_dir, image_sizes=[description.input.image_size])
    except BadInput as error:
        raise BadInput(error.what, [*error.problems, NAME_THEM]) from error
    if dataset.classes != description.classes:
        problem = (
            f"data set {dataset.name} has the classes {', '.join(dataset.classes)}, the model of {source.name} has "
            f"{', '.join(description.classes)}; {NAME_THEM}"
        )
        raise BadInput("the model cannot be tried on these pictures", [problem])
    trained_on = str(description.provenance.data.get("fingerprint", ""))
    if dataset.fingerprint == trained_on:
        return dataset, []
    found = f"the pictures of {dataset.name} (fingerprint {dataset.fingerprint[:12]})"
    return dataset, [f"warning: {found} are not those that the model was trained on ({trained_on[:12]})"]


def _data(source: Source, settings: Settings) -> DataSettings:
    data = settings.data
    if not settings.data.model_fields_set and "data" in source.settings:
        data = DataSettings.model_validate(source.settings["data"])
    changes: dict[str, object] = {"fit": source.description.input.fit}
    if "split_seed" in source.description.provenance.data:
        changes["split_seed"] = source.description.provenance.data["split_seed"]
    return data.model_copy(update=changes)
