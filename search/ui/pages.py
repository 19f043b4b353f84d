"""The addresses of the page, and what answers each of them."""

from __future__ import annotations

import argparse
import os
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import jinja2
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from search.errors import BadInput
from search.report import wording
from search.settings.search import Settings
from search.system.text import NOT_KNOWN, clean, percent, short, whole
from search.ui import question, starting, taking, watch
from search.ui.advanced import advanced
from search.ui.found import Found, Kept
from search.ui.guard import FRAMED
from search.ui.jobs import Jobs
from search.ui.labels import ACTIONS, Labels
from search.ui.trying import NO_THRESHOLD, Trying, exports, usable_exports
from storage.errors import StorageError

HERE = Path(__file__).parent
PAGES = {"/": "Watch", "/try": "Try"}
PAGES_OF_OWNERS = {"/start": "Start", "/data": "Data", "/take": "Take"}
FRAME = {"content-security-policy": f"{FRAMED}; frame-ancestors 'self'"}
MOST_FIELDS = 1_000
Fields = Mapping[str, str]


class Page:
    """The page of one search. Each method with a request answers an address, in a thread of its own."""

    def __init__(self, settings: Settings, options: argparse.Namespace) -> None:
        self.settings, self.options, self.read_only = settings, options, options.read_only
        self.found = Found(settings)
        self.trying = Trying(self.found)
        self.labels = Labels(settings)
        self.jobs = Jobs(settings.run_dir, starting.environment(options))
        self._mistakes = Kept()
        self._templates = jinja2.Environment(loader=jinja2.FileSystemLoader(HERE / "templates"), autoescape=True,
                                             undefined=jinja2.StrictUndefined, trim_blocks=True,
                                             lstrip_blocks=True)  # fmt: skip
        self._templates.filters |= {"clean": clean, "short": short, "whole": whole, "percent": percent,
                                    "code": question.in_code, "sign": watch.last_sign}  # fmt: skip
        self._templates.globals |= {
            "pages": PAGES | ({} if self.read_only else PAGES_OF_OWNERS),
            "name": settings.name,
            "read_only": self.read_only,
            "dashboard": os.environ.get("DASHBOARD_URL", "").rstrip("/"),
            "wording": wording,
            "NOT_KNOWN": NOT_KNOWN,
        }

    def prepare(self) -> None:
        """Read the search before the first request does, if there is one."""
        with suppress(BadInput, StorageError):
            self.found.view("parameters")
            self.found.models()

    def routes(self) -> list[Any]:
        """Of a read-only page, those that start or change nothing."""
        shown = [
            Route("/", self.watch),
            Route("/live", self.live),
            Route("/network/{study}/{number:int}", self.network),
            Route("/network/{study}/{number:int}/drawing", self.drawing),
            Route("/network/{study}/{number:int}/mistakes", self.mistakes),
            Route("/try", self.try_page),
            Route("/try/answer", _posted(self.answer), methods=["POST"]),
            Mount("/static", StaticFiles(directory=HERE / "static")),
        ]
        if self.read_only:
            return shown
        return [
            *shown,
            Route("/start", self.start_page),
            Route("/start/plan", _posted(self.plan), methods=["POST"]),
            Route("/start/run", _posted(self.run), methods=["POST"]),
            Route("/job/{kind}", self.job),
            Route("/job/{kind}/stop", _posted(self.stop), methods=["POST"]),
            Route("/job/{kind}/start", _posted(self.start_job), methods=["POST"]),
            Route("/data", self.data_page),
            Route("/data/inspection", self.inspection),
            Route("/data/picture/{line:int}", self.picture),
            Route("/data/decide", _posted(self.decide), methods=["POST"]),
            Route("/take", self.take_page),
            Route("/take/export", _posted(self.export), methods=["POST"]),
            Route("/take/final", _posted(self.finalize), methods=["POST"]),
            Route("/take/exported", self.exported),
            Route("/take/{export}.zip", self.download),
        ]

    def watch(self, request: Request) -> Response:
        axis = _axis(request)
        return self._page(request, "watch.html", axis=axis, axes=watch.AXES)

    def live(self, request: Request) -> Response:
        job = None if self.read_only else self.jobs.latest("run")
        try:
            shown = watch.live(self.found, _axis(request), request.query_params.get("w"), job)
        except BadInput:
            if job is None or not job.is_running:
                raise
            return self._page(request, "job.html", **self._job("run"))  # it has not created its search yet
        line = "" if job is None else self.jobs.printed("run").rpartition("\n")[2]
        return self._page(request, "live.html", axis=_axis(request), axes=watch.AXES, job=job, last_line=line, **shown)

    def network(self, request: Request) -> Response:
        study, number = _trial(request)
        shown = question.network(self.found, _axis(request), study, number)
        if shown is None:
            problem = f"no finished network of the search is called {study}/{number}"
            return self._page(request, "error.html", code=404, title="There is no such network", problems=[problem])
        return self._page(
            request, "network.html", axis=watch.AXES[_axis(request)], trial=f"{study}/{number}", number=number,
            study_id=self.found.study_id(study), **shown,
        )  # fmt: skip

    def drawing(self, request: Request) -> Response:
        entry = self.found.view("parameters").entry_of.get(_trial(request))
        if entry is None:
            return PlainTextResponse("There is no such network.", 404)
        return self._page(request, "drawing.html", **question.drawing(entry))

    def mistakes(self, request: Request) -> Response:
        where = "/".join(map(str, _trial(request)))
        return HTMLResponse(self._mistakes.get(where, lambda: question.mistakes(self.found, where)), headers=FRAME)

    def try_page(self, request: Request) -> Response:
        axis = _axis(request)
        view, kept = self.found.view(axis), self.found.models()
        entries = [(f"{study}/{trial}", entry) for (study, trial), entry in view.entry_of.items()]
        models = [(name, entry) for name, entry in entries if name in kept]
        taken = view.advice.taken.name if view.advice else ""
        first = next((name for name, entry in models if entry.name == taken), models[0][0] if models else "")
        chosen = request.query_params.get("model", first)
        return self._page(
            request, "try.html", models=models, exports=usable_exports(self.found), chosen=chosen,
            other=request.query_params.get("beside", ""),
        )  # fmt: skip

    def answer(self, request: Request, body: bytes) -> Response:
        wanted = [request.query_params.get(key, "") for key in ("model", "beside")]
        answers = [self.trying.answer(body, where) for where in wanted if where]
        return self._page(request, "answer.html", answers=answers, no_threshold=NO_THRESHOLD)

    def start_page(self, request: Request) -> Response:
        settings = self.settings.model_copy(update={"minutes": self.settings.minutes or 10.0})
        return self._page(
            request, "start.html", data=settings.data, minutes=f"{settings.minutes:g}", plan=starting.plan(settings),
            limits=starting.limits(settings), advanced=advanced(settings, starting.LIMITS), check=self._job("check"),
            **self._job("run"),
        )  # fmt: skip

    def plan(self, _: Request, body: bytes) -> Response:
        return PlainTextResponse(starting.plan(starting.chosen(self.options, self.settings, _fields(body))[1]))

    def run(self, _: Request, body: bytes) -> Response:
        options, settings = starting.chosen(self.options, self.settings, _fields(body))
        self.jobs.start("run", starting.passed(options), settings.minutes)
        return RedirectResponse("/", 303)

    def job(self, request: Request) -> Response:
        kind = request.path_params["kind"]
        if kind not in starting.WITHOUT:
            return PlainTextResponse("There is no such command.", 404)
        return self._page(request, "job.html", **self._job(kind))

    def start_job(self, request: Request, _: bytes) -> Response:
        kind = request.path_params["kind"]
        if kind not in ("check", "inspect"):
            return PlainTextResponse("This command is not started without a form.", 404)
        output = ["--output", str(self.settings.run_dir)] if kind == "inspect" else []
        self.jobs.start(kind, [*starting.passed(self.options, starting.WITHOUT[kind]), *output])
        return RedirectResponse("/start" if kind == "check" else "/data", 303)

    def stop(self, request: Request, _: bytes) -> Response:
        kind = request.path_params["kind"]
        if kind in starting.WITHOUT:
            self.jobs.stop(kind)
        return RedirectResponse({"run": "/", "check": "/start", "inspect": "/data"}.get(kind, "/take"), 303)

    def data_page(self, request: Request) -> Response:
        text = request.query_params.get("page", "1")
        page = max(1, int(text) if text.isdecimal() and len(text) < 6 else 1)
        sections, of = self.labels.sections(page - 1)
        return self._page(
            request, "data.html", sections=sections, page=page, of=of, actions=ACTIONS,
            classes=self.labels.classes() if sections else [], inspected=self.labels.page.is_file(),
            corrections=self.labels.corrections, **self._job("inspect"),
        )  # fmt: skip

    def inspection(self, _: Request) -> Response:
        if not self.labels.page.is_file():
            return PlainTextResponse("The data were not inspected yet.", 404)
        return HTMLResponse(self.labels.page.read_bytes(), headers=FRAME)

    def picture(self, request: Request) -> Response:
        content = self.labels.picture(request.path_params["line"])
        return Response(content, media_type="image/jpeg")

    def decide(self, _: Request, body: bytes) -> Response:
        fields = _fields(body)
        line = fields.get("line", "")
        number = int(line) if line.isdecimal() and len(line) < 9 else -1
        self.labels.decide(number, fields.get("file", ""), fields.get("action", ""), fields.get("proposed", ""))
        return PlainTextResponse("saved")

    def take_page(self, request: Request) -> Response:
        models = self.found.models()
        return self._page(
            request, "take.html", models=list(models), formats=taking.formats(), exported=list(exports(self.found)),
            chosen=request.query_params.get("model", ""), export=self._job("export"), final=self._job("finalize"),
        )  # fmt: skip

    def export(self, _: Request, body: bytes) -> Response:
        own = taking.export_options(self.settings, self.found.models(), _fields(body))
        self.jobs.start("export", [*own, *starting.passed(self.options, starting.WITHOUT["export"])])
        return RedirectResponse("/take", 303)

    def finalize(self, _: Request, body: bytes) -> Response:
        own = taking.final_options(_fields(body))
        self.jobs.start("finalize", [*starting.passed(self.options, starting.WITHOUT["finalize"]), *own])
        return RedirectResponse("/take#final", 303)

    def exported(self, request: Request) -> Response:
        return self._page(request, "exported.html", exported=list(exports(self.found)))

    def download(self, request: Request) -> Response:
        name = request.path_params["export"]
        if (folder := exports(self.found).get(name)) is None:
            return PlainTextResponse("There is no such export.", 404)
        headers = {"content-disposition": f"attachment; filename*=UTF-8''{folder.name}.zip"}
        return Response(taking.zipped(folder), media_type="application/zip", headers=headers)

    def refused(self, request: Request, error: Exception) -> Response:
        """A message with all problems, for what the user can act on."""
        what, problems = (error.what, error.problems) if isinstance(error, BadInput) else ("sorry", [str(error)])
        if "text/html" not in request.headers.get("accept", ""):
            return PlainTextResponse(clean(f"{what}: {'; '.join(problems)}"), 400)
        return self._page(request, "error.html", code=400, title=what[:1].upper() + what[1:], problems=problems)

    def _job(self, kind: str) -> dict[str, Any]:
        job = self.jobs.latest(kind)
        status = None if job is None else self.jobs.status(job)
        return {"kind": kind, "job": job, "job_status": status, "printed": self.jobs.printed(kind)}

    def _page(self, request: Request, template: str, code: int = 200, **values: Any) -> Response:
        html = self._templates.get_template(template).render(here=request.url.path, **values)
        return HTMLResponse(html, code)


def _posted(answer: Callable[[Request, bytes], Response]) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint that reads the body, and then answers in a thread."""

    async def endpoint(request: Request) -> Response:
        answered: Response = await run_in_threadpool(answer, request, await request.body())
        return answered

    return endpoint


def _fields(body: bytes) -> Fields:
    """The fields of a form. Raises BadInput for anything else."""
    try:
        return dict(parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=MOST_FIELDS))
    except ValueError as error:
        raise BadInput("the form cannot be read", [str(error)]) from error


def _axis(request: Request) -> str:
    axis: str = request.query_params.get("x", "parameters")
    return axis if axis in watch.AXES else "parameters"


def _trial(request: Request) -> tuple[str, int]:
    return request.path_params["study"], request.path_params["number"]
