from __future__ import annotations

import io

import numpy as np
import pytest
from matplotlib.axes import Axes
from PIL import Image

from search.models.confusion import confusion_figure, png
from search.models.description import Metrics


def metrics(confusion: list[list[int]]) -> Metrics:
    return Metrics(
        split="validation",
        f1_macro=0.5,
        accuracy=0.5,
        f1_per_class=(0.5,) * len(confusion),
        confusion=tuple(map(tuple, confusion)),
        parameters=1,
        macs=1,
    )


def diagonal(count: int) -> list[list[int]]:
    return [[7 * (row == column) for column in range(count)] for row in range(count)]


def shares(axes: Axes) -> list[list[float]]:
    """What the colours stand for."""
    drawn: list[list[float]] = np.asarray(axes.images[0].get_array()).tolist()
    return drawn


@pytest.mark.parametrize("count", [2, 60])
def test_few_and_many_classes_give_a_image_of_bounded_size(count: int) -> None:
    names = [f"a rather long $name$ of class {index}\n" for index in range(count)]
    image = Image.open(io.BytesIO(png(confusion_figure(names, metrics(diagonal(count)), "trash/$x$, trial 1"))))
    assert 200 < min(image.size) <= max(image.size) <= 2000


def test_rows_are_true_classes_and_columns_predictions() -> None:
    axes = confusion_figure(["glass", "paper"], metrics([[8, 2], [0, 5]]), "trial").axes[0]
    numbers = {(label.get_position()[1], label.get_position()[0]): label.get_text() for label in axes.texts}
    assert numbers == {(0, 0): "8", (0, 1): "2", (1, 1): "5"}
    assert [label.get_text() for label in axes.get_yticklabels()] == ["glass", "paper"]
    assert (axes.get_ylabel(), axes.get_xlabel()) == ("true class", "predicted class")
    assert shares(axes) == [[8 / 10, 2 / 10], [0, 1]]


def test_a_class_without_images_is_no_division_by_zero() -> None:
    axes = confusion_figure(["glass", "paper"], metrics([[0, 0], [0, 5]]), "trial").axes[0]
    assert shares(axes) == [[0, 0], [0, 1]]


def test_many_classes_are_labelled_now_and_then_and_not_numbered() -> None:
    axes = confusion_figure([f"class {index}" for index in range(60)], metrics(diagonal(60)), "trial").axes[0]
    assert list(axes.texts) == []
    assert [label.get_text() for label in axes.get_yticklabels()][:3] == ["class 0", "class 2", "class 4"]
