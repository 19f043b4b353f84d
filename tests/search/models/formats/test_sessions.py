"""Sessions belong to the thread that opened them."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from search.models.classifier import Images, Probabilities
from search.models.formats.sessions import of_each_thread, one_by_one


def test_each_thread_opens_one_session() -> None:
    session = of_each_thread(object)
    barrier = threading.Barrier(3)

    def twice() -> tuple[object, object]:
        barrier.wait()
        return session(), session()

    with ThreadPoolExecutor(3) as pool:
        found = [each.result() for each in [pool.submit(twice) for _ in range(3)]]
    assert all(first is second for first, second in found)
    assert len({id(first) for first, _ in found}) == 3


def test_a_batch_is_answered_image_by_image() -> None:
    seen: list[int] = []

    def predict(image: Images) -> Probabilities:
        seen.append(len(image))
        return image.reshape(1, -1)[:, :2].astype(np.float32)

    images = np.arange(24, dtype=np.uint8).reshape(3, 2, 4, 1)
    assert one_by_one(lambda: predict)(images).tolist() == [[0, 1], [8, 9], [16, 17]]
    assert seen == [1, 1, 1]
