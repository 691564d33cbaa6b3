"""Co-sharing against the definition, pair by pair, against another program's network, and its p-values under their own null models."""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heedful.core.errors import SchemaError, SettingsError
from heedful.language.voices.co_sharing import Shares, co_sharing_network, run_co_sharing_network
from heedful.language.voices.near_duplicates import groups_of_copies, text_shingles
from heedful.loops.parity import parity

Row = tuple[int, int, int, float]


def as_shares(rows: list[Row]) -> Shares:
    """Rows of account, object, post, time as columns."""
    table = np.array(rows, np.float64).reshape(-1, 4)
    account, thing, post = (table[:, column].astype(np.int64) for column in range(3))
    return Shares(account, thing, post, table[:, 3], thing == post)


def by_definition(rows: list[Row], window: float, participation: int, self_loops: bool) -> Counter[tuple[int, int]]:
    """Edges and weights, pair by pair."""
    often = Counter(row[0] for row in rows)
    rows = [row for row in rows if often[row[0]] >= participation]
    pairs = [(a, b) for a, b in combinations(rows, 2) if a[1] == b[1] and abs(a[3] - b[3]) <= window]
    if not self_loops:
        pairs = [(a, b) for a, b in pairs if a[0] != b[0] and a[2] != b[2] and a[1] not in (a[2], b[2])]
    posts = {row[2] for pair in pairs for row in pair}
    counted = Counter(row[0] for row in rows if row[2] in posts)
    enough = {row[2] for row in rows if row[2] in posts and counted[row[0]] >= participation}
    pairs = [(a, b) for a, b in pairs if a[2] in enough or b[2] in enough]
    return Counter((min(a[0], b[0]), max(a[0], b[0])) for a, b in pairs)


ROWS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3), st.integers(0, 20), st.integers(0, 30).map(float)), max_size=40)


@given(rows=ROWS, window=st.sampled_from([0.0, 1.0, 5.0, 100.0]), participation=st.integers(0, 4), self_loops=st.booleans())
def test_network_is_that_of_the_definition(rows: list[Row], window: float, participation: int, self_loops: bool) -> None:
    found = co_sharing_network(as_shares(rows), window=window, participation=participation, self_loops=self_loops)
    edges = dict(zip(zip(found.first.tolist(), found.second.tolist(), strict=True), found.weight.tolist(), strict=True))
    assert edges == by_definition(rows, window, participation, self_loops)
    assert list(edges) == sorted(edges)
    apart = found.first != found.second
    for p in (found.timing, found.activity, found.timing_q, found.activity_q):
        assert np.isnan(p[~apart]).all()
        assert ((p[apart] >= 0) & (p[apart] <= 1)).all()
    assert (found.timing_q[apart] >= found.timing[apart] - 1e-12).all()


def test_timing_p_is_the_share_of_dealings_that_bring_as_many_together() -> None:
    """Two accounts share six objects at once; each has four other sharers at moments of its own."""
    rows = [(a, o, 10 * o + a + 7, 1000.0 * o + (5 if a == 1 else 200 * a)) for o in range(6) for a in range(6)]
    found = co_sharing_network(as_shares(rows), window=10, participation=1)
    edge = int(np.flatnonzero((found.first == 0) & (found.second == 1))[0])
    assert found.objects[edge] == 6
    assert found.timing[edge] == pytest.approx((1 / 15) ** 6)


def test_timing_p_of_some_of_the_objects_agrees_with_dealing_the_times_anew() -> None:
    """At three of six objects the second account comes late, and another one in its place."""
    moments = [[0, 5, 400, 600, 800, 1000], [0, 400, 5, 600, 800, 1000]]
    rows = [(a, o, 10 * o + a + 7, 2000.0 * o + moments[o % 2][a]) for o in range(6) for a in range(6)]
    found = co_sharing_network(as_shares(rows), window=10, participation=1)
    edge = int(np.flatnonzero((found.first == 0) & (found.second == 1))[0])
    assert found.objects[edge] == 3
    random = np.random.default_rng(1)
    dealt = np.array([[random.permutation(6)[:2] for _ in range(6)] for _ in range(20_000)])
    met = (dealt.max(axis=2) == 1).sum(axis=1)  # places 0 and 1 are the two moments that are near
    assert found.timing[edge] == pytest.approx(float((met >= 3).mean()), abs=0.001)


@pytest.mark.parametrize("null", ["timing", "activity"])
def test_nobody_acting_together_is_rarely_called_unusual(null: str) -> None:
    random = np.random.default_rng(2)
    alarms = 0
    for _ in range(20):
        account, thing = random.integers(0, 40, 1500), random.integers(0, 60, 1500)
        shares = Shares(account, thing, np.arange(1500), random.exponential(900, 1500).cumsum() % 5000.0)
        alarms += bool((getattr(co_sharing_network(shares, window=120), f"{null}_q") < 0.05).any())
    assert alarms <= 4


def test_accounts_that_act_together_stand_out_of_those_that_like_the_same_things() -> None:
    random = np.random.default_rng(3)
    rows = [(int(a), o, 1000 + 100 * o + int(a), float(random.uniform(0, 86_400))) for o in range(30) for a in random.permutation(50)[:20]]
    rows += [(50 + twin, o, 1000 + 100 * o + 50 + twin, 40_000.0 + o + twin) for o in range(12) for twin in (0, 1)]
    found = co_sharing_network(as_shares(rows), window=30)
    unusual = set(zip(found.first[found.timing_q < 0.01].tolist(), found.second[found.timing_q < 0.01].tolist(), strict=True))
    assert unusual == {(50, 51)}


def test_copied_texts_are_shared_objects() -> None:
    """Six templates, posted by two accounts within seconds with small changes, among people who each write something of their own."""
    slogan = "they hide the {} data from us tell every parent you know before it is too late"
    texts, account, time = [], [], []
    for n, word in enumerate(["fever", "trial", "dose", "safety", "hospital", "booster"]):
        for twin, end in enumerate(["", " NOW!!"]):
            texts.append(slogan.format(f"{word} {word}{n} {word}s") + f" {word} {n} {word}{n}" + end)
            account.append(twin)
            time.append(3600.0 * n + 4 * twin)
    random = np.random.default_rng(4)
    for n in range(300):
        texts.append(" ".join(random.choice([f"word{k}" for k in range(400)], 12)))
        account.append(2 + n % 60)
        time.append(70.0 * n)
    thing = groups_of_copies(text_shingles(pl.Series(texts)), 0.7)
    shares = Shares(np.array(account), thing, np.arange(len(texts)), np.array(time))
    found = co_sharing_network(shares, window=10)
    assert (found.first.tolist(), found.second.tolist(), found.objects.tolist()) == ([0], [1], [6])
    assert found.activity_q[0] < 0.001


def test_objects_that_nobody_else_shared_say_nothing_of_timing_but_of_activity() -> None:
    rows = [(twin, o, 1000 + 10 * o + twin, 100.0 * o + twin) for o in range(8) for twin in (0, 1)]
    rows += [(2 + n % 20, 8 + n // 4, 2000 + n, 10_000.0 + 500 * n) for n in range(200)]
    found = co_sharing_network(as_shares(rows), window=30)
    edge = int(np.flatnonzero((found.first == 0) & (found.second == 1))[0])
    assert found.timing[edge] == 1.0
    assert found.activity[edge] < 1e-6


def test_bad_input_is_refused() -> None:
    shares = as_shares([(0, 0, 3, 1.0), (1, 0, 4, 2.0)])
    with pytest.raises(SettingsError, match="window"):
        co_sharing_network(shares, window=-1)
    with pytest.raises(SettingsError, match="quantile"):
        co_sharing_network(shares, participation=1).above_quantile(1.5)
    with pytest.raises(SchemaError, match="no time"):
        as_shares([(0, 0, 0, float("nan"))])
    with pytest.raises(SettingsError, match="pairs of shares"):
        co_sharing_network(Shares(np.arange(200), np.zeros(200, np.int64), np.arange(200), np.zeros(200)), participation=1, most_pairs=1000)
    table = pl.DataFrame({"account": ["a"], "object": ["o"], "post": ["p"], "time": [1]})
    with pytest.raises(SettingsError, match="minimum_shares"):
        run_co_sharing_network({"settings": {"x": {"minimum_shares": 2}}}, {"shares": table})
    with pytest.raises(SettingsError, match="weighted"):
        run_co_sharing_network({"settings": {}, "edge_weight": "cosine"}, {"shares": table})
    with pytest.raises(SchemaError, match="post"):
        run_co_sharing_network({"settings": {}}, {"shares": table.drop("post")})


def test_the_reference_case_is_equal(shared_reference: Path) -> None:
    results = parity(shared_reference / "trust", "coordination.co_sharing_network")
    assert [result.message for result in results if not result.passed] == []
