"""The depth profiles of a search's studies."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict

from rich.console import Console

from search.data.dataset import open_dataset
from search.errors import BadInput
from search.profile.profiling import profile_space
from search.profile.table import show
from search.settings.search import Settings
from search.settings.spaces import EliminationSpace
from search.study.checked_spaces import checked_spaces
from search.system.device import choose_device, device_name
from search.system.logs import set_up_logging


def profile_studies(settings: Settings, options: argparse.Namespace) -> None:
    """Run `search.profile`: open the data at the profiled sizes, profile each study's search space, show the result."""
    if not options.json:
        set_up_logging()
    spaces = _spaces(settings)
    sizes = sorted({space.image_sizes[0] for space in spaces.values()})
    dataset = open_dataset(settings.data, settings.cache_dir, image_sizes=sizes, progress=not options.json)
    device = choose_device(settings.device)
    profiles = {name: profile_space(space, dataset, device, settings.weights_dir) for name, space in spaces.items()}
    if options.json:
        answer = {"data": dataset.describe(), "device": device_name(device), "studies": profiles}
        print(json.dumps(answer, indent=2, default=asdict))
        return
    for profile in profiles.values():
        show(profile, Console(highlight=False))


def _spaces(settings: Settings) -> dict[str, EliminationSpace]:
    """The spaces that can be profiled. Raises BadInput if there are none, or if they lack weights or cuts."""
    wanted = {
        name: space
        for name, space in settings.studies.items()
        if isinstance(space, EliminationSpace) and space.initial_weights == "pretrained"
    }
    if not wanted:
        problem = "no study has `space: elimination` and `initial_weights: pretrained`; others have no profile"
        raise BadInput("nothing to profile", [problem])
    checked = checked_spaces(wanted, settings)
    return {name: space for name, space in checked.items() if isinstance(space, EliminationSpace)}
