"""All commands by one name: `elimnet run` is `python -m search.run`, and `python -m search run`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from baselines import run as baselines
from search import backup, check, cuts, evaluate, export, init, predict, restore, run, verify
from search.errors import BadInput, did_you_mean
from search.finalize import __main__ as finalize
from search.inspect import __main__ as inspect
from search.latency import __main__ as latency
from search.profile import __main__ as profile
from search.report import __main__ as report
from search.status import __main__ as status
from search.system.commands import exit_with_status
from search.system.outputs import standard_output
from search.ui import __main__ as ui
from search.worker import __main__ as worker

DISTRIBUTION = "elimnet-search"


@dataclass(frozen=True)
class Command:
    """What a command does, in a line, and its `main(arguments, prog)`, which returns the exit status."""

    summary: str
    main: Callable[[Sequence[str], str], int | None]


COMMANDS = {
    "check": Command("try settings, data, database, weights and one step of each space; write nothing", check.main),
    "inspect": Command("look at the images: probable label errors, outliers, near copies, counts", inspect.main),
    "run": Command("run all studies on this machine in turns, then show the report", run.main),
    "worker": Command("run workers on this machine, for a database that other machines share", worker.main),
    "status": Command("show budgets, trials, workers and the expected end; read-only", status.main),
    "init": Command("create the tables and studies, so that workers find them", init.main),
    "backup": Command("write a search into one file, models included", backup.main),
    "restore": Command("read that file into this or another database", restore.main),
    "report": Command("show the Pareto front over all studies, or the final test scores", report.main),
    "baselines": Command("train baselines with the data, split and recipe of the search", baselines.main),
    "finalize": Command("retrain the Pareto front with several seeds, and test it once", finalize.main),
    "export": Command("export a model for ONNX Runtime, OpenVINO, LiteRT, ncnn or PyTorch", export.main),
    "verify": Command("check an exported model, or your program, by its golden pictures", verify.main),
    "predict": Command("classify images and write their classes as CSV", predict.main),
    "evaluate": Command("score a model on labelled images, with a confusion matrix", evaluate.main),
    "latency": Command("measure how long models take on this machine", latency.main),
    "profile": Command("rank the cuts of the backbones before any training", profile.main),
    "ui": Command("show the search as a page in the browser, and start it there", ui.main),
    "cuts": Command("list the points where a backbone can be cut", cuts.main),
}


def main(arguments: Sequence[str], program: str) -> int | None:
    """Run the command that the first argument names. Raises BadInput where there is no such command."""
    name, *rest = arguments or ["--help"]
    if name in COMMANDS:
        return COMMANDS[name].main(rest, f"{program} {name}")
    known = {"-h": overview, "--help": overview, "--version": _version}
    if name not in known:
        raise BadInput(program, [_no_such(name, program), f"{program} --help lists all commands"])
    with standard_output():
        print(known[name](program))
    return 0


def overview(program: str) -> str:
    """The commands, a line each."""
    lines = [f"  {name:<11}{command.summary}" for name, command in COMMANDS.items()]
    return "\n".join(
        [
            f"usage: {program} [--help | --version] COMMAND ...",
            "",
            "Find the smallest good image classifier for a folder of photographs.",
            "",
            "commands:",
            *lines,
            "",
            f"{program} COMMAND --help lists the options of a command.",
        ]
    )


def elimnet() -> None:
    """The console script."""
    exit_with_status(lambda: main(sys.argv[1:], "elimnet"))


def _version(_: str) -> str:
    """Of the installed distribution; a checkout that nobody installed has none."""
    try:
        return f"{DISTRIBUTION} {version(DISTRIBUTION)}"
    except PackageNotFoundError:
        return f"{DISTRIBUTION} is not installed: its version is in pyproject.toml"


def _no_such(name: str, program: str) -> str:
    if name.startswith("-"):
        return f"{name}: a command comes first, as in {program} COMMAND {name}"
    return f"no command {name!r}{did_you_mean(name.removeprefix('search.').lower(), COMMANDS, most=3)}"


if __name__ == "__main__":
    exit_with_status(lambda: main(sys.argv[1:], "python -m search"))
