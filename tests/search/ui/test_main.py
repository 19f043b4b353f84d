from __future__ import annotations

import pytest

from search.errors import BadInput
from search.ui import __main__ as ui


def test_without_the_extra_the_line_that_installs_it_is_told(
    monkeypatch: pytest.MonkeyPatch, bare_environment: None
) -> None:
    monkeypatch.setattr(ui, "NEEDED", ("jinja2", "nosuchserver"))
    with pytest.raises(BadInput, match=r"nosuchserver not installed: pip install 'elimnet-search\[ui\]'"):
        ui.main(["--config", "demo"])
