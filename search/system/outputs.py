"""The files and folders that commands write: checked before the work, and complete when they appear."""

from __future__ import annotations

import io
import os
import shutil
import sys
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO, TextIO, cast

from search.errors import BadInput

READER_GONE = "nobody reads standard output any more: the work goes on, and what it prints is lost"


def file_problems(option: str, path: Path | None) -> list[str]:
    """Problems with writing or replacing the file that an option names, as far as they show in advance."""
    if path is None:
        return []
    if path.is_dir():
        return [f"{option} {path}: is a folder; name a file"]
    if not path.parent.is_dir():
        return [f"{option} {path}: there is no folder {path.parent}; create it first"]
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        return [f"{option} {path}: no write permission; name another file"]
    return []


@contextmanager
def whole_file(path: Path, option: str, refused: str) -> Iterator[BinaryIO]:
    """A file that appears, or is replaced, only at the end of the block. A device or a pipe is written directly.

    Raises BadInput with the heading `refused` if the file cannot be written.
    """
    try:
        with replaced(path) as file:
            yield file
    except OSError as error:
        raise BadInput(refused, [f"{option} {path}: {error.strerror or error}"]) from error


@contextmanager
def replaced(path: Path) -> Iterator[BinaryIO]:
    """Like `whole_file`, but raises OSError."""
    if path.exists() and not (path.is_file() and os.access(path.resolve().parent, os.W_OK)):
        with path.open("wb") as file:  # by its own name, the only one of the pipe behind /dev/stdout
            yield file
        return
    target = path.resolve()  # a link stays, and its target is replaced
    beside = target.with_name(f".{target.name}.{uuid.uuid4().hex}")
    try:
        with beside.open("wb") as file:
            yield file
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)


@contextmanager
def standard_output() -> Iterator[None]:
    """Flush everything that the block prints. A reader that stops reading, such as `head`, is no error."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        forget_standard_output()


def forget_standard_output() -> None:
    """Let what is still to be written there, at the latest by the flush at exit, go nowhere."""
    _forget(sys.stdout)


def _forget(stream: TextIO) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


@contextmanager
def readers_may_leave() -> Iterator[None]:
    """What is printed inside goes nowhere once its reader, such as `head`, has gone: the work goes on.

    One line on standard error says so, if that has a reader.
    """
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (cast(TextIO, _Unbroken(stream)) for stream in before)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


class _Unbroken:
    """A text stream whose pipe may break."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        try:
            self._stream.write(text)
        except BrokenPipeError:
            self._lose()
        return len(text)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except BrokenPipeError:
            self._lose()

    def _lose(self) -> None:
        _forget(self._stream)
        if self is sys.stdout:
            print(READER_GONE, file=sys.stderr, flush=True)


def print_any_character() -> None:
    """Make every character printable on standard output and standard error, whatever the system's encoding.

    Files and pipes get UTF-8, unless PYTHONIOENCODING is set: the default of Windows lacks some characters of this
    program and most characters of class names. A terminal keeps its encoding and shows '?' instead.
    """
    for stream in (sys.stdout, sys.stderr):
        if not isinstance(stream, io.TextIOWrapper):  # there is none, or a test has replaced it
            continue
        if not stream.isatty() and "PYTHONIOENCODING" not in os.environ:
            stream.reconfigure(encoding="utf-8", errors=stream.errors)
        if stream.errors == "strict":
            stream.reconfigure(errors="replace")


def folder_problems(folder: Path) -> list[str]:
    """Problems with creating this folder: its name is taken (even by a broken link), or it cannot be created."""
    if os.path.lexists(folder):
        return [f"{folder}: exists; name a new folder"]
    return room_problems(folder)


def room_problems(folder: Path) -> list[str]:
    """Problems with writing below a folder, which may not exist yet, as far as they show in advance."""
    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if os.path.lexists(path))
    if not there.is_dir():
        return [f"{folder}: {there} is not a folder; name another folder"]
    if not os.access(there, os.W_OK):
        return [f"{folder}: no write permission for {there}; name another folder"]
    return []


@contextmanager
def new_folder(folder: Path, refused: str, *, replace: bool = False) -> Iterator[Path]:
    """A temporary folder, which is renamed to `folder` at the end of the block, and removed if that fails.

    replace  replace a `folder` that exists, at the end of the block

    Raises BadInput with the heading `refused` if `folder` exists at the beginning or at the end and is not to be
    replaced, or if files cannot be written.
    """
    replace = replace and folder.is_dir()
    if problems := [] if replace else folder_problems(folder):
        raise BadInput(refused, problems)
    beside = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
        yield beside
        beside.chmod(0o755)
        if replace:
            _exchange(folder, beside)
        else:
            beside.rename(folder)
    except OSError as error:
        reason = f"{error.filename or folder}: {error.strerror or error}; name another folder"
        raise BadInput(refused, (not replace and folder_problems(folder)) or [reason]) from error
    finally:
        if beside is not None:
            shutil.rmtree(beside, ignore_errors=True)


def _exchange(folder: Path, new: Path) -> None:
    """Rename `new` to `folder`, and remove what was there."""
    old = new.with_name(f"{new.name}.old")
    folder.rename(old)
    try:
        new.rename(folder)
    except OSError:
        old.rename(folder)
        raise
    shutil.rmtree(old, ignore_errors=True)


def write_together(folder: Path, files: Mapping[str, bytes], refused: str) -> None:
    """Write files, by name, into a folder, which need not exist: all of them appear, or are replaced, or none.

    Raises BadInput with the heading `refused` if they cannot be written.
    """
    if not os.path.lexists(folder):
        with new_folder(folder, refused) as beside:
            for name, content in files.items():
                (beside / name).write_bytes(content)
        return
    try:
        with ExitStack() as complete:
            for name, content in files.items():
                file = complete.enter_context(replaced(folder / name))
                file.write(content)
                file.flush()
    except OSError as error:
        raise BadInput(refused, [f"{error.filename or folder}: {error.strerror or error}"]) from error
