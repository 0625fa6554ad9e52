"""The promise: what the belt triggered, counted outside the line, is what the line told, whatever happens to the line."""

from __future__ import annotations

from pathlib import Path

from edge_inspector.rehearsal.crash import CrashPlan, run_crashes
from edge_inspector.rehearsal.demo import DemoPlan, run_demo
from edge_inspector.rehearsal.faults import Kind
from edge_inspector.rehearsal.soak import SoakPlan, run_soak
from tests.bundles import make_bundle


def test_demo_accounts_for_every_part(tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path / "small")
    result = run_demo(DemoPlan(parts=40, rate=20.0, seed=3, bundle=str(bundle)))
    assert result["parts"] == 40 == result["accepted"] + result["rejected"] + result["missed"]
    assert (result["unaccounted"], result["duplicated"], result["passed_uninspected"]) == (0, 0, 0)
    assert result["bad"] >= 10
    for name in ("latency_ms", "engine_ms", "overhead_ms"):
        assert 0 < result[name]["p50"] <= result[name]["p95"] <= result[name]["p99"] <= result[name]["max"]


def test_sigkill_and_restart_lose_no_part_and_reuse_no_number(tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path / "small")
    result = run_crashes(CrashPlan(kills=2, rate=20.0, seed=5, bundle=str(bundle), alive_s=(0.2, 1.5)), tmp_path / "line")
    assert (result["unaccounted"], result["duplicated"], result["passed_uninspected"]) == (0, 0, 0)
    assert result["triggers"] == result["accepted"] + result["rejected"] + result["missed"] == result["rows"] == result["unique_numbers"]
    assert result["reused_seq"] == 0
    assert result["integrity"] == "ok"
    assert result["accepted"] + result["rejected"] > 0


def test_every_kind_of_fault_is_survived_and_accounted_for(tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path / "small")
    plan = SoakPlan(parts=700, rate=25.0, faults=Path(__file__).with_name("faults.toml"), bundle=str(bundle))
    result = run_soak(plan)
    assert result["triggers"] == 700 == result["accepted"] + result["rejected"] + result["missed"]
    assert (result["unaccounted"], result["duplicated"], result["passed_uninspected"]) == (0, 0, 0)
    assert set(result["faults"]) == set(result["recovered"]) == {kind.value for kind in Kind}
    assert result["unrecovered"] == []
    # that the faults were really suffered is told by the reasons
    assert {"frozen_frame", "grab_failed", "counter_gap", "engine_error", "not_finite", "restart"} <= set(result["reasons"])
