"""Options that several commands have, beside those of `search.settings`."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_model_arguments(parser: argparse.ArgumentParser) -> None:
    """The options that say where trials, their models and their pictures are."""
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings as YAML, see configs/")
    parser.add_argument("--name", help="name of the search that the trial belongs to")
    parser.add_argument(
        "--data-dir", metavar="PATH", help="the search's images: sets data.path (environment: DATA_DIR)"
    )
    parser.add_argument(
        "--database-url", metavar="URL", help="default: SQLite under runs/NAME (environment: DATABASE_URL)"
    )
    parser.add_argument("--device", help="auto, cpu, mps, cuda or cuda:N")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="any other setting, dotted")
