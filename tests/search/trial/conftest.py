"""What tests of saved models share with those of the dashboard: a database to which trials are added by hand."""

from __future__ import annotations

from tests.search.dashboard.conftest import bench, template

__all__ = ["bench", "template"]
