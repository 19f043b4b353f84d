"""All settings of a search as one object.

Options override environment variables, which override secret files, the YAML file and the defaults, in this order.
Every command builds the object with `load`, and the studies store it. One message names all settings that cannot be
used. See `search.settings.given` for the sources of settings, and `search.settings.explained` for the messages.
"""

from __future__ import annotations

import argparse
import re
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Self
from urllib.parse import quote

from pydantic import (
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from blocks.specification import Frozen
from search.errors import BadInput
from search.settings.data import DataSettings
from search.settings.explained import booleans, explained, located
from search.settings.given import from_environment, from_file, from_options, from_secrets, merged
from search.settings.options import add_arguments
from search.settings.paths import ExpandedPath
from search.settings.pruning import Stopping
from search.settings.spaces import (
    Count,
    EliminationSpace,
    ListedSpace,
    Milliseconds,
    Minutes,
    Name,
    ScratchSpace,
    Seed,
    Space,
    StudySpace,
    name_of,
)

__all__ = ["Settings", "add_arguments", "changed", "in_full", "load", "resolved"]


PROPOSALS = 32
DEFAULT_TRIALS = 20

_SOURCES = {".csv": "csv", ".tsv": "csv", ".json": "coco"}  # of a data_dir that is such a file

_LOGIN = re.compile(r"(?<=://)(?:([^:/?@]*)[^/?]*@)?")  # USER:PASSWORD@ of an address, or the place where it would be
_SECRETS = {"database_url", "database_password_file"}
_DEFAULT_STUDIES = {"elimination": {"space": "elimination"}, "scratch": {"space": "scratch"}}


def _name_of_data(known: dict[str, Any]) -> str:
    """The name of a search whose name is not set."""
    path: Path | None = known["data"].path
    return "search" if path is None else name_of(path, "search")


class Settings(Frozen):
    """Everything a search needs to know."""

    data_dir: ExpandedPath | None = Field(None, description="path of the data; overrides data.path")
    data: DataSettings = Field(
        DataSettings(), validate_default=True, description="where the images are, and how they are split"
    )
    name: Name = Field(
        default_factory=_name_of_data, description="name of the search; default: the name of the data folder"
    )
    max_latency_ms: Milliseconds | None = Field(
        None,
        description="largest single-image latency in ms on this machine's CPU, for each study that has no limit of its "
        "own; slower networks are not trained",
    )
    studies: Annotated[dict[Name, StudySpace], Field(min_length=1)] = Field(
        {"elimination": EliminationSpace(), "scratch": ScratchSpace()},
        validate_default=True,
        description="the studies by name; default: elimination (cuts of backbones) and scratch (networks from scratch)",
    )
    trials: Count | None = Field(
        None,
        description="budget of each study in trials, shared by all workers; 20 if no budget is set",
    )
    minutes: Minutes | None = Field(
        None, description="budget of each study in minutes of training, shared by all workers"
    )
    stopping: Stopping = Field(Stopping(), description="when trials are pruned")
    proposals: Annotated[int, Field(ge=1, le=10_000)] = Field(
        PROPOSALS,
        description="candidate pool size: each new trial trains the candidate of the pool with the highest expected "
        "gain per second of training; 1: the sampler's own choice",
    )
    seed: Seed = Field(0, description="seed of each candidate's first training")
    device: Annotated[
        str, Field(pattern=r"^(auto|cpu|mps|cuda(:\d+)?)$", description="auto, cpu, mps, cuda or cuda:N")
    ] = "auto"
    hang_seconds: Annotated[float, Field(ge=10, le=10_000_000)] = Field(
        600.0, description="seconds without progress after which a stalled worker is killed"
    )
    output_dir: ExpandedPath = Field(
        Path("runs"), description="folder of all searches; each search writes to the folder of its name in it"
    )
    database_url: Annotated[SecretStr, Field(min_length=1)] | None = Field(
        None, description="address of the database; default: a SQLite file in output_dir"
    )
    database_password_file: ExpandedPath | None = Field(
        None, description="file with the password of the PostgreSQL database"
    )
    artefact_store: Annotated[str, Field(min_length=1)] | None = Field(
        None,
        description="artifact store for checkpoints and models: a folder or s3://bucket/prefix; "
        "default: a folder in output_dir",
    )
    cache_dir: ExpandedPath = Field(
        default_factory=lambda: Path.home() / ".cache" / "elimnet-search", description="folder for decoded images"
    )
    weights_dir: ExpandedPath | None = Field(
        None, description="folder with pretrained weights as BACKBONE.safetensors or BACKBONE.pth"
    )

    @model_validator(mode="before")
    @classmethod
    def _what_is_given_in_part(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Studies that all name their `space` replace the default studies; other studies change the default studies.

        A file may have a heading `data:` with nothing below it.
        """
        values = {key: value for key, value in values.items() if (key, value) != ("data", None)}
        studies = values.get("studies")
        groups = [study for study in studies.values() if isinstance(study, dict)] if isinstance(studies, dict) else []
        if any("space" not in study for study in groups):
            return {**values, "studies": merged(_DEFAULT_STUDIES, studies or {})}
        return values

    @field_validator("data")
    @classmethod
    def _a_folder_is_all_that_must_be_said(cls, data: DataSettings, info: ValidationInfo) -> DataSettings:
        """`data_dir` sets the path and, if it is not set, the source: DATA_DIR alone suffices for an image folder."""
        path = info.data.get("data_dir")
        if path is None:
            return data
        source = data.source if "source" in data.model_fields_set else _SOURCES.get(path.suffix.lower(), "folder")
        if source == "digits":
            raise ValueError(
                f"DATA_DIR or --data-dir names {path}, but data.source is digits, which lie in no folder; "
                "leave the folder out, or take another --config"
            )
        return data.model_copy(update={"path": path, "source": source})

    @field_validator("studies")
    @classmethod
    def _what_studies_have_of_the_others(cls, studies: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        """Give each study the latency limit, with which it is stored and compared, and switch off flips for digits.

        A recipe can switch flips on again. A flipped digit is no digit.
        """
        digits = (data := info.data.get("data")) is not None and data.source == "digits"
        limit = info.data.get("max_latency_ms")
        return {name: _completed(space, digits, limit) for name, space in studies.items()}

    @model_validator(mode="after")
    def _only_finalize_reads_the_test_split(self) -> Self:
        testing = [name for name, space in self.studies.items() if isinstance(space, ListedSpace) and space.reads_test]
        if testing:
            raise ValueError(f"studies {', '.join(testing)}: scored_on test is for `python -m search.finalize` alone")
        return self

    @model_validator(mode="after")
    def _unknown_weights_need_unknown_images(self) -> Self:
        weighing = [
            name for name, space in self.studies.items() if isinstance(space, Space) and space.recipe.unknown_weight
        ]
        if weighing and self.data.unknown is None:
            raise ValueError(
                f"studies {', '.join(weighing)}: recipe.unknown_weight needs images of no class: name their folder "
                "with data.unknown, or set the weight to 0"
            )
        return self

    @property
    def run_dir(self) -> Path:
        """The folder to which this search writes everything that is not in the database."""
        return self.output_dir / self.name

    @property
    def database(self) -> str:
        """The database's URL with its password, if it has one: never print it."""
        if self.database_url is None:
            return f"sqlite:///{self.run_dir / 'search.db'}"
        url, file = self.database_url.get_secret_value(), self.database_password_file
        if file is None or not url.startswith("postgres"):  # SQLite has no passwords
            return url
        try:
            password = quote(file.read_text(encoding="utf-8").strip(), safe="")
        except OSError as error:
            problem = f"DATABASE_PASSWORD_FILE: {file}: {error.strerror}; name a readable file"
            raise BadInput("settings", [problem]) from error
        return _LOGIN.sub(lambda login: f"{login[1] or ''}:{password}@", url, count=1)

    @property
    def artefacts(self) -> str:
        """Folder or URL of the artefact store."""
        return self.artefact_store or str(self.run_dir / "artefacts")

    def budget(self, study: str) -> tuple[int | None, float | None]:
        """(trials, minutes) of a study: its own budget, or else the search's."""
        space = self.studies[study]
        if isinstance(space, ListedSpace):
            return len(space.rows) * space.seeds, None
        return chosen_budget((space.trials, space.minutes), (self.trials, self.minutes))


def chosen_budget(
    of_study: tuple[int | None, float | None], of_search: tuple[int | None, float | None]
) -> tuple[int | None, float | None]:
    """The (trials, minutes) of a study that is searched: its own, the search's, or the default."""
    return next((budget for budget in (of_study, of_search) if any(budget)), (DEFAULT_TRIALS, None))


def load(arguments: argparse.Namespace | None = None) -> Settings:
    """Settings from parsed arguments, environment, secret files and YAML file. Raises BadInput with all problems."""
    arguments = arguments or argparse.Namespace()
    in_file, path = from_file(arguments)
    fields = Settings.model_fields
    layers = [from_options(arguments), from_environment(fields), from_secrets(fields), in_file]
    problems = [problem for layer in layers for problem in layer.problems]
    values: dict[str, Any] = {}
    for layer in layers:
        values = merged(layer.values, values)
    if in_file.problems:  # they may be the cause of further problems
        raise BadInput("settings", problems)
    refused = booleans(values, _schema)
    settings: Settings | None = None
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        told = {problem.where for problem in refused}
        refused += [problem for problem in explained(error, _schema()) if problem.where not in told]
    problems += [located(problem, layers) for problem in refused]
    if problems or settings is None:
        raise BadInput(f"settings{f' ({path})' if path else ''}", problems)
    return settings


@lru_cache(maxsize=1)
def _schema() -> dict[str, Any]:
    return Settings.model_json_schema()


def resolved(settings: Settings) -> dict[str, Any]:
    """The settings as values for JSON, without secrets, as a study stores them."""
    return settings.model_dump(mode="json", exclude=_SECRETS, exclude_none=True)


def in_full(settings: Settings) -> dict[str, Any]:
    """All settings except secrets, also those that are not set: a settings file that resolves to the same settings."""
    return {"name": settings.name, **settings.model_dump(mode="json", exclude=_SECRETS)}


def changed(settings: Settings) -> dict[str, Any]:
    """The name and all settings that differ from the defaults: a settings file that resolves to the same settings."""
    values = settings.model_dump(mode="json", exclude=_SECRETS, exclude_defaults=True)
    if settings.cache_dir == Settings().cache_dir:
        values.pop("cache_dir", None)
    for name, study in values.get("studies", {}).items():
        values["studies"][name] = {"space": settings.studies[name].space, **study}
    return {"name": settings.name, **values}


def _completed(space: Any, digits: bool, limit: float | None) -> Any:
    """The study with the values that other settings decide. A fixed-list study is complete and stays as it is."""
    if not isinstance(space, Space):
        return space
    changes: dict[str, Any] = {}
    if digits and "flip" not in space.recipe.model_fields_set:
        changes["recipe"] = space.recipe.model_copy(update={"flip": False})
    if limit is not None and "max_latency_ms" not in space.model_fields_set:
        changes["max_latency_ms"] = limit
    return space.model_copy(update=changes)
