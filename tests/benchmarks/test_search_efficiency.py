"""Searches of a bank that was made up: networks of a real space, with curves whose answers are arithmetic."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path

import optuna
import pytest

from benchmarks.bank import Bank, compress, curve_line, header_line
from benchmarks.pool import Pool, pools_of
from benchmarks.replay import Known, Replay, Strategy, whole_hypervolume
from benchmarks.search_efficiency import Search, best_of, main, quartiles, reached, table
from search.errors import BadInput
from search.settings.pruning import Stopping
from search.statistics.pareto import search_hypervolume
from search.study.acquisition import LEAST_FINISHED
from tests.banks import SPACE, Curves, make_bank


def replay(bank: Bank, strategy: Strategy, workers: int = 1, seed: int = 0) -> tuple[Replay, list[Known]]:
    search = Replay(bank, pools_of(bank), strategy, workers, seed)
    return search, list(search.run())


RANDOM = Strategy("random", sampler="random")
ALIKE: Curves = [(1000 + number, (0.1, 0.2), (1.0, 1.0)) for number in range(3)]


def test_one_worker_spends_what_the_clock_says() -> None:
    _, known = replay(make_bank([(1000, (0.1, 0.2), (1.0, 3.0)), (1000, (0.1, 0.2), (1.0, 3.0))]), RANDOM)
    assert [(step.time, step.compute) for step in known] == [(4.0, 4.0), (8.0, 8.0)]


def test_workers_share_the_time_and_add_up_the_compute() -> None:
    _, known = replay(make_bank(ALIKE), RANDOM, workers=2)
    assert [step.time for step in known] == [2.0, 2.0, 4.0]
    assert [step.compute for step in known] == [4.0, 4.0, 6.0], "who has nothing left to do costs nothing"


def test_all_that_is_known_in_the_end_is_the_banks_hypervolume() -> None:
    bank = make_bank([(1000, (0.1, 0.5), (1.0, 1.0)), (100_000, (0.3, 0.9), (1.0, 1.0))])
    _, known = replay(bank, Strategy("tpe"))
    assert known[-1].hypervolume == whole_hypervolume(pools_of(bank)) == pytest.approx((2 * 0.5 + 2 * 0.9) / 4)


def test_what_is_chosen_is_cheap_and_small_where_all_else_is_equal() -> None:
    """One of twenty is small; a search by chance meets it in the middle, on average."""
    curves: Curves = [(2000 if number == 13 else 100_000, (0.3, 0.5), (1.0, 1.0)) for number in range(20)]
    bank = make_bank(curves)
    whole = whole_hypervolume(pools_of(bank))

    def trials_until_whole(strategy: Strategy, seed: int) -> int:
        _, known = replay(bank, strategy, seed=seed)
        return next(place for place, step in enumerate(known, start=1) if step.hypervolume == pytest.approx(whole))

    chosen = [trials_until_whole(Strategy("chosen", sampler="chosen"), seed) for seed in range(4)]
    assert max(chosen) <= LEAST_FINISHED + 1


def test_a_candidate_is_nearest_to_itself() -> None:
    bank = make_bank([(1000, (0.1,), (1.0,))] * 12)
    pool = Pool(bank, "scratch")
    for place, curve in enumerate(pool.curves):
        assert pool.nearest(curve.planned.params, range(12)) == place
        assert pool.nearest(curve.planned.params, [other for other in range(12) if other != place]) != place


def test_distance_is_the_mean_over_what_either_has() -> None:
    pool = Pool(make_bank([(1000, (0.1,), (1.0,))]), "scratch")
    params = pool.curves[0].planned.params
    assert pool.distances(params)[0] == 0
    low, high = SPACE.dropout.low, SPACE.dropout.high
    moved = params | {"dropout": params["dropout"] + (high - low) / 4}
    assert pool.distances(moved)[0] == pytest.approx(0.25 / len(params))
    rate, factor = params["learning_rate"], SPACE.learning_rate.high / SPACE.learning_rate.low
    assert pool.distances(params | {"learning_rate": rate * factor**0.5})[0] == pytest.approx(0.5 / len(params))
    other = next(channels for channels in SPACE.stem_channels if channels != params["stem_channels"])
    assert pool.distances(params | {"stem_channels": other})[0] == pytest.approx(1 / len(params))
    fewer = {name: value for name, value in params.items() if name != "dropout"}
    assert pool.distances(fewer)[0] == pytest.approx(1 / len(params))


def test_the_sampler_learns_what_was_trained() -> None:
    bank = make_bank([(1000 * (number + 1), (0.01 * number,), (1.0,)) for number in range(15)])
    search, _ = replay(bank, Strategy("tpe"), workers=3)
    finished = search.studies[0].optuna.get_trials(states=(optuna.trial.TrialState.COMPLETE,))
    learned = {tuple(trial.values): trial.params for trial in finished}
    assert learned == {
        (curve.f1_macro[-1], float(curve.planned.parameters)): curve.planned.params for curve in bank.curves.values()
    }


def test_the_products_rule_stops_a_trial_at_its_rung() -> None:
    rule = Stopping(first_rung=0.5, factor=2.0, least_finished=1)
    good: tuple[int, Sequence[float], Sequence[float]] = (1000, (0.4, 0.5, 0.7, 0.8), (1.0,) * 4)
    poor: tuple[int, Sequence[float], Sequence[float]] = (2000, (0.1, 0.1, 0.2, 0.3), (10.0,) * 4)
    spent = set()
    for seed in range(10):
        search, _ = replay(make_bank([good, poor]), Strategy("stop", sampler="random", stopping=rule), seed=seed)
        spent.add(search.spent)
    # After the good one the poor one may hope for 1 - .9 * .2/.5 = .64 < .8: two of four epochs. Before it, all.
    assert spent == {4.0 + 20.0, 4.0 + 40.0}


def test_short_trials_pay_for_the_front_of_their_scores() -> None:
    lucky: tuple[int, Sequence[float], Sequence[float]] = (1000, (0.5, 0.55, 0.6), (1.0, 2.0, 4.0))
    late: tuple[int, Sequence[float], Sequence[float]] = (1000, (0.3, 0.60, 0.9), (10.0, 20.0, 40.0))
    large: tuple[int, Sequence[float], Sequence[float]] = (100_000, (0.7, 0.75, 0.8), (100.0, 200.0, 400.0))
    _, known = replay(make_bank([lucky, late, large]), Strategy("short", sampler="random", epochs=1))
    assert known[-1].compute == 1 + 10 + 100 + (2 + 4) + (200 + 400), "the late one is behind after one epoch"
    assert known[-1].hypervolume == search_hypervolume([(0.6, 1000), (0.8, 100_000)])


def test_repeats_use_up_the_budget() -> None:
    bank = make_bank([(1000 * (number + 1), (0.01 * number,), (1.0,)) for number in range(15)])
    search, known = replay(bank, Strategy("again", repeats=True))
    assert len(known) == 15
    assert len({curve.planned.number for curve in search.studies[0].finished}) < 15


def test_what_a_share_costs() -> None:
    known = [Known(10, 1, 0.5), Known(30, 2, 0.8), Known(20, 3, 0.9)]
    assert reached(known, [0.4, 0.8, 0.95]) == (10, 20, math.inf)
    assert quartiles([4, 1, 3, 2, math.inf]) == (2, 3, 4)


def test_the_table_and_the_best_number_of_epochs() -> None:
    costs = {"a": (10.0, 20.0, 100.0), "c1": (1.0, 2.0, math.inf), "c2": (2.0, 3.0, 25.0), "c4": (2.0, 4.0, 25.0)}
    searches = [Search(name, 1, seed, (), compute) for name, compute in costs.items() for seed in range(3)]
    assert best_of(searches, ["c1", "c4", "c2"]) == "c2"
    lines = table(searches, 1).splitlines()
    assert lines[2] == "| a | 10 (10 to 10) | 20 (20 to 20) | 100 (100 to 100) | 1.00 | 3 of 3 |"
    assert lines[3] == "| c1 | 1 (1 to 1) | 2 (2 to 2) | – (– to –) | – | 0 of 3 |"
    assert lines[4].endswith("| 25 (25 to 25) | 0.25 | 3 of 3 |")


def test_from_a_file_to_table_and_plot(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bank = make_bank([(1000 * (number + 1), (0.1, 0.2, 0.02 * number), (1.0,) * 3) for number in range(12)])
    working, path = tmp_path / "bank.jsonl.part", tmp_path / "bank.jsonl.gz"
    lines = [curve_line(place, curve.epochs) for place, curve in bank.curves.items()]
    working.write_text(header_line(bank.header) + "".join(lines))
    compress(working, path)
    results, plot = tmp_path / "results.json", tmp_path / "plot.png"
    main(["--bank", str(path), "--seeds", "2", "--workers", "1", "2", "--json", str(results), "--png", str(plot)])
    text = capsys.readouterr().out
    assert "12 scratch candidates of made up" in text
    assert "36 CPU seconds for all of them" in text
    searches = json.loads(results.read_text())["searches"]
    names = list(dict.fromkeys(each["strategy"] for each in searches))
    assert len(searches) == 2 * 2 * len(names)
    assert [text.count(f"| {name} |") for name in names] == [2] * len(names), "a row for each number of workers"
    assert plot.read_bytes().startswith(b"\x89PNG")


def test_what_is_no_bank_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bank").write_text("{}\n")
    for path in (tmp_path / "bank", tmp_path / "nowhere"):
        with pytest.raises(BadInput, match="curve bank"):
            main(["--bank", str(path)])
    with pytest.raises(BadInput) as refused:
        main(["--bank", "x", "--seeds", "0", "--workers", "1", "0"])
    assert len(refused.value.problems) == 2
