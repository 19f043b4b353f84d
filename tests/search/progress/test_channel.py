"""Worker processes that are killed or frozen, and what the reader of their pipes makes of it."""

from __future__ import annotations

import multiprocessing
import os
import queue
import signal
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from threading import Thread
from typing import Any

import psutil
import pytest

from search.progress.channel import Sender, listen, send_what_is_printed
from search.progress.facts import Activity, Ended, Message, Printed

CONTEXT = multiprocessing.get_context("spawn")


def start(work: Callable[..., Any]) -> tuple[BaseProcess, Thread, queue.SimpleQueue[Message]]:
    """A process that does `work` with its end of a pipe, the thread that listens, and what it hears."""
    ours, theirs = CONTEXT.Pipe(duplex=False)
    process = CONTEXT.Process(target=work, args=(theirs,))
    process.start()
    theirs.close()
    heard: queue.SimpleQueue[Message] = queue.SimpleQueue()
    return process, listen(ours, heard.put), heard


def all_of(heard: queue.SimpleQueue[Message]) -> list[Message]:
    messages = []
    while not heard.empty():
        messages.append(heard.get())
    return messages


def say_much_and_end(connection: Connection) -> None:
    send = Sender(connection)
    for epoch in range(3000):  # more than a pipe holds
        send(Activity(trial="scratch #1", epoch=epoch))


def test_what_is_not_sent_when_the_process_ends_is_sent_then() -> None:
    process, listener, heard = start(say_much_and_end)
    process.join(60)
    listener.join(10)
    assert not listener.is_alive()
    assert process.exitcode == 0
    assert [message.epoch for message in all_of(heard) if isinstance(message, Activity)] == list(range(3000))


def print_much(connection: Connection) -> None:
    send_what_is_printed(Sender(connection))
    print("first\nsecond", end=" ")
    print("goes on")
    sys.stderr.write("10 %\r50 %\r100 %\nnever whole")
    raise ZeroDivisionError


def test_lines_that_are_printed_come_whole_and_so_does_a_traceback() -> None:
    process, listener, heard = start(print_much)
    process.join(60)
    listener.join(10)
    lines = [message.line for message in all_of(heard) if isinstance(message, Printed)]
    assert lines[:3] == ["first", "second goes on", "100 %"]
    assert lines[-1] == "ZeroDivisionError"
    assert process.exitcode == 1


def write_for_ever(connection: Connection) -> None:
    """Messages that no pipe takes in one go, so that whoever stops this stops it in the middle of one."""
    send = Sender(connection)
    while True:
        send(Ended("x" * 1_000_000))
        time.sleep(0.01)


def test_a_worker_that_is_killed_while_it_writes_ends_its_listener() -> None:
    process, listener, heard = start(write_for_ever)
    assert isinstance(heard.get(timeout=60), Ended)
    process.kill()
    process.join(10)
    listener.join(10)
    assert not listener.is_alive()
    assert all(message == Ended("x" * 1_000_000) for message in all_of(heard)), "no half of a message"


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="processes cannot be stopped here")
def test_a_worker_that_is_frozen_while_it_writes_keeps_no_other_waiting() -> None:
    frozen, frozen_listener, heard = start(write_for_ever)
    assert isinstance(heard.get(timeout=60), Ended)
    os.kill(frozen.pid or 0, signal.SIGSTOP)
    other, other_listener, heard_of_other = start(say_much_and_end)
    other_listener.join(60)
    assert not other_listener.is_alive()
    assert len(all_of(heard_of_other)) == 3000
    assert frozen_listener.is_alive()
    frozen.kill()
    frozen_listener.join(10)
    assert not frozen_listener.is_alive()
    other.join(10)
    frozen.join(10)


def never_wait(connection: Connection) -> None:
    send = Sender(connection)
    started = time.monotonic()
    for _ in range(3000):
        send(Activity(trial="scratch #1"))
    os._exit(0 if time.monotonic() - started < 5 else 1)


def test_a_worker_does_not_wait_for_a_display_that_reads_nothing() -> None:
    ours, theirs = CONTEXT.Pipe(duplex=False)
    process = CONTEXT.Process(target=never_wait, args=(theirs,))
    process.start()
    process.join(60)
    assert process.exitcode == 0
    ours.close()
    theirs.close()


def outlive(connection: Connection) -> None:
    send = Sender(connection)
    send(Activity())
    time.sleep(1)
    send(Activity())


def test_a_worker_ends_well_after_its_display_has_gone() -> None:
    ours, theirs = CONTEXT.Pipe(duplex=False)
    process = CONTEXT.Process(target=outlive, args=(theirs,))
    process.start()
    theirs.close()
    assert isinstance(ours.recv(), Activity)
    ours.close()
    process.join(30)
    assert process.exitcode == 0
    assert not psutil.pid_exists(process.pid or 0)
