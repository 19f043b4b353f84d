"""Importing latencies that were measured on another device into the trials of a search."""

from __future__ import annotations

import argparse
from collections import Counter
from contextlib import closing

from search.models.latency.devices import read_device_file
from search.models.names import check_model_name
from search.models.sources import choose, kept_models, open_database
from search.settings.search import Settings
from search.system.text import clean
from storage import latency


def import_latencies(settings: Settings, options: argparse.Namespace) -> None:
    """Run `search.latency --from`: store all lines of the file, or none. Raises BadInput with all problems."""
    with closing(open_database(settings)) as database:
        models = kept_models(database, settings)

        def trial_of(name: str) -> int:
            check_model_name(name)
            return choose(models, name).trial.trial_id

        runs = read_device_file(options.device_file, options.device_name, trial_of)
        latency.store_all(database, [(trial_id, run.key, run.model_dump(mode="json")) for trial_id, run in runs])
    for device, count in Counter(run.device for _, run in runs).items():
        print(f"imported {count} latenc{'ies' if count > 1 else 'y'} on {clean(device)}")
    print("draw them with python -m search.report --pareto --x latency --machine DEVICE")
