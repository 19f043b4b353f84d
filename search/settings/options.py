"""The options that commands share. Each option sets a setting and is checked with the settings."""

from __future__ import annotations

import argparse
from collections.abc import Collection, Mapping
from types import MappingProxyType

# Option: its placeholder and its help. A typed value is text; `search.settings.search` checks it.
OPTIONS = {
    "config": ("NAME|FILE", "YAML file with settings, or the name of a shipped one, such as demo (default: none)"),
    "name": ("NAME", "name of the search (default: the name of the data folder)"),
    "data_dir": (
        "PATH",
        "folder of the images; sets data.path (environment: DATA_DIR; default: scikit-learn's digits)",
    ),
    "database_url": ("URL", "address of the database (environment: DATABASE_URL; default: SQLite in runs/NAME)"),
    "trials": ("N", "budget of each study in trials, shared by all workers (default: 20, if no budget is set)"),
    "minutes": ("M", "budget of each study in minutes of training, shared by all workers (default: none)"),
    "max_latency_ms": (
        "MS",
        "latency limit for one image on this machine's CPU; slower networks, except full backbones, are not trained",
    ),
    "seed": ("N", "seed of the first training of each candidate (default: 0)"),
    "device": ("DEVICE", "device: auto, cpu, mps, cuda or cuda:N (default: auto)"),
}
BUDGETS = frozenset({"trials", "minutes", "max_latency_ms"})
OF_TRAINING = BUDGETS | {"seed"}


def add_arguments(
    parser: argparse.ArgumentParser, without: Collection[str] = (), own: Mapping[str, str] = MappingProxyType({})
) -> None:
    """Add the options that set a setting, and `--set` for all other settings, except the options in `without`.

    own  help texts of options that mean something else in this command
    """
    for name, (metavar, said) in OPTIONS.items():
        if name not in without:
            parser.add_argument(option(name), metavar=metavar, help=own.get(name, said))
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="any other setting by its dotted name, with a YAML value, for example --set data.fit=crop (default: none)",
    )


def option(name: str) -> str:
    """The option as it is typed."""
    return f"--{name.replace('_', '-')}"
