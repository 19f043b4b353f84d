"""What happened to trials, written down by the database itself: a trigger on each table that workers write to."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

from optuna.trial import TrialState
from sqlalchemy import make_url, text

from storage import curves
from storage.database import Database
from storage.trials import TrialRecord, read_trials
from tests.postgres import PostgresServer

# One row for each epoch that is stored, again or for the first time, each new holder of a lease, each end of a trial.
TRIGGERS = """
CREATE TABLE audit (number SERIAL, trial_id INTEGER, what TEXT, epoch INTEGER, deaths INTEGER);
CREATE FUNCTION audit_epoch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO audit (trial_id, what, epoch) VALUES (NEW.trial_id, 'epoch', NEW.epoch);
    RETURN NULL;
END $$;
CREATE FUNCTION audit_holder() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO audit (trial_id, what, deaths) VALUES (NEW.trial_id, 'holder', NEW.deaths);
    RETURN NULL;
END $$;
CREATE FUNCTION audit_end() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO audit (trial_id, what) VALUES (NEW.trial_id, NEW.state::text);
    RETURN NULL;
END $$;
CREATE TRIGGER audit_epoch AFTER INSERT OR UPDATE ON elimnet_curves FOR EACH ROW EXECUTE FUNCTION audit_epoch();
CREATE TRIGGER audit_first_holder AFTER INSERT ON elimnet_leases FOR EACH ROW EXECUTE FUNCTION audit_holder();
CREATE TRIGGER audit_next_holder AFTER UPDATE ON elimnet_leases FOR EACH ROW
    WHEN (OLD.fence <> NEW.fence) EXECUTE FUNCTION audit_holder();
CREATE TRIGGER audit_end AFTER UPDATE ON trials FOR EACH ROW
    WHEN (OLD.state <> NEW.state AND NEW.state <> 'RUNNING') EXECUTE FUNCTION audit_end();
"""


@dataclass(frozen=True)
class Account:
    """Of all trials that were begun.

    stopped                ended early, as they could not reach the front any more
    resumed                holders that went on with what others had begun
    killed                 of these, after a holder that died
    lost                   trials that have not ended, or whose learning curve lacks epochs
    twice                  trials that ended twice, or did what another one did: the same candidate with the same seed
    epochs_lost_at_a_kill  most epochs that were stored already and done again after one death
    epochs_lost_at_a_stop  the same after a trial was handed back
    """

    started: int
    finished: int
    failed: int
    stopped: int
    resumed: int
    killed: int
    lost: int
    twice: int
    epochs_lost_at_a_kill: int
    epochs_lost_at_a_stop: int

    def __str__(self) -> str:
        return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in asdict(self).items())


@dataclass(frozen=True)
class Tenure:
    """One holder of one trial: whether the one before `died`, and how many of its epochs were done `again`."""

    died: bool
    again: int


class Audit:
    """Begins when it is made; tables must be there."""

    def __init__(self, server: PostgresServer, url: str, database: Database) -> None:
        server.execute(str(make_url(url).database), TRIGGERS)
        self._database = database

    def account(self) -> Account:
        """What became of the trials so far."""
        trials = [trial for trial in read_trials(self._database) if trial.started]
        rows = curves.read(self._database, [trial.trial_id for trial in trials])
        events = self._events()
        ends = Counter(event.trial_id for event in events if event.what in TrialState.__members__)
        done = Counter(_work(trial) for trial in trials if "candidate_key" in trial.attributes)
        later = [tenure for trial in trials for tenure in _tenures([e for e in events if e.trial_id == trial.trial_id])]
        states = Counter(trial.state for trial in trials)
        return Account(
            started=len(trials),
            finished=states[TrialState.COMPLETE],
            failed=states[TrialState.FAIL],
            stopped=states[TrialState.PRUNED],
            resumed=len(later),
            killed=sum(tenure.died for tenure in later),
            lost=states[TrialState.RUNNING]
            + sum(trial.attributes.get("epochs", 0) != len(rows[trial.trial_id]) for trial in complete(trials)),
            twice=sum(count - 1 for count in (*ends.values(), *done.values())),
            epochs_lost_at_a_kill=max((tenure.again for tenure in later if tenure.died), default=0),
            epochs_lost_at_a_stop=max((tenure.again for tenure in later if not tenure.died), default=0),
        )

    @property
    def epochs(self) -> int:
        """That were stored so far."""
        return sum(event.what == "epoch" for event in self._events())

    def _events(self) -> list[Any]:
        query = text("SELECT trial_id, what, epoch, deaths FROM audit ORDER BY number")
        return self._database.read(lambda connection: list(connection.execute(query)))


def complete(trials: list[TrialRecord]) -> list[TrialRecord]:
    return [trial for trial in trials if trial.state == TrialState.COMPLETE]


def _work(trial: TrialRecord) -> tuple[str, str, int]:
    return trial.study, trial.attributes["candidate_key"], trial.attributes["seed"]


def _tenures(events: list[Any]) -> list[Tenure]:
    """Of the second and later holders of one trial."""
    holders = [index for index, event in enumerate(events) if event.what == "holder"]
    found = []
    for before, (begin, end) in zip(holders, pairwise([*holders[1:], len(events)]), strict=False):
        stored = {event.epoch for event in events[:begin] if event.what == "epoch"}
        again = {event.epoch for event in events[begin:end] if event.what == "epoch"} & stored
        found.append(Tenure(events[begin].deaths > events[before].deaths, len(again)))
    return found
