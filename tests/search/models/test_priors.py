from __future__ import annotations

from pathlib import Path

import pytest

from search.errors import BadInput
from search.models.priors import read_proportions, trained_proportions
from search.models.sources import Source

CLASSES = ("glass", "paper", "metal")


def refused(path: Path, text: str | bytes) -> str:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(BadInput) as caught:
        read_proportions(path, CLASSES)
    return str(caught.value)


def test_proportions_in_the_order_of_the_classes(tmp_path: Path) -> None:
    path = tmp_path / "prior.csv"
    path.write_text("\ufeffclass,proportion\nmetal,0\npaper,0.75\nglass,0.25\n", encoding="utf-8")
    assert read_proportions(path, CLASSES).tolist() == [0.25, 0.75, 0]
    path.write_text("class,proportion\nmetal,0.333\npaper,0.333\nglass,0.333\n")
    assert read_proportions(path, CLASSES) == pytest.approx([1 / 3] * 3), "rounded by hand"


def test_all_problems_of_a_file_at_once(tmp_path: Path) -> None:
    said = refused(tmp_path / "p.csv", "class,proportion\nglas,0.5\npaper,much\npaper,0.2\nmetal,-1\n")
    for problem in (
        "line 2: 'glas' is no class of the model, which has glass, paper, metal",
        "line 3: expected a proportion from 0 to 1, got 'much'",
        "line 4: 'paper' is there twice",
        "line 5: expected a proportion from 0 to 1, got '-1'",
        "has no line for 'glass'; write 0 for a class that never occurs",
    ):
        assert problem in said


def test_what_does_not_sum_to_1_is_refused(tmp_path: Path) -> None:
    text = "class,proportion\nglass,0.5\npaper,0.4\nmetal,0.3\n"
    assert "the proportions sum to 1.2, not to 1" in refused(tmp_path / "p.csv", text)
    assert "sum to 0, not to 1" in refused(tmp_path / "p.csv", "class,proportion\nglass,0\npaper,0\nmetal,0\n")


@pytest.mark.parametrize("text", ["", "name,share\nglass,1\n", b"class,proportion\n\xff\xfe,1\n"])
def test_other_files_are_refused(tmp_path: Path, text: str | bytes) -> None:
    assert "expected a CSV file with the columns class,proportion" in refused(tmp_path / "p.csv", text)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="No such file"):
        read_proportions(tmp_path / "none.csv", CLASSES)


def test_the_proportions_of_training_are_of_the_images_that_it_saw(source: Source) -> None:
    counts = {"train": {"glass": 30, "paper": 10}, "validation": {"glass": 10, "metal": 50}, "test": {"paper": 99}}
    known = source.description.provenance
    alone = known.model_copy(update={"data": {"counts": counts}})
    assert trained_proportions(alone, CLASSES[:2]).tolist() == [0.75, 0.25]
    both = alone.model_copy(update={"trained_on": "train+validation"})
    assert trained_proportions(both, CLASSES).tolist() == [0.4, 0.1, 0.5]
    balanced = alone.model_copy(update={"recipe": {"class_balance": "sampling"}})
    assert trained_proportions(balanced, CLASSES) == pytest.approx([1 / 3] * 3)
