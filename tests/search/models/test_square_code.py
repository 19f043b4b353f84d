"""The resizing in other languages, run where there is a compiler, against Pillow's."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from search.data.decode import Fit
from search.models.classifier import Images
from search.models.description import InputDescription
from search.models.preprocessing import FITTING, RESIZING
from search.models.square_code import LANGUAGES, code_of, in_markdown

SIZE = 16
JAVASCRIPT = """
const [height, width, crop, file] = process.argv.slice(2);
const bytes = new Uint8Array(require("fs").readFileSync(file));
process.stdout.write(Buffer.from(square(bytes, +height, +width, %d, crop === "1")));
"""
CPP = """
#include <cstdio>
#include <cstdlib>
int main(int, char** given) {
  const int height = std::atoi(given[1]), width = std::atoi(given[2]);
  std::vector<uint8_t> bytes(size_t(height) * width * 3);
  std::FILE* file = std::fopen(given[4], "rb");
  if (std::fread(bytes.data(), 1, bytes.size(), file) != bytes.size()) return 1;
  const auto found = square(bytes.data(), height, width, %d, *given[3] == '1');
  return std::fwrite(found.data(), 1, found.size(), stdout) != found.size();
}
"""


@pytest.fixture(scope="module", params=["JavaScript", "C++"])
def program(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The command that runs the code of a language."""
    folder = tmp_path_factory.mktemp("code")
    compiler = {"JavaScript": "node", "C++": "g++"}[request.param]
    if shutil.which(compiler) is None:
        pytest.skip(f"there is no {compiler}")
    source = folder / f"main.{LANGUAGES[request.param]}"
    source.write_text(code_of(request.param) + {"JavaScript": JAVASCRIPT, "C++": CPP}[request.param] % SIZE)
    if request.param == "JavaScript":
        return [compiler, str(source)]
    command = [compiler, "-std=c++17", "-O1", "-Wall", "-Wextra", "-Werror", str(source), "-o", str(folder / "main")]
    subprocess.run(command, check=True)
    return [str(folder / "main")]


@pytest.mark.parametrize("fit", ["stretch", "crop"])
@pytest.mark.parametrize("shape", [(60, 91), (45, 33), (9, 11), (SIZE, SIZE), (1, 1)])
def test_it_is_pillow_s_to_one_level(program: list[str], shape: tuple[int, int], fit: Fit, tmp_path: Path) -> None:
    picture: Images = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    (tmp_path / "picture").write_bytes(picture.tobytes())
    given = [*map(str, shape), str(int(fit == "crop")), str(tmp_path / "picture")]
    done = subprocess.run([*program, *given], capture_output=True, check=True)
    found = np.frombuffer(done.stdout, np.uint8).reshape(SIZE, SIZE, 3).astype(int)
    image = Image.fromarray(picture)
    right = np.asarray(RESIZING[""](image, SIZE, FITTING[fit][""](image)))
    assert np.abs(found - right).max() <= 1


def test_the_card_says_how_to_call_it() -> None:
    said, *blocks = in_markdown(InputDescription(image_size=64, fit="crop"))
    assert "with the size 64 and `crop` true" in said
    assert [block.partition(":")[0] for block in blocks] == ["Kotlin", "Swift", "C++", "JavaScript"]
    for language, block in zip(LANGUAGES, blocks, strict=True):
        assert code_of(language) in block
        assert ("was not compiled" in block) == (language in ("Kotlin", "Swift"))
