"""All export formats. To add one, write its module here in this folder and add its entry to `FORMATS`.

The module has the format's name, with "_" for "-", and defines `FORMAT`. It is imported only when the format is used:
PyTorch takes seconds to import. This module imports no library of a format, so that a command can list and refuse
formats at once.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from search.errors import BadInput
from search.models.description import DESCRIPTION_FILE, WEIGHTS_FILE
from search.models.formats.contract import Format
from search.models.formats.int8 import Quantizer
from search.system import chromium
from search.system.text import plain_table

PROJECT = "elimnet-search"
ALL_NETWORKS = "safetensors"
"""The format that can hold every network."""


@dataclass(frozen=True)
class Int8:
    """The model of 8-bit integers that a format can hold beside the one of floats.

    file     its file in the folder of an export
    taken    its input; None: the same as that of the model in floats
    given    its output, if this is not probabilities
    writers  modules that quantise, if they come with the extra
    """

    file: str
    taken: str | None = None
    given: str | None = None
    writers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Entry:
    """What is known of a format without its libraries.

    file        its file in the folder of an export; each format has a suffix of its own
    taken       the input of the exported model; S is the side of its images
    proven_in   the runtime that checks each export before it is written
    extra       the extra of this project that installs its libraries; None: they come with the project
    writers     modules that write it, if they come with the extra
    runners     modules that run it, if they come with the extra
    tolerance   the largest difference from a probability of the trained network, with which an export is still written
    alone       packages to install without what they ask for: they work with newer versions than those that they allow
    dimensions  most dimensions of a tensor inside a network, the batch included; None: no limit is known
    int8        its model of 8-bit integers; None: the format cannot be quantised
    lacks       operators of PyTorch that were seen to fail
    resizes     whether the model can take pictures of any size, and resize them itself
    programs    programs that it needs, each by its possible names; the first is also the name of its package
    vendors     whether `--vendor` can put its runtime beside it
    half        the tolerance of its model of 16-bit floats; None: `--half` cannot make one
    folder      whether what is called its file is a folder
    note        a sentence that everybody who uses it must know
    """

    file: str
    taken: str
    proven_in: str
    extra: str | None = None
    writers: tuple[str, ...] = ()
    runners: tuple[str, ...] = ()
    tolerance: float = 1e-4
    alone: tuple[str, ...] = ()
    int8: Int8 | None = None
    dimensions: int | None = None
    lacks: tuple[str, ...] = ()
    resizes: bool = False
    programs: tuple[tuple[str, ...], ...] = ()
    vendors: bool = False
    half: float | None = None
    folder: bool = False
    note: str = ""

    @property
    def install(self) -> str:
        """The command that installs its libraries or programs."""
        if self.programs:
            return f"apt-get install {' '.join(names[0] for names in self.programs)}"
        extra = f"pip install '{PROJECT}[{self.extra}]'"
        return f"{extra} && {self.install_alone}" if self.alone else extra

    @property
    def install_alone(self) -> str:
        """The command that installs `alone`."""
        return f"pip install --no-deps {' '.join(self.alone)}"


FORMATS = {
    "onnx": Entry(
        "model.onnx", "(N, 3, S, S) uint8, 0 to 255", "ONNX Runtime", int8=Int8("model.int8.onnx"), resizes=True
    ),
    "openvino": Entry(
        "model.xml",
        "(N, 3, S, S) uint8, 0 to 255",
        "OpenVINO",
        "openvino",
        runners=("openvino",),
        int8=Int8("model.int8.xml", writers=("nncf",)),
    ),
    "litert": Entry(
        "model.tflite",
        "(1, S, S, 3) uint8, 0 to 255",
        "LiteRT",
        "litert",
        writers=("litert_torch", "jax", "torchao"),
        runners=("ai_edge_litert",),
        alone=("litert-torch==0.10.0", "litert-converter==0.5.0", "ai-edge-quantizer==0.10.0"),
        int8=Int8(
            "model.int8.tflite",
            "(1, S, S, 3) int8, a pixel from 0 to 255 minus 128",
            "int8, 256 times a probability minus 128",
            ("ai_edge_quantizer",),
        ),
        lacks=("_upsample_bicubic2d_aa",),
    ),
    "ncnn": Entry(
        "model.ncnn.param",
        "(3, S, S) float32, 0 to 255",
        "ncnn",
        "ncnn",
        writers=("pnnx",),
        runners=("ncnn",),
        dimensions=4,
        lacks=("slice with a step",),
    ),
    "coreml": Entry(
        "model.mlpackage",
        "an image of S x S pixels",
        "Core ML" if sys.platform == "darwin" else "an interpreter of its program",
        "coreml",
        writers=("coremltools",),
        runners=("coremltools",),
        dimensions=5,
        lacks=("_upsample_bicubic2d_aa",),
        half=0.02,
        folder=True,
        note=(
            "Core ML itself runs on Apple's systems only; elsewhere, as here, the proof interprets the operations of "
            "the saved program"
        ),
    ),
    "executorch": Entry(
        "model.pte",
        "(1, 3, S, S) float32, 0 to 255",
        "ExecuTorch",
        "executorch",
        writers=("executorch", "torchao"),
        runners=("executorch",),
        alone=("executorch==1.3.1",),
        lacks=("_upsample_bicubic2d_aa",),
    ),
    "web": Entry(
        "index.html",
        "(N, 3, S, S) uint8, 0 to 255",
        "ONNX Runtime Web",
        programs=(("npm",), chromium.NAMES),
        vendors=True,
        note=(
            "index.html is a page that classifies pictures in the browser, proven in Chromium; run "
            "python -m http.server in its folder, and open http://localhost:8000"
        ),
    ),
    "torchscript": Entry("model.pt", "(N, 3, S, S) uint8, 0 to 255", "PyTorch"),
    "torch-export": Entry("model.pt2", "(N, 3, S, S) uint8, 0 to 255", "PyTorch"),
    "safetensors": Entry(WEIGHTS_FILE, "(N, 3, S, S) float32, 0 to 1", "PyTorch"),
}

FORMAT_OF_SUFFIX = {Path(entry.file).suffix: name for name, entry in FORMATS.items()}


def load_format(name: str) -> Format:
    """Import the format called `name`, a key of `FORMATS`. Raises BadInput if what runs it is not installed."""
    if problems := running_problems(name):
        raise BadInput(f"the format {name} cannot be used", problems)
    chosen: Format = import_module(f"{__package__}.{name.replace('-', '_')}").FORMAT
    return chosen


def load_quantizer(name: str) -> Quantizer:
    """Import what quantises the format called `name`, a key of `FORMATS` with `int8`."""
    chosen: Quantizer = import_module(f"{__package__}.{name.replace('-', '_')}_int8").quantizer
    return chosen


def running_problems(name: str) -> list[str]:
    """Why a model of this format cannot be run here, and what to do."""
    return not_installed(name, FORMATS[name].runners, FORMATS[name].programs)


def writing_problems(name: str, *, int8: bool = False) -> list[str]:
    """Why nothing can be exported to this format on this machine; without importing anything.

    int8  whether it shall be quantised, too
    """
    entry = FORMATS[name]
    needed = [*entry.writers, *entry.runners]
    if not int8:
        return not_installed(name, needed, entry.programs)
    if entry.int8 is None:
        can = ", ".join(other for other, each in FORMATS.items() if each.int8)
        return [
            *not_installed(name, needed, entry.programs),
            f"--quantize int8: {name} cannot be quantised; these formats can: {can}",
        ]
    return not_installed(name, [*needed, *entry.int8.writers])


def not_installed(name: str, modules: Sequence[str], programs: Sequence[Sequence[str]] = ()) -> list[str]:
    """One problem with the line that installs the modules and programs that a format lacks; none if it lacks none."""
    missing = [module for module in dict.fromkeys(modules) if find_spec(module) is None]
    missing += [names[0] for names in programs if not any(map(shutil.which, names))]
    if not missing:
        return []
    are = "is" if len(missing) == 1 else "are"
    return [f"--format {name} needs {' and '.join(missing)}, which {are} not installed: {FORMATS[name].install}"]


def is_model(path: Path) -> bool:
    """Whether this is a file, or a folder that is a model in one of the formats."""
    name = FORMAT_OF_SUFFIX.get(path.suffix)
    return path.is_file() or (path.is_dir() and name is not None and FORMATS[name].folder)


def exported_file(path: Path, *formats: str) -> Path:
    """The model's file if `path` is the folder of an export in one of the `formats`; otherwise `path` itself."""
    if (path / DESCRIPTION_FILE).exists():
        return path
    files = [path / FORMATS[name].file for name in formats]
    return next((file for file in files if file.exists()), path)


def in_lines() -> Iterator[str]:
    """A table of all formats, for a terminal."""
    headings = ("format", "installed", "int8", "file", "input", "proven in", "extra")
    body = [
        (
            name,
            "no" if writing_problems(name) else "yes",
            "no" if entry.int8 is None else "not installed" if writing_problems(name, int8=True) else "yes",
            entry.file,
            entry.taken,
            entry.proven_in,
            entry.extra or "",
        )
        for name, entry in FORMATS.items()
    ]
    yield from plain_table(headings, body)
    yield ""
    yield "S is the side of the network's images. The runtime that proves a format runs each export before it appears."
    yield "int8 is --quantize int8: a model of 8-bit integers beside the one of floats."
    if any(entry.extra for entry in FORMATS.values()):
        yield f"An extra is installed with pip install '{PROJECT}[EXTRA]'."
    for name, entry in FORMATS.items():
        if entry.alone:
            yield f"{name} also needs {entry.install_alone}"
        if entry.programs and writing_problems(name):
            yield f"{name} needs {entry.install}"
        if entry.note:
            yield f"{name}: {entry.note}."
