from __future__ import annotations

from pathlib import Path

import pytest

from search.errors import BadInput
from search.run import main
from tests.conftest import WriteConfig, tiny_scratch


def test_where_no_file_can_be_written_the_report_is_on_the_terminal(
    write_config: WriteConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    config = write_config(
        studies={"scratch": tiny_scratch()},
        trials=1,
        output_dir=str(tmp_path / "file"),
        database_url=f"sqlite:///{tmp_path / 'search.db'}",
        artefact_store=str(tmp_path / "store"),
    )
    with pytest.raises(BadInput, match=r"output_dir .*file/tiny: Not a directory; name another with --set output_dir="):
        main(["--config", str(config)])
    assert "joint" in capsys.readouterr().out
