from __future__ import annotations

import numpy as np
import torch

from search.data.alignment import (
    FINE,
    Stack,
    aligned,
    alike,
    blurred,
    identity,
    plausible,
    turned_and_scaled,
    warp,
)


def images(seed: int, count: int = 3) -> torch.Tensor:
    random = np.random.default_rng(seed).random((count, 1, FINE, FINE), dtype=np.float32)
    smooth = blurred(torch.from_numpy(random), 2.0)
    return (smooth - smooth.mean()) * 3 + 0.5


def test_a_turned_and_scaled_picture_is_laid_on_its_original() -> None:
    fixed = images(0)
    moved = turned_and_scaled(2.0, 1.03).expand(len(fixed), 2, 3)
    moving = warp(fixed, moved)
    maps = aligned(Stack.of(fixed), Stack.of(moving), identity(len(fixed)))
    inverse = torch.linalg.inv(turned_and_scaled(2.0, 1.03)[:, :2])
    assert torch.allclose(maps[:, :, :2], inverse.expand(len(fixed), 2, 2), atol=0.01)
    before = alike(Stack.of(fixed), Stack.of(moving), identity(len(fixed)))
    after = alike(Stack.of(fixed), Stack.of(moving), maps)
    assert (after.detail > 0.95).all()
    assert (after.detail > before.detail + 0.05).all()


def test_gain_and_offset_do_not_count() -> None:
    fixed = images(1)
    other = Stack.of(0.5 * fixed + 0.2)
    found = alike(Stack.of(fixed), other, aligned(Stack.of(fixed), other, identity(len(fixed))))
    assert torch.allclose(found.grey, torch.ones(3), atol=1e-3)
    assert torch.allclose(found.detail, torch.ones(3), atol=1e-3)


def test_what_has_no_detail_is_like_nothing() -> None:
    flat = Stack.of(torch.full((1, 1, FINE, FINE), 0.5))
    assert alike(flat, flat, identity(1)).detail.item() == -1


def test_a_map_is_plausible_near_the_identity() -> None:
    maps = identity(2)
    maps[1, 0, 2] = 0.4
    assert plausible(maps, 0.3).tolist() == [True, False]
