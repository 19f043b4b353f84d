"""The options that commands share: each stands for a setting, and is checked with the settings."""

from __future__ import annotations

import argparse
from collections.abc import Collection

# Option: its placeholder, and its help. What is typed is text; `search.settings.search` says what is wrong with it.
OPTIONS = {
    "config": ("NAME|FILE", "settings: a YAML file, or the name of one that is shipped, such as demo"),
    "name": ("NAME", "name of the search; default: the name of the data folder"),
    "data_dir": ("PATH", "the images: sets data.path (environment: DATA_DIR)"),
    "database_url": ("URL", "default: SQLite under runs/NAME (environment: DATABASE_URL)"),
    "trials": ("N", "budget of each study: trials, over all workers"),
    "minutes": ("M", "budget of each study: minutes of training, over all workers"),
    "max_latency_ms": (
        "MS",
        "train no network that takes longer for one image on this machine's CPU; uncut backbones are always trained",
    ),
    "seed": ("N", "seed of the first training of each candidate; default: 0"),
    "device": ("DEVICE", "auto, cpu, mps, cuda or cuda:N; default: auto"),
}
BUDGETS = frozenset({"trials", "minutes", "max_latency_ms"})
OF_TRAINING = BUDGETS | {"seed"}


def add_arguments(parser: argparse.ArgumentParser, without: Collection[str] = ()) -> None:
    """The options that stand for settings, and `--set` for all other settings; `without` those that do nothing here."""
    for name, (metavar, said) in OPTIONS.items():
        if name not in without:
            parser.add_argument(option(name), metavar=metavar, help=said)
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="any other setting: its dotted name, and its value in YAML, as in --set data.fit=crop",
    )


def option(name: str) -> str:
    """As it is typed."""
    return f"--{name.replace('_', '-')}"
