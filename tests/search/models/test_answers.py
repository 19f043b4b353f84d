from __future__ import annotations

import base64

import numpy as np
import pytest

from search.models.answers import pack, unpack


def test_classes_go_into_text_and_back() -> None:
    classes = np.array([0, 1, 255, 256, 65_535, 0])
    assert unpack(pack(classes)).tolist() == classes.tolist()
    assert len(pack(np.zeros(10_000, dtype=np.int64))) < 100


@pytest.mark.parametrize("text", ["not base64", base64.b64encode(b"not deflated").decode()])
def test_other_text_holds_no_classes(text: str) -> None:
    with pytest.raises(ValueError, match=r"base64|packed"):
        unpack(text)
