"""Tests of export formats: one whose extra is not installed is skipped, with the line that installs it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest
import torch

from blocks.build import build
from blocks.network import Network
from blocks.specification import ScratchSpecification, StageSpecification
from search.models.classifier import Images
from search.models.description import ModelDescription
from search.models.formats import web_files
from search.models.formats.registry import FORMATS, writing_problems
from search.models.sources import Source


def where_installed(names: Iterable[str] = FORMATS, *, slow: Iterable[str] = (), int8: bool = False) -> list[Any]:
    """These formats as parameters of a test.

    slow  those that take long in this test
    int8  whether the test quantises
    """
    slow = set(slow)
    return [pytest.param(name, marks=[_skipped(name, int8), *[pytest.mark.slow] * (name in slow)]) for name in names]


def _skipped(name: str, int8: bool) -> pytest.MarkDecorator:
    problems = writing_problems(name, int8=int8)
    if name == "web" and not web_files.is_cached():
        problems.append(f"{web_files.PACKAGE} is not in the cache; make formats downloads it")
    return pytest.mark.skipif(bool(problems), reason="; ".join(problems))


QUANTISED_SIZE = 32


def images_to_quantise(number: int) -> Images:
    """Of very different brightness, so that a network tells them apart."""
    random = np.random.default_rng(0)
    brightness = random.integers(0, 200, (number, 1, 1, 3))
    return (brightness + random.integers(0, 56, (number, QUANTISED_SIZE, QUANTISED_SIZE, 3))).astype(np.uint8)


def network_to_quantise(classes: int) -> Network:
    """In evaluation mode, with the batch statistics of such images and large logits."""
    torch.manual_seed(0)
    stages = (StageSpecification(block="mbconv", channels=16, stride=2, expansion=2),) * 3
    network = build(ScratchSpecification(image_size=QUANTISED_SIZE, classes=classes, stem_channels=8, stages=stages))
    with torch.no_grad():
        for parameter in network.head.parameters():
            parameter.mul_(8)
        for module in network.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.momentum = None  # the mean of all batches, of which there is one
        network.train()(torch.from_numpy(images_to_quantise(64)).permute(0, 3, 1, 2) / 255)
    return network.eval()


def description_to_quantise(network: Network, source: Source) -> ModelDescription:
    """For a file that takes pixels."""
    names = tuple(f"class{number:03}" for number in range(network.specification.classes))
    taken = source.description.input.model_copy(update={"value_range": (0.0, 255.0)})
    return source.description.model_copy(
        update={"network": network.specification, "classes": names, "input": taken, "temperature": 1.0}
    )
