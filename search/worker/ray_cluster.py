"""Workers as actors of a Ray cluster: Ray finds places for them, and restarts them where a process or a node is lost.

The database stays the truth. Ray keeps nothing that a search needs, so a lost head node costs no trial: the same
command, given again, goes on. Every node needs this project, the data folder and a way to the database.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any

import ray
import torch
from ray.exceptions import GetTimeoutError, RayError

from search.errors import BadInput
from search.models.stores import open_store
from search.progress.channel import send_what_is_printed
from search.progress.display import Display
from search.progress.facts import Activity, Message
from search.progress.reporter import Reporter
from search.settings.search import Settings
from search.system.device import choose_device
from search.system.logs import set_up_logging, worker_name
from search.worker.janitor import janitor
from search.worker.loop import GivingUp, work
from search.worker.placement import REFUSED, Wanted, in_words
from search.worker.session import Session
from search.worker.startup import open_data
from search.worker.supervisor import OUTAGE_SECONDS, STOP_SECONDS

LOOK_SECONDS = 1.0
CONTACT_SECONDS = 10.0
AUTO = "auto"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class End:
    """How a worker ended: what its command would exit with, and the reason if that is not 0."""

    status: int
    reason: str = ""


class RayWorker:
    """A worker in a process of its own, on any node."""

    def __init__(self, settings: Settings, threads: int) -> None:
        self._settings = settings
        self._stop = threading.Event()
        self._messages: SimpleQueue[Message] = SimpleQueue()
        send_what_is_printed(self._messages.put)
        set_up_logging()
        torch.set_num_threads(threads)

    @ray.method(max_task_retries=-1)  # type: ignore[untyped-decorator]
    def work(self) -> End:
        """Run trials until the budgets are used, or until it is asked to stop. Ray begins it again after a restart."""
        try:
            dataset = open_data(self._settings, quiet=True)
            store = open_store(self._settings)
            with closing(Session.open(self._settings, dataset, store, self._stop, OUTAGE_SECONDS)) as session:
                device = choose_device(self._settings.device)
                work(session.context(str(device), Reporter(self._messages.put), name=worker_name(os.getpid())))
        except BadInput as error:
            return End(2, str(error))
        except GivingUp as error:
            return End(1, str(error))
        return End(0)

    def stop(self) -> None:
        """Requeue the trial, and end `work`."""
        self._stop.set()

    def messages(self) -> list[Message]:
        """What it has to tell since it was last asked."""
        told: list[Message] = []
        try:
            while True:
                told.append(self._messages.get_nowait())
        except Empty:
            return told


def work_on_ray(session: Session, display: Display, wanted: Wanted) -> int:
    """Keep workers on a Ray cluster until all budgets are used, or the session is to stop.

    Returns the exit status: 0, 1 where a worker gave up, 2 where it was given bad input. Raises BadInput if there is no
    such cluster, or no node of it has what a worker needs.
    """
    _connect(wanted.address)
    try:
        count = _count(wanted)
        print(f"{count} workers on Ray, each with {wanted}", flush=True)
        placed = ray.remote(RayWorker).options(**wanted.options)
        actors = [placed.remote(session.settings, wanted.threads) for _ in range(count)]
        ids = [study.study._study_id for study in session.studies]
        with janitor(session.database, session.artefacts, ids, worker_name(os.getpid())):
            return _watch(session, display, actors)
    finally:
        ray.shutdown()


def _connect(address: str) -> None:
    try:
        if address != AUTO:  # which Ray itself would try for minutes
            host, _, port = address.rpartition(":")
            socket.create_connection((host, int(port)), CONTACT_SECONDS).close()
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, configure_logging=False)
    except (RayError, OSError, ValueError, RuntimeError) as error:
        first = str(error).partition("\n")[0]
        problem = f"--ray {address}: no cluster answers ({first}); start one with `ray start --head`"
        raise BadInput(REFUSED, [problem]) from error


def _count(wanted: Wanted) -> int:
    """The number of workers. Raises BadInput if no node has what a single one needs."""
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    room = sum(min(int(node.get(name, 0) / amount) for name, amount in wanted.resources.items()) for node in nodes)
    if not room:
        most = in_words({name: max((node.get(name, 0) for node in nodes), default=0) for name in wanted.resources})
        raise BadInput(REFUSED, [f"--resources: no node has {wanted}; the most that any node has is {most}"])
    return room if wanted.workers == AUTO else int(wanted.workers)


def _watch(session: Session, display: Display, actors: Sequence[Any]) -> int:
    running = {actor.work.remote(): number for number, actor in enumerate(actors, start=1)}
    for number in running.values():
        display.take(number, Activity("waiting for a place"))
    while running and not session.stop.is_set():
        ended, _ = ray.wait(list(running), timeout=LOOK_SECONDS)
        _show(display, {number: actors[number - 1] for number in running.values()})
        for call in ended:
            number = running.pop(call)
            end: End = ray.get(call)
            display.ends(number)
            if end.status:
                log.error("worker %s aborted; stopping the others: %s", number, end.reason)
                _stop(actors, list(running))
                return end.status
    _stop(actors, list(running))
    return 0


def _show(display: Display, actors: Mapping[int, Any]) -> None:
    """Pass on what the workers tell. One that Ray is moving tells it later."""
    asked = {number: actor.messages.remote() for number, actor in actors.items()}
    answered, _ = ray.wait(list(asked.values()), num_returns=len(asked), timeout=LOOK_SECONDS)
    for number, call in asked.items():
        if call not in answered:
            continue
        try:
            for message in ray.get(call):
                display.take(number, message)
        except RayError:
            display.take(number, Activity("restarting after a crash"))


def _stop(actors: Sequence[Any], running: Sequence[Any]) -> None:
    """Ask all workers to requeue their trials. The end of this process kills those that do not do so in time."""
    if not running:
        return
    for actor in actors:
        actor.stop.remote()
    try:
        ray.get(list(running), timeout=STOP_SECONDS)
    except (GetTimeoutError, RayError) as error:
        log.error("not all workers stopped in time: %s", error)
