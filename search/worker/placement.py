"""What a person asks of a Ray cluster. Ray itself is imported only where it is used: see `ray_cluster`."""

from __future__ import annotations

import argparse
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from search.errors import BadInput
from search.settings.search import Settings

REFUSED = "workers cannot be placed on Ray"
ONE_CORE = {"CPU": 1.0}


@dataclass(frozen=True)
class Wanted:
    """Workers on a Ray cluster.

    address    of the cluster, HOST:PORT; auto: the one that this machine belongs to
    workers    their number; auto: as many as the cluster has room for
    resources  what each worker needs, by Ray's names, such as {"CPU": 1, "GPU": 0.5}
    """

    address: str
    workers: str
    resources: Mapping[str, float]

    @property
    def options(self) -> dict[str, Any]:
        """Those of Ray's actors. One is restarted as often as its place is lost."""
        others = dict(self.resources)
        cpus, gpus = others.pop("CPU", 0), others.pop("GPU", 0)
        return {
            "num_cpus": cpus,
            "num_gpus": gpus,
            "resources": others,
            "max_restarts": -1,
            "max_concurrency": 2,  # it is asked for messages, or to stop, while it works
        }

    @property
    def threads(self) -> int:
        """Threads of PyTorch in each worker."""
        return max(1, int(self.resources.get("CPU", 1)))

    def __str__(self) -> str:
        return in_words(self.resources)


def in_words(resources: Mapping[str, float]) -> str:
    """Such as "1 CPU, 0.5 GPU"."""
    return ", ".join(f"{amount:g} {name}" for name, amount in resources.items())


def add_ray_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--ray",
        type=_address,
        metavar="auto|HOST:PORT",
        help="place the workers on this Ray cluster (auto: the one that this machine belongs to), and restart them "
        "elsewhere where a node is lost; --workers is then their number in the cluster",
    )
    parser.add_argument(
        "--resources",
        type=_resources,
        metavar="JSON",
        help='what each worker on Ray needs (default: {"CPU": 1}), for example \'{"CPU": 2, "GPU": 0.5}\'',
    )


def wanted(options: argparse.Namespace, settings: Settings) -> Wanted | None:
    """What the options ask of Ray; None if they do not name it. Raises BadInput with everything that is in the way."""
    if options.ray is None:
        if options.resources is not None:
            raise BadInput(REFUSED, ["--resources is for workers on Ray: add --ray auto, or leave it out"])
        return None
    from storage.address import normalise_url  # noqa: PLC0415 - help texts do not need it

    problems = []
    if find_spec("ray") is None:
        problems.append("Ray is not installed: pip install 'elimnet-search[ray]', on every node")
    if normalise_url(settings.database).drivername == "sqlite":
        problem = "SQLite, a file of this machine; workers on other nodes need postgresql://USER:PASSWORD@HOST/DATABASE"
        problems.append(f"the database is {problem}: set DATABASE_URL")
    if problems:
        raise BadInput(REFUSED, problems)
    return Wanted(options.ray, options.workers, options.resources or ONE_CORE)


def _address(text: str) -> str:
    if text != "auto" and not re.fullmatch(r"[^\s/]+:[0-9]{1,5}", text):
        raise argparse.ArgumentTypeError(f"expected auto or HOST:PORT of the head node, got {text!r}")
    return text


def _resources(text: str) -> dict[str, float]:
    try:
        values = json.loads(text)
    except ValueError:
        values = None
    if not isinstance(values, dict) or not values or not all(map(_is_amount, values.values())):
        expected = 'expected JSON of names and numbers above 0, such as {"CPU": 1, "GPU": 0.5}'
        raise argparse.ArgumentTypeError(f"{expected}, got {text!r}")
    return {name: float(amount) for name, amount in values.items()}


def _is_amount(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < math.inf
