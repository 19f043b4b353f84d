"""Checks whether spaces can be searched here. Networks without weights are skipped, impossible spaces are refused."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from blocks.specification import EliminatedSpecification
from search.errors import BadInput
from search.settings.search import Settings
from search.settings.spaces import AnySpace, EliminationSpace, ListedRow, ListedSpace
from search.spaces import elimination, listed, scratch
from search.training.weights import ORDER, PACKAGED, Weights, find_weights

log = logging.getLogger(__name__)


def checked_spaces(spaces: Mapping[str, AnySpace], settings: Settings) -> dict[str, AnySpace]:
    """The spaces without the backbones that have no weights. Raises BadInput where a space cannot be searched."""
    checked: dict[str, AnySpace] = {}
    problems: list[str] = []
    for name, space in spaces.items():
        try:
            if isinstance(space, EliminationSpace):
                space = _with_weights(space, settings)
                elimination.check_space(space)
            elif isinstance(space, ListedSpace):
                space = _rows_with_weights(space, settings)
                listed.check_space(space)
            else:
                scratch.check_space(space)
            checked[name] = space
        except BadInput as error:
            problems += [f"{name}: {problem}" for problem in error.problems]
    if problems:
        raise BadInput("search spaces", problems)
    return checked


def _with_weights(space: EliminationSpace, settings: Settings) -> EliminationSpace:
    """The space without backbones whose weights are not available. Raises BadInput where none remains."""
    if space.initial_weights == "random":
        return space
    return space.model_copy(update={"backbones": _that_have_weights(space.backbones, settings)})


def _rows_with_weights(space: ListedSpace, settings: Settings) -> ListedSpace:
    """The list without networks whose weights are not available. Raises BadInput where none remains."""
    wanted = [_pretrained_backbone(row) for row in space.rows]
    if not any(wanted):
        return space
    found = _that_have_weights([name for name in dict.fromkeys(wanted) if name], settings, may_be_none=not all(wanted))
    rows = [row for row, backbone in zip(space.rows, wanted, strict=True) if backbone is None or backbone in found]
    return space.model_copy(update={"rows": tuple(rows)})


def _pretrained_backbone(row: ListedRow) -> str | None:
    network = row.candidate.network
    pretrained = row.candidate.initial_weights == "pretrained"
    return network.backbone if pretrained and isinstance(network, EliminatedSpecification) else None


def _that_have_weights(backbones: Sequence[str], settings: Settings, *, may_be_none: bool = False) -> tuple[str, ...]:
    """The backbones whose weights are available, with one warning that names the others.

    Raises BadInput, which says what to do, where none remains, unless there `may_be_none`.
    """
    log.info("looking for pretrained weights in: %s", ORDER)
    usable: list[str] = []
    lacking: dict[str, list[str]] = {}  # backbones by why they have none
    for backbone in backbones:
        found = find_weights(backbone, settings.weights_dir)
        if isinstance(found, Weights):
            usable.append(backbone)
            log.info("%s: weights from %s", backbone, found.source)
        else:
            lacking.setdefault("; ".join(found), []).append(backbone)
    missing = [f"{', '.join(names)}: {why}" for why, names in lacking.items()]
    remedy = "put <backbone>.safetensors into a folder and set WEIGHTS_DIR to it, or allow access to timm's hub"
    if not usable and not may_be_none:
        packaged = f"or search {PACKAGED}, whose weights come with a package"
        raise BadInput("no backbone has weights", [*missing, f"{remedy}, {packaged}"])
    if missing:
        log.warning(
            "skipping backbones without pretrained weights: %s; to include them, %s", " | ".join(missing), remedy
        )
    return tuple(usable)
