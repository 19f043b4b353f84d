"""One settings object: command line over environment over secret files over YAML over defaults.

Every command builds it with `load`, prints what it resolved to, and the studies store it. Unknown keys, wrong types and
ranges are refused, all in one message.
"""

from __future__ import annotations

import argparse
import math
import os
import re
from contextvars import ContextVar
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import quote

import yaml
from pydantic import AfterValidator, AliasChoices, BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
    YamlConfigSettingsSource,
)

from blocks.specification import Frozen
from search.errors import BadInput
from search.spaces.settings import Count, EliminationSpace, ListedSpace, Milliseconds, Name, ScratchSpace, StudySpace


def _expanded(path: Path) -> Path:
    """A shell expands ~ neither in a file nor behind `--set key=`. Raises ValueError for a home that is not known."""
    try:
        return path.expanduser()
    except RuntimeError as error:
        raise ValueError(f"{path} is in a home that is not known; write the whole path") from error


def _auto_or_range(value: Any) -> Any:
    """Pydantic's own words would be about each half of the type."""
    numbers = isinstance(value, list | tuple) and all(isinstance(end, int | float) for end in value)
    if value == "auto" or (numbers and len(value) == 2 and -math.inf < value[0] < value[1] < math.inf):
        return value
    raise ValueError("expected auto, or two numbers with the lower one first, as in [0, 4095]")


ExpandedPath = Annotated[Path, AfterValidator(_expanded)]


class DataSettings(Frozen):
    """Where the pictures are and how they are split. `path` may come from DATA_DIR."""

    source: Literal["digits", "folder", "csv", "coco", "fashion_mnist", "cifar10"] = "digits"
    path: ExpandedPath | None = Field(
        None, description="image folder, CSV file, folder of a COCO data set, or download folder"
    )
    annotations: str = Field("annotations.json", description="coco: annotation file, relative to path")
    class_of_category: dict[str, str] = Field(
        default_factory=dict, description="coco: class of each category; others are left out. Empty: category names"
    )
    validation_share: Annotated[float, Field(gt=0, lt=0.5)] = Field(
        0.2, description="where no validation split is given"
    )
    test_share: Annotated[float, Field(gt=0, lt=0.5)] = Field(0.2, description="where no test split is given")
    split_seed: int = 0
    fit: Literal["stretch", "crop"] = Field("stretch", description="how a picture becomes square")
    unreadable: Literal["refuse", "skip"] = Field("refuse", description="what to do about files that are not pictures")
    max_pixels: Count = Field(100_000_000, description="larger pictures are refused before they are decoded")
    pixel_range: Annotated[Literal["auto"] | tuple[float, float], BeforeValidator(_auto_or_range)] = Field(
        "auto", description="values that are black and white in images of more than 8 bits a channel, as [0, 4095]"
    )


class Stopping(Frozen):
    """When trials are stopped before their end: see `search.stopping`."""

    enabled: bool = True
    first_rung: Annotated[float, Field(gt=0, lt=1)] = Field(0.5, description="share of a trial's epochs")
    factor: Annotated[float, Field(gt=1, allow_inf_nan=False)] = Field(2.0, description="from one rung to the next")
    quantile: Annotated[float, Field(ge=0.5, le=1)] = Field(
        0.98, description="of what finished trials gained after a rung: a trial that needs more is stopped"
    )
    least_finished: Count = Field(5, description="trials that have shown it, before any is stopped")
    across_studies: bool = Field(False, description="whether trials of all studies of the search are rivals")


PROPOSALS = 32

_LOGIN = re.compile(r"(?<=://)(?:([^:/?@]*)[^/?]*@)?")  # USER:PASSWORD@ of an address, or the place where it would be

_DEFAULT_STUDIES = {"elimination": {"space": "elimination"}, "scratch": {"space": "scratch"}}


class Settings(BaseSettings):
    """Everything a search needs to know. Environment: ELIMNET_<FIELD>, nested by `__`, and the names given below."""

    model_config = SettingsConfigDict(
        env_prefix="ELIMNET_",
        env_nested_delimiter="__",
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        populate_by_name=True,
    )

    name: Name = "search"
    data: DataSettings = DataSettings()
    studies: Annotated[dict[Name, StudySpace], Field(min_length=1)] = {
        "elimination": EliminationSpace(),
        "scratch": ScratchSpace(),
    }
    trials: Count | None = Field(None, description="budget of each study, over all workers; 20 where nothing is set")
    minutes: Annotated[float, Field(gt=0)] | None = Field(
        None, description="budget of each study in minutes of training"
    )
    max_latency_ms: Milliseconds | None = Field(None, description="limit of each study that samples")
    stopping: Stopping = Stopping()
    proposals: Count = Field(
        PROPOSALS,
        description="candidates that each new trial chooses from, see `search.choosing`; 1: the sampler's own",
    )
    seed: Annotated[int, Field(ge=0)] = 0
    device: Annotated[str, Field(pattern=r"^(auto|cpu|cuda(:\d+)?)$")] = "auto"
    hang_seconds: Annotated[float, Field(ge=10)] = Field(
        600.0, description="a worker that makes no step for so long is ended, once it has started"
    )
    output_dir: ExpandedPath = Path("runs")
    data_dir: ExpandedPath | None = Field(
        None, validation_alias=AliasChoices("data_dir", "DATA_DIR"), description="DATA_DIR: path of the data"
    )
    database_url: SecretStr | None = Field(
        None, validation_alias=AliasChoices("database_url", "DATABASE_URL"), description="default: SQLite in output_dir"
    )
    database_password_file: ExpandedPath | None = Field(
        None, validation_alias=AliasChoices("database_password_file", "DATABASE_PASSWORD_FILE")
    )
    artefact_store: str | None = Field(
        None,
        validation_alias=AliasChoices("artefact_store", "ARTEFACT_STORE"),
        description="folder or s3://bucket/prefix for checkpoints and models; default: in output_dir",
    )
    cache_dir: ExpandedPath = Field(
        default_factory=lambda: Path.home() / ".cache" / "elimnet-search",
        validation_alias=AliasChoices("cache_dir", "CACHE_DIR"),
        description="decoded pictures",
    )
    feature_cache_gb: Annotated[float, Field(ge=0, allow_inf_nan=False)] = Field(
        2.0, description="of cache_dir, for features of frozen stages; 0: none are kept"
    )
    heads_at_once: Count = Field(
        16, description="networks that are trained at once where only a head is trained, on features that are kept"
    )
    weights_dir: ExpandedPath | None = Field(
        None,
        validation_alias=AliasChoices("weights_dir", "WEIGHTS_DIR"),
        description="folder of <backbone>.safetensors or .pth",
    )

    @model_validator(mode="before")
    @classmethod
    def _what_the_data_decide(cls, values: dict[str, Any]) -> dict[str, Any]:
        """DATA_DIR alone is enough to search a folder of images: it sets the path and, by default, the source.

        Digits are not mirrored, unless a recipe says so: a mirrored digit is no digit.
        """
        data = dict(values.get("data") or {})
        if path := values.get("data_dir") or values.get("DATA_DIR"):
            data["path"] = path
            if data.setdefault("source", "folder") == "digits":
                raise ValueError(
                    f"DATA_DIR or --data-dir names {path}, but data.source is digits, which lie in no folder; "
                    "leave the folder out, or take another --config"
                )
        if data.get("source", "digits") != "digits":
            return {**values, "data": data}
        studies = values.get("studies", _DEFAULT_STUDIES)
        if isinstance(studies, dict):
            studies = {name: _not_mirrored(study) for name, study in studies.items()}
        return {**values, "data": data, "studies": studies}

    @model_validator(mode="before")
    @classmethod
    def _one_limit_for_all_who_sample(cls, values: dict[str, Any]) -> dict[str, Any]:
        """A study is compared, and stored, with its own limit."""
        studies = values.get("studies", _DEFAULT_STUDIES)
        if not (limit := values.get("max_latency_ms")) or not isinstance(studies, dict):
            return values
        limited = {
            name: {"max_latency_ms": limit, **study}
            if isinstance(study, dict) and study.get("space") != "listed"
            else study
            for name, study in studies.items()
        }
        return {**values, "studies": limited}

    @model_validator(mode="after")
    def _only_finalize_reads_the_test_split(self) -> Self:
        listed = {name: space for name, space in self.studies.items() if isinstance(space, ListedSpace)}
        testing = [name for name, space in listed.items() if space.reads_test]
        if testing:
            raise ValueError(f"studies {', '.join(testing)}: scored_on test is for `python -m search.finalize` alone")
        return self

    @property
    def run_dir(self) -> Path:
        """Where this search writes what is not in the database."""
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
            password = quote(file.read_text().strip(), safe="")
        except OSError as error:
            problem = f"DATABASE_PASSWORD_FILE: {file}: {error.strerror}; name a readable file"
            raise BadInput("settings", [problem]) from error
        return _LOGIN.sub(lambda login: f"{login[1] or ''}:{password}@", url, count=1)

    @property
    def artefacts(self) -> str:
        """Folder or URL of the artefact store."""
        return self.artefact_store or str(self.run_dir / "artefacts")

    def budget(self, study: str) -> tuple[int | None, float | None]:
        """(trials, minutes) of a study; its own before the common one."""
        space = self.studies[study]
        if isinstance(space, ListedSpace):
            return len(space.rows) * space.seeds, None
        if space.trials or space.minutes:
            return space.trials, space.minutes
        if self.trials or self.minutes:
            return self.trials, self.minutes
        return 20, None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """First wins: command line, environment, secret files, YAML."""
        secrets = SecretsSettingsSource(
            settings_cls, secrets_dir=_existing(os.environ.get("SECRETS_DIR", "/run/secrets"))
        )
        return init_settings, env_settings, secrets, YamlConfigSettingsSource(settings_cls, _config_file.get())


_config_file: ContextVar[Path | None] = ContextVar("config_file", default=None)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options that every command with settings has."""
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings as YAML, see configs/")
    parser.add_argument("--name", help="name of the search; its studies are called NAME/STUDY")
    parser.add_argument("--data-dir", metavar="PATH", help="the images: sets data.path (environment: DATA_DIR)")
    parser.add_argument(
        "--database-url", metavar="URL", help="default: SQLite under runs/NAME (environment: DATABASE_URL)"
    )
    parser.add_argument("--trials", type=int, metavar="N", help="budget: trials of each study, over all workers")
    parser.add_argument("--minutes", type=float, metavar="M", help="budget: minutes of training of each study")
    parser.add_argument(
        "--max-latency-ms",
        type=float,
        metavar="MS",
        help="train no network that is slower on this machine's CPU, but for uncut ones: they are references",
    )
    parser.add_argument("--seed", type=int)
    parser.add_argument("--device", help="auto, cpu, cuda or cuda:N")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="any other setting, dotted, its value in YAML: --set data.fit=crop",
    )


def load(arguments: argparse.Namespace) -> Settings:
    """Settings from parsed arguments, environment, secret files and YAML file. Raises BadInput with all problems."""
    problems: list[str] = []
    given = {
        key: value
        for key in ("name", "data_dir", "database_url", "trials", "minutes", "max_latency_ms", "seed", "device")
        if (value := getattr(arguments, key, None)) is not None
    }
    for item in arguments.set:
        _assign(given, item, problems)
    problems += _unknown_environment()
    config: Path | None = arguments.config
    if config is not None:
        problems += _config_problems(config)
    if problems:
        raise BadInput("settings", problems)
    token = _config_file.set(config)
    try:
        return Settings(**given)
    except ValidationError as error:
        raise BadInput(f"settings{f' ({config})' if config else ''}", _explained(error)) from error
    finally:
        _config_file.reset(token)


def resolved(settings: Settings) -> dict[str, Any]:
    """The settings as JSON-able values, secrets masked: what is printed and stored with the study."""
    return settings.model_dump(mode="json", exclude={"database_url", "database_password_file"}, exclude_none=True)


def _not_mirrored(study: Any) -> Any:
    """A study's settings with `flip: false` where nothing else is said; what is no plain mapping is left as it is.

    So are listed studies, each row of which has a recipe of its own.
    """
    if not isinstance(study, dict) or study.get("space") == "listed":
        return study
    if not isinstance(recipe := study.get("recipe") or {}, dict):
        return study
    return {**study, "recipe": {"flip": False, **recipe}}


def _assign(given: dict[str, Any], item: str, problems: list[str]) -> None:
    key, equals, value = item.partition("=")
    if not equals:
        problems.append(f"--set {item}: expected KEY=VALUE")
        return
    *parents, last = key.split(".")
    target = given
    for parent in parents:
        target = target.setdefault(parent, {})
    try:
        target[last] = yaml.safe_load(value)
    except yaml.YAMLError as error:
        problems.append(f"--set {item}: the value is not YAML: {error}")


def _config_problems(config: Path) -> list[str]:
    try:
        content = yaml.safe_load(config.read_text())
    except OSError as error:
        return [f"--config {config}: {error.strerror}; configs/ holds examples"]
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        return [f"--config {config}: not YAML: {error}"]
    return [] if isinstance(content, dict | None) else [f"--config {config}: expected keys and values at the top"]


def _unknown_environment() -> list[str]:
    """pydantic-settings passes over misspelt variables; a person would rather know."""
    known = {f"ELIMNET_{field.upper()}" for field in Settings.model_fields}
    return [
        f"environment variable {name}: no such setting"
        for name in os.environ
        if name.startswith("ELIMNET_") and name.split("__")[0].upper() not in known
    ]


def _explained(error: ValidationError) -> list[str]:
    explained = []
    for problem in error.errors(include_url=False):
        loc = problem["loc"]
        if loc[:1] == ("studies",):  # behind a study's name stands the kind of its space, which nobody wrote there
            loc = (*loc[:2], *loc[3:])
        where = ".".join(str(part) for part in loc if part != "[key]")
        got = "" if problem["type"] in ("missing", "extra_forbidden") else f", got {problem['input']!r}"
        what = "no such setting" if problem["type"] == "extra_forbidden" else problem["msg"]
        explained.append(f"{where}: {what}{got}" if where else what)
    return explained


def _existing(folder: str) -> str | None:
    return folder if Path(folder).is_dir() else None
