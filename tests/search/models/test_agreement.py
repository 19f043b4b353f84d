from __future__ import annotations

from typing import Any

import numpy as np

from search.models.agreement import Agreement

KNOWN: dict[str, Any] = {"images": 2_000, "difference": 5e-5, "f1_original": 0.75, "f1_exported": 0.75}


def test_models_agree_in_probabilities_and_in_f1() -> None:
    assert Agreement(**KNOWN).agrees
    assert not Agreement(**KNOWN | {"difference": 2e-4}).agrees
    assert not Agreement(**KNOWN | {"f1_exported": np.nextafter(0.75, 1)}).agrees, "an image fell to another class"


def test_a_score_on_images_of_the_training_is_said_to_be_one() -> None:
    assert str(Agreement(**KNOWN)).endswith("macro F1 0.7500 (original 0.7500), on 2,000 validation images")
    assert str(Agreement(**KNOWN, trained_on=True)).endswith(
        "on 2,000 validation images, which are also training images"
    )
