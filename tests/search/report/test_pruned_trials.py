from __future__ import annotations

from typing import Any

import pytest

from search.report.pruned_trials import PrunedTrials, device_of, general


def test_pruned_trials_by_kind_epoch_and_reason(records: Any) -> None:
    records.study("scratch")
    records.trial("scratch", 0.5)
    for trial in (3, 17):
        why = f"F1 0.3{trial} can reach 0.512 at most, behind trial {trial} with 0.700 and fewer parameters"
        reason = f"stopped at epoch 4 of 12: {why}"
        records.trial("scratch", state="PRUNED", stopped_at_epoch=4, reason=reason)
    records.trial("scratch", state="PRUNED", stopped_at_epoch=2, reason="behind")
    for macs in ("812", "1,904"):
        reason = f"{macs} macs, over the limit of 500"
        records.trial("scratch", state="PRUNED", infeasible=True, reason=reason)
    records.trial("scratch", state="PRUNED", stopped_at_epoch="x")
    (study,) = records.search().studies
    assert study.endings == (
        PrunedTrials("stopped", None, "no reason recorded", 1),
        PrunedTrials("stopped", 2, "behind", 1),
        PrunedTrials("stopped", 4, "F1 … can reach … at most, behind trial … with … and fewer parameters", 2),
        PrunedTrials("infeasible", None, "macs, over the limit of 500", 2),
    )


def test_a_limit_stays_in_the_reason() -> None:
    reason = "6,000,000 parameters, over the limit of 5,000,000, 99 macs, over the limit of 80\nsecond line"
    assert general(reason) == "parameters, over the limit of 5,000,000, macs, over the limit of 80"


def test_hours_by_device(records: Any) -> None:
    records.study("scratch")
    records.trial("scratch", 0.5, seconds=360, device="H100")
    records.trial("scratch", 0.6, device="CPU", seconds=7200)
    records.trial("scratch", state="FAIL", seconds=1800)
    records.trial("scratch", state="RUNNING", seconds=0)
    (study,) = records.search().studies
    assert study.hours_by_device == pytest.approx({"CPU": 2.0, "not recorded": 0.5, "H100": 0.1})
    assert list(study.hours_by_device) == ["CPU", "not recorded", "H100"]
    assert sum(study.hours_by_device.values()) == pytest.approx(study.hours)


def test_one_thread_is_one_thread_whoever_wrote_it() -> None:
    devices = ["CPU x86_64, 1 threads", "CPU x86_64, 1 thread", "CPU x86_64, 11 threads", "NVIDIA H100", None]
    assert [device_of({"device": device}) for device in devices] == [
        "CPU x86_64, 1 thread",
        "CPU x86_64, 1 thread",
        "CPU x86_64, 11 threads",
        "NVIDIA H100",
        None,
    ]
