"""`python -m search.init`: make the tables and the studies of a search, once, so that workers find them."""

from __future__ import annotations

import argparse
import threading
from collections.abc import Sequence

from search import settings as all_settings
from search.command import exit_with_status
from search.session import open_data, open_search, set_up_logging, show_settings


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m search.init", description=__doc__)
    all_settings.add_arguments(parser)
    settings = all_settings.load(parser.parse_args(arguments))
    set_up_logging()
    show_settings(settings)
    database, studies = open_search(settings, open_data(settings), threading.Event())
    for study in studies:
        print(f"study {study.study.study_name}: {len(study.study.get_trials(deepcopy=False))} trials")
    database.close()


if __name__ == "__main__":
    exit_with_status(main)
