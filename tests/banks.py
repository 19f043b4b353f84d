"""Curve banks that were made up."""

from __future__ import annotations

from collections.abc import Sequence

import optuna

from benchmarks.bank import Bank, Curve, Header, Planned, encoded
from search.settings.spaces import ScratchSpace
from search.spaces.sample import sample_candidate

SPACE = ScratchSpace(image_sizes=(16,), stages=(1, 2))
Curves = Sequence[tuple[int, Sequence[float], Sequence[float]]]
"""Parameters, F1 and seconds of each epoch, of each candidate."""


def make_bank(curves: Curves) -> Bank:
    """A bank of one study; whatever the space's random candidates are, they have these sizes and curves."""
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    plan = []
    for number, (parameters, _, _) in enumerate(curves):
        trial = study.ask()
        candidate = sample_candidate(trial, SPACE, classes=2)
        plan.append(
            Planned(
                study="scratch",
                number=number,
                seed=0,
                params=trial.params,
                distributions=encoded(trial.distributions),
                candidate=candidate.model_dump(mode="json"),
                candidate_key=candidate.key,
                parameters=parameters,
                macs=1,
                layers=1,
            )
        )
    made = {
        "data": {"name": "made up", "classes": ["a", "b"], "fingerprint": "0" * 64},
        "spaces": {"scratch": SPACE.model_dump(mode="json")},
        "asked": {"image-size": 16},
        "date": "2026-01-01",
        "machine": {"processor": "none", "cores": 1},
        "versions": {"torch": "0"},
    }
    header = Header(made, tuple(plan))
    epochs = [{"f1_macro": f1_macro, "cpu_seconds": seconds} for _, f1_macro, seconds in curves]
    return Bank(header, {place: Curve(plan[place], columns) for place, columns in enumerate(epochs)})
