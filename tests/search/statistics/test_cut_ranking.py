from __future__ import annotations

from search.statistics.cut_ranking import NEARLY, ProfiledCut, first_choices, ranked


def cut(module: str | None, parameters: int, f1_macro: float, backbone: str = "net") -> ProfiledCut:
    return ProfiledCut(backbone, module, 1, 32, parameters, 10 * parameters, f1_macro, logme=0.0)


def modules(cuts: list[ProfiledCut] | tuple[ProfiledCut, ...]) -> list[str | None]:
    return [each.module for each in cuts]


def test_ranks_by_f1_and_of_equals_the_smallest_first() -> None:
    ranking = ranked([cut("a", 10, 0.5), cut("b", 30, 0.8), cut("c", 20, 0.8), cut(None, 40, 0.7)])
    assert modules(ranking) == ["c", "b", None, "a"]
    assert [each.recommended for each in ranking] == [True, False, False, True]


def test_the_first_choice_is_the_smallest_that_is_nearly_as_good_as_the_best() -> None:
    least = 1 - NEARLY * (1 - 0.8)
    ranking = ranked(
        [
            cut("a", 10, least - 0.01),
            cut("b", 20, least + 0.01),
            cut("c", 30, 0.79),
            cut("d", 40, 0.8),
            cut("e", 50, 0.6),
        ]
    )
    assert modules(first_choices(ranking)) == ["b", "d", "c", "a"]


def test_the_best_is_the_first_choice_where_nothing_smaller_comes_near() -> None:
    assert modules(first_choices(ranked([cut("a", 10, 0.3), cut("b", 20, 0.8)]))) == ["b", "a"]


def test_without_any_error_only_the_same_is_nearly_as_good() -> None:
    assert modules(first_choices(ranked([cut("a", 10, 0.99), cut("b", 20, 1.0)]))) == ["b", "a"]


def test_uncut_backbones_are_ranked_and_not_chosen() -> None:
    ranking = ranked([cut("a", 10, 0.5), cut(None, 20, 0.9)])
    assert modules(ranking) == [None, "a"]
    assert ranking[0].recommended
    assert modules(first_choices(ranking)) == ["a"]
    assert first_choices(ranked([cut(None, 20, 0.9)])) == []


def test_cuts_that_another_backbone_beats_are_not_chosen() -> None:
    ranking = ranked([cut("a", 100, 0.5, "big"), cut("a", 10, 0.4, "small"), cut(None, 50, 0.6, "small")])
    assert [(each.backbone, each.module) for each in first_choices(ranking)] == [("small", "a")]
