from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest
from optuna.trial import TrialState

from blocks.build import build
from blocks.specification import EliminatedSpecification, ScratchSpecification, StageSpecification
from search.dashboard.feed import Feed
from search.settings.candidate import Candidate
from search.settings.recipe import Recipe
from search.settings.spaces import EliminationSpace, ScratchSpace
from search.spaces.sample import summary
from search.study.study import OpenStudy
from search.training.evaluation import Evaluation, TrainingResult
from search.trial.assignment import Assignment
from search.trial.keep_model import TrainedModel
from storage import curves
from storage.claims import claim_trial
from storage.database import Database, connect
from storage.leases import Lease
from storage.results import finish

CLASSES = ["glass", "metal | tin", "paper"]
DATA = {
    "name": "trash",
    "fingerprint": "3f2a91c07b6d" + "0" * 52,
    "classes": CLASSES,
    "counts": {split: dict.fromkeys(CLASSES, size) for split, size in [("train", 40), ("validation", 4), ("test", 4)]},
    "split_seed": 0,
    "fit": "crop",
    "warnings": ["skipped a.txt: not an image"],
}
CONFUSION = ((1, 1, 0), (1, 3, 0), (0, 0, 4))


def scratch_candidate() -> Candidate:
    stages = (StageSpecification(block="conv", channels=8, stride=2),)
    network = ScratchSpecification(image_size=32, classes=3, stem_channels=4, stages=stages)
    return Candidate(network=network, initial_weights="random", recipe=Recipe(epochs=2))


def cut_candidate() -> Candidate:
    network = EliminatedSpecification(backbone="resnet18", cut="layer2", image_size=32, classes=3)
    return Candidate(network=network, initial_weights="pretrained", recipe=Recipe(frozen_stages=1))


class Bench:
    """A search of two studies in a database, to which trials are added as workers would."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.elimination = self._open("elimination", EliminationSpace(backbones=("resnet18",)))
        self.scratch = self._open("scratch", ScratchSpace())
        self.feed = Feed(database, "trash", [self.elimination, self.scratch])

    def _open(self, name: str, space: EliminationSpace | ScratchSpace) -> OpenStudy:
        study = optuna.create_study(
            storage=self.database.optuna, study_name=f"trash/{name}", directions=["maximize", "minimize"]
        )
        study.set_user_attr("data", DATA)
        return OpenStudy(name, space, study, trials=10, minutes=None)

    def complete(
        self,
        study: OpenStudy,
        f1_macro: float,
        parameters: int,
        described: dict[str, Any] | None = None,
        **attributes: Any,
    ) -> int:
        """The id of a new trial with a result and a learning curve; `described` is its candidate, as stored."""
        candidate = scratch_candidate() if study is self.scratch else cut_candidate()
        described = described or candidate.model_dump(mode="json")
        known = {"candidate": described, "summary": summary(candidate), "seed": 0}
        lease = self._claim(study)
        for epoch in (1, 2):
            curves.append(self.database, lease, epoch, {"f1_macro": f1_macro * epoch / 2})
        finish(self.database, lease, TrialState.COMPLETE, [f1_macro, float(parameters)], known | attributes)
        return lease.trial_id

    def fail(self, study: OpenStudy, reason: str) -> int:
        lease = self._claim(study)
        finish(self.database, lease, TrialState.FAIL, attributes={"failure": reason})
        return lease.trial_id

    def _claim(self, study: OpenStudy) -> Lease:
        lease = claim_trial(self.database, study.study._study_id, "worker")
        assert lease is not None
        return lease

    def trained(self, study: OpenStudy, f1_macro: float, parameters: int) -> TrainedModel:
        """What a worker is about to save of a new trial, which it still has."""
        candidate = scratch_candidate()
        validation = Evaluation(
            logits=np.zeros((10, 3), dtype=np.float32),
            labels=np.repeat(np.arange(3), np.sum(CONFUSION, axis=1)),
            loss=0.5,
            accuracy=0.8,
            f1_macro=f1_macro,
            f1_per_class=np.array([0.5, 0.75, 1.0]),
            confusion=np.array(CONFUSION),
        )
        result = TrainingResult(build(candidate.network), (), validation, 60.0, 100.0, 50.0)
        assignment = Assignment(candidate, 0, {"parameters": parameters, "macs": 20_000, "layers": 3})
        device = "CPU x86_64, 1 thread"
        return TrainedModel(study.study, self._claim(study), assignment, result, DATA, device, study.trained_on)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that has its tables."""
    path = tmp_path_factory.mktemp("template") / "search.db"
    connect(str(path)).close()
    return path


@pytest.fixture
def bench(template: Path, tmp_path: Path) -> Iterator[Bench]:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    shutil.copy(template, tmp_path / "search.db")
    database = connect(f"sqlite:///{tmp_path / 'search.db'}")
    yield Bench(database)
    database.close()
