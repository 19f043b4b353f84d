"""Workers without networks, as processes that tests may kill: WORKERS URL STUDY BUDGET EPOCHS SECONDS STALE_AFTER.

Prints the id of each process, then one line of JSON a trial that one of them ended. The trials have the values (x, x),
so that what is stored can be checked. Ends with the number of workers that failed.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
import traceback

import optuna
from optuna.trial import TrialState

from storage import curves
from storage.claims import claim_trial, count_trials, open_trial
from storage.database import Database, connect
from storage.errors import LeaseLost
from storage.leases import Lease, Leases
from storage.results import finish


def main() -> int:
    workers, url, name, budget, epochs, seconds, stale_after = sys.argv[1:]
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    children = []
    for _ in range(int(workers)):  # after the imports, which take longer than the tests
        child = os.fork()
        if child == 0:
            status = 1
            try:
                work(url, name, int(budget), int(epochs), float(seconds), float(stale_after))
                status = 0
            except Exception:  # noqa: BLE001  the loop above is the parent's alone
                traceback.print_exc()
            finally:
                os._exit(status)
        children.append(child)
    print(json.dumps(children), flush=True)
    return sum(os.waitpid(child, 0)[1] not in (0, signal.SIGKILL) for child in children)


def work(url: str, name: str, budget: int, epochs: int, seconds: float, stale_after: float) -> None:
    database = connect(url, first_contact_seconds=300)
    leases = Leases(database, stale_after)
    study = optuna.load_study(study_name=name, storage=database.optuna, sampler=optuna.samplers.RandomSampler())
    study_id, worker = study._study_id, f"process {os.getpid()}"
    while True:
        lease = leases.take_over([study_id], worker) or claim_trial(database, study_id, worker, budget)
        if lease is not None:
            run(database, leases, study, lease, epochs, seconds)
        elif count_trials(database, study_id).running == 0:
            break
        else:
            time.sleep(0.1)
    database.close()


def run(database: Database, leases: Leases, study: optuna.Study, lease: Lease, epochs: int, seconds: float) -> None:
    try:
        x = open_trial(study, lease).suggest_float("x", 0, 1)
        for epoch in range(lease.epoch or 0, epochs):
            time.sleep(seconds)
            curves.append(database, lease, epoch, {"f1_macro": x * epoch})
            leases.record_checkpoint(lease, f"checkpoint of {epoch}", epoch + 1)
            leases.beat(lease)
        finish(database, lease, TrialState.COMPLETE, [x, x], {"began_at": lease.epoch or 0})
    except LeaseLost:
        return
    print(json.dumps({"number": lease.number, "x": x, "deaths": lease.deaths}), flush=True)


if __name__ == "__main__":
    sys.exit(main())
