from __future__ import annotations

import numpy as np

from search.inspect.outliers import farness, outliers


def test_the_image_far_from_its_class_comes_first() -> None:
    random = np.random.default_rng(0)
    features = random.normal(0, 1, (60, 8)).astype(np.float32)
    features[30:] += 100  # the second class is far from the first, which makes none of its images an outlier
    features[7] += 20
    features[40] += 40
    labels = np.repeat([0, 1], 30)
    distances = farness(features, labels)
    assert outliers(distances)[:2].tolist() == [40, 7]
    assert np.nanmedian(distances) < 1.2


def test_a_class_of_two_images_has_no_outliers() -> None:
    distances = farness(np.eye(2, dtype=np.float32), np.array([0, 0]))
    assert np.isnan(distances).all()
    assert outliers(distances).size == 0


def test_equal_images_have_no_outliers() -> None:
    assert outliers(farness(np.ones((5, 2), dtype=np.float32), np.zeros(5, dtype=np.int64))).size == 0
