"""The settings of a Ray cluster against Ray's own schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.house import ROOT

FILE = ROOT / "deploy" / "ray" / "cluster.yaml"
CONFIG: dict[str, Any] = yaml.safe_load(FILE.read_text())


def test_the_cluster_is_what_ray_accepts() -> None:
    pytest.importorskip("ray", reason="pip install 'elimnet-search[ray]'")
    jsonschema = pytest.importorskip("jsonschema")
    import ray  # noqa: PLC0415

    schema = json.loads((Path(ray.__file__).parent / "autoscaler" / "ray-schema.json").read_text())
    jsonschema.validate(CONFIG, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**CONFIG, "workers": 2}, schema)
