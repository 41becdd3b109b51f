"""Max-min fair shares, whatever is held and wanted."""

from __future__ import annotations

from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from assay.planning.allocation.fair_shares import Claim, fair_grants


@st.composite
def claims(draw: st.DrawFn) -> list[Claim]:
    count = draw(st.integers(0, 8))
    return [
        Claim(
            draw(st.sampled_from(["vision", "speech", "text"])),
            f"study-{index}",
            draw(st.integers(0, 12)),
            draw(st.integers(0, 12)),
            draw(st.floats(0, 100)),
        )
        for index in range(count)
    ]


@given(st.integers(0, 60), claims())
def test_nobody_gets_more_than_it_wants_and_all_together_never_more_than_there_is(
    most: int, given_claims: list[Claim]
) -> None:
    granted = fair_grants(most, given_claims)
    wanted = {claim.study: claim.wanted for claim in given_claims}
    assert all(0 < count <= wanted[study] for study, count in granted.items())
    free = max(0, most - sum(claim.held for claim in given_claims))
    # What is free is used as far as anybody wants it.
    assert sum(granted.values()) == min(free, sum(wanted.values()))


@given(st.integers(0, 60), claims())
def test_who_wants_more_holds_as_much_as_others_but_for_one_and_for_what_they_had(
    most: int, given_claims: list[Claim]
) -> None:
    granted = fair_grants(most, given_claims)
    namespaces: defaultdict[str, list[Claim]] = defaultdict(list)
    for claim in given_claims:
        namespaces[claim.namespace].append(claim)

    def of(claim: Claim) -> int:
        return claim.held + granted.get(claim.study, 0)

    def in_all(namespace: str) -> int:
        return sum(of(claim) for claim in namespaces[namespace])

    def wants_more(claim: Claim) -> bool:
        return granted.get(claim.study, 0) < claim.wanted

    for studies in namespaces.values():
        for poor in filter(wants_more, studies):
            assert all(of(poor) >= of(rich) - 1 for rich in studies if rich.study in granted)
    for poor_namespace, studies in namespaces.items():
        if any(map(wants_more, studies)):
            for namespace, others in namespaces.items():
                if any(other.study in granted for other in others):
                    assert in_all(poor_namespace) >= in_all(namespace) - 1


@given(st.integers(0, 60), claims(), st.randoms())
def test_the_order_in_which_they_are_told_does_not_matter(most: int, given_claims: list[Claim], random: object) -> None:
    shuffled = list(given_claims)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert fair_grants(most, shuffled) == fair_grants(most, given_claims)


@given(st.integers(1, 5), st.lists(st.sampled_from(["vision", "speech", "text"]), min_size=1, max_size=10))
def test_nobody_is_starved_when_there_is_less_than_one_for_each(most: int, places: list[str]) -> None:
    """Each holds what it got for one turn, and wants more for ever."""
    since = {f"study-{index}": 0.0 for index in range(len(places))}
    turns: defaultdict[str, int] = defaultdict(int)
    for turn in range(1, 4 * len(places) + 1):
        wanting = [Claim(place, f"study-{index}", 0, 5, since[f"study-{index}"]) for index, place in enumerate(places)]
        for study in fair_grants(most, wanting):
            since[study] = turn
            turns[study] += 1
    assert all(turns[study] > 0 for study in since)


def test_what_one_does_not_want_goes_to_others_of_its_namespace_and_then_to_all() -> None:
    asked = [
        Claim("vision", "small", 0, 1, 0),
        Claim("vision", "large", 0, 100, 0),
        Claim("speech", "other", 0, 3, 0),
    ]
    assert fair_grants(10, asked) == {"small": 1, "large": 6, "other": 3}
    assert fair_grants(6, asked) == {"small": 1, "large": 2, "other": 3}


def test_who_holds_more_than_its_share_keeps_it_and_gets_nothing_more() -> None:
    asked = [Claim("vision", "first", 8, 100, 0), Claim("speech", "later", 0, 100, 5)]
    assert fair_grants(8, asked) == {}
    assert fair_grants(10, asked) == {"later": 2}


def test_of_equals_the_one_that_has_waited_longest_comes_first() -> None:
    asked = [Claim("vision", "a", 0, 9, 30), Claim("vision", "b", 0, 9, 20), Claim("speech", "c", 0, 9, 10)]
    assert fair_grants(1, asked) == {"c": 1}
    assert fair_grants(2, asked) == {"c": 1, "b": 1}
