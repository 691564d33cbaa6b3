"""A participant's own public posts: in by one door with proof and a consent that names them, out by every door, and nobody else's ever."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from heedful.core.clock import FixedClock
from heedful.core.errors import ConsentError, LabelError, NotFoundError
from heedful.core.frames import Frame
from heedful.core.labels import Care, Consented, Held, Public, Raw, Research
from heedful.core.row_ids import row_ids
from heedful.core.schemas import LinkedAccounts, OwnPosts, People, Posts, Timeline
from heedful.core.seals import seal
from heedful.engine.intake import Accounts
from heedful.loops.crisis_stops import clear_crisis, open_crises, site_signs
from heedful.loops.explain import explain
from heedful.loops.linked_accounts import Link, follow_consents, link_accounts, link_code, linked_accounts, read_links, unlink
from heedful.loops.own_posts import OWN_POSTS
from heedful.loops.rights import erase_person, export_person
from heedful.loops.settings import Settings
from heedful.loops.site import Site
from heedful.sources.base import Batch, Deletion, frame
from heedful.trust.doors import link_door, own_posts_door

DAY = date(2026, 3, 2)
AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
TOLD = {
    "p1": ("ann", "I have a terrible headache today"),
    "p2": ("ann", "Sertraline made me nauseous"),
    "p3": ("ann", "my son has a fever"),
    "p4": ("ann", "does ibuprofen help with a cough?"),
    "p5": ("ann", "no fever anymore, lovely weather"),
    "q1": ("bob", "I have a fever and a cough"),
    "r1": ("cat", "a migraine again"),
}


def post(name: str, author: str, text: str, at: datetime = AT, **more: Any) -> dict[str, Any]:
    return {
        "source": "town", "post": name, "author": author, "day": at.date(), "posted_at": at, "known_at": at + timedelta(hours=1), "text": text,
        "kind": "post", "synthetic": True, **more,
    }  # fmt: skip


def take(site: Site, posts: list[dict[str, Any]], deletions: tuple[Deletion, ...] = ()) -> None:
    rows = (frame(pl.DataFrame(posts, infer_schema_length=None), Posts),) if posts else ()
    with site.writing():
        site.intake.take("posts|test", Batch(rows, {}, 1, 1, len(posts), deletions), Accounts(), finished=True)
        site.intake.derive()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Ana and bo agreed to care; ana to own posts too, from two days before. The posts of ann, bob and cat are there; nothing is linked."""
    made = Site(Settings(), tmp_path / "site", FixedClock(NOW))
    made.record_consents(pl.DataFrame({"person": ["ana", "bo"], "purpose": ["care"] * 2}), "test")
    agree(made, "ana", from_at=AT - timedelta(days=2))
    take(made, [post(name, *told) for name, told in TOLD.items()])
    yield made
    made.close()


def agree(site: Site, person: str, purpose: str = "care", act: str = "grant", **period: datetime) -> None:
    row = {"person": person, "purpose": purpose, "kinds": OWN_POSTS, "act": act, **period}
    site.record_consents(pl.DataFrame([row], schema_overrides={name: pl.Datetime("us", "UTC") for name in period}), "test")


def ann(site: Site, person: str = "ana", **other: str) -> Link:
    return Link(
        **({"person": person, "source": "town", "account": "ann", "proof": "statement", "by": person, "reference": "form 7"} | other)
    )


def own(site: Site) -> list[str]:
    return site.view(OwnPosts, Care).data["post"].sort().to_list()


def told(site: Site) -> list[tuple[str, str]]:
    rows = site.view(Timeline, Care).data.filter(pl.col("from_table") == "own_posts")
    return rows.select("lane", "item").sort("item").rows()


def lawful(site: Site) -> None:
    """What is stored is what is computed once over what remains."""
    stored, whole = site.engine.stored(), site.engine.recompute()
    for name in ("own_posts", "timeline_own_posts"):
        key = site.engine.plan.step(name).derivation.writes.key
        assert stored[name].sort(key).equals(whole[name].sort(key)), name


SAID = [("symptom", "Headache [town p1]"), ("symptom", "Nausea [town p2]")]


def test_what_one_says_of_oneself_joins_the_timeline_and_nothing_else_does(site: Site) -> None:
    assert told(site) == []
    assert link_accounts(site, [ann(site)]) == 1
    assert own(site) == ["p1", "p2", "p3", "p4", "p5"]
    assert told(site) == SAID
    rows = site.view(Timeline, Care).data
    assert rows["person"].unique().to_list() == [site.participant_key.name("ana")]
    assert (
        rows.filter(pl.col("item").str.starts_with("Nausea"))["text"].item()
        == "Told in an own public post: Nausea as an adverse effect of sertraline."
    )
    assert site.view(OwnPosts, Care).label == Consented[Care]
    lawful(site)
    assert link_accounts(site, [ann(site)]) == 0


def test_a_post_that_comes_later_joins_and_one_of_a_stranger_does_not(site: Site) -> None:
    link_accounts(site, [ann(site)])
    take(site, [post("p9", "ann", "fever again", AT + timedelta(days=1)), post("q9", "bob", "fever again", AT + timedelta(days=1))])
    assert ("symptom", "Fever [town p9]") in told(site)
    assert "q9" not in own(site)
    take(site, [post("p10", "ann", "I have a rash", kind="repost")])
    assert "p10" not in own(site)  # passed on, not written
    lawful(site)


def test_a_consent_to_everything_does_not_name_own_posts(site: Site) -> None:
    with pytest.raises(ConsentError, match="does not cover them"):
        link_accounts(site, [ann(site, "bo", account="bob")])
    assert linked_accounts(site).is_empty()


def test_posts_outside_the_consents_period_stay_where_they_are(site: Site) -> None:
    take(site, [post("old", "ann", "I have a cough", AT - timedelta(days=9))])
    link_accounts(site, [ann(site)])
    assert "old" not in site.engine.stored()["own_posts"]["post"].to_list()
    agree(site, "ana", "research", from_at=AT - timedelta(days=30))
    follow_consents(site)
    assert "old" in site.view(OwnPosts, Research).data["post"].to_list()
    assert "old" not in own(site)  # held for research alone
    assert told(site) == SAID
    rows = site.view(Timeline, Research).data
    assert "Cough [town old]" in rows["item"].to_list()
    lawful(site)


def test_research_alone_is_not_care(site: Site) -> None:
    agree(site, "ana", act="withdraw")
    agree(site, "ana", "research")
    link_accounts(site, [ann(site)])
    assert own(site) == []
    assert told(site) == []
    assert len(site.view(OwnPosts, Research)) == 5


@pytest.mark.parametrize("what", ["kind", "everything"])
def test_a_withdrawal_reaches_every_derived_row(site: Site, what: str) -> None:
    link_accounts(site, [ann(site)])
    acts = {"person": "ana", "purpose": "care", "kinds": OWN_POSTS if what == "kind" else "*", "act": "withdraw"}
    site.record_consents(pl.DataFrame([acts]), "test")
    assert own(site) == []  # at once, by the door
    follow_consents(site)
    assert site.engine.stored()["own_posts"].is_empty()
    assert site.engine.stored()["timeline_own_posts"].is_empty()
    lawful(site)


def test_letting_go_removes_the_link_its_rows_and_their_files(site: Site) -> None:
    link_accounts(site, [ann(site)])
    author = site.public_key.name("ann")
    gone = unlink(site, "ana", "town", "@ann")
    assert gone["linked_accounts"] == 1
    assert gone["own_posts"] == 5
    assert told(site) == []
    lawful(site)
    for table in ("base/linked_accounts", "derived/own_posts", "derived/timeline/timeline_own_posts"):
        for file in (site.folder / "lake" / table).rglob("*"):
            if file.suffix == ".parquet" and "_delta_log" not in file.parts:
                assert pl.read_parquet(file).is_empty(), file
            assert not file.is_file() or author.encode() not in file.read_bytes(), file
    with pytest.raises(NotFoundError, match="link list"):
        unlink(site, "ana")
    assert link_accounts(site, [ann(site)]) == 1  # and may be linked again
    assert told(site) == SAID


def test_an_erasure_of_the_person_leaves_the_posts_public_and_no_link(site: Site) -> None:
    link_accounts(site, [ann(site)])
    receipt = erase_person(site, site.participant_key.name("ana"))
    assert receipt["rows"]["linked_accounts"] == 1
    assert receipt["rows"]["own_posts"] == 5
    assert site.lake.read(LinkedAccounts).is_empty()
    assert site.lake.read(Posts).height == len(TOLD)
    assert site.engine.stored()["timeline_own_posts"].is_empty()
    lawful(site)
    agree(site, "ana")
    with pytest.raises(ConsentError, match="erased"):
        link_accounts(site, [ann(site)])
    assert site.lake.read(LinkedAccounts).is_empty()


@pytest.mark.parametrize("scope", ["post", "author"])
def test_a_deletion_at_the_source_reaches_the_persons_rows(site: Site, scope: str) -> None:
    link_accounts(site, [ann(site)])
    take(site, [], (Deletion(scope, "town", "p1" if scope == "post" else "ann"),))  # type: ignore[arg-type]
    assert own(site) == (["p2", "p3", "p4", "p5"] if scope == "post" else [])
    assert told(site) == (SAID[1:] if scope == "post" else [])
    lawful(site)


def test_as_of_a_day_before_the_link_nothing_was_known_of_it(site: Site) -> None:
    link_accounts(site, [ann(site)])
    before, after = (site.engine.recompute(NOW + timedelta(hours=hours)) for hours in (-1, 1))
    assert before["own_posts"].is_empty()
    assert before["timeline_own_posts"].is_empty()
    assert after["own_posts"].height == 5
    assert set(after["own_posts"]["known_at"]) == {NOW}
    assert site.view_as_of(NOW - timedelta(hours=1))[Timeline].is_empty()
    assert site.view_as_of(NOW)[Timeline].height == 2


def test_the_day_is_that_of_the_links_zone(site: Site) -> None:
    links = seal(
        LinkedAccounts.check(pl.DataFrame([{"person": "p", "source": "town", "author": "u", "zone": "America/New_York", "proof": "statement", "proof_by": "p", "proof_reference": "f", "known_at": NOW}])),
        Consented[Held], LinkedAccounts,
    )  # fmt: skip
    night = datetime(2026, 3, 3, 2, tzinfo=UTC)
    posts = seal(Posts.check(pl.DataFrame([post("1", "u", "fever", night)])), Public, Posts)
    grants = pl.DataFrame([("p", "care", OWN_POSTS, None, None)], schema=site.grants().schema, orient="row")
    assert own_posts_door(posts, links, grants).data["day"].to_list() == [date(2026, 3, 2)]


def test_an_account_that_two_claim_is_nobodys(site: Site) -> None:
    agree(site, "bo")
    link_accounts(site, [ann(site)])
    with pytest.raises(ConsentError, match="Another participant"):
        link_accounts(site, [ann(site, "bo")])
    unlink(site, "ana")
    with pytest.raises(ConsentError, match="two participants"):
        link_accounts(site, [ann(site), ann(site, "bo")])
    assert linked_accounts(site).is_empty()
    link_accounts(site, [ann(site)])
    twice = site.lake.read(LinkedAccounts).with_columns(person=pl.lit(site.participant_key.name("bo")))
    site.lake.append(LinkedAccounts, twice, 99)  # however it came there
    assert site.engine.recompute()["own_posts"].is_empty()


def test_an_account_is_one_however_it_is_written(site: Site) -> None:
    agree(site, "bo")
    link_accounts(site, [ann(site, account="zoe")])  # no post of it is held, so that no spelling is known to be the source's
    for written in ("@zoe", "u/zoe", " zoe"):
        with pytest.raises(ConsentError, match="Another participant"):
            link_accounts(site, [ann(site, "bo", account=written)])
    unlink(site, "ana")
    with pytest.raises(ConsentError, match="two participants"):
        link_accounts(site, [ann(site, account="zoe"), ann(site, "bo", account="@zoe")])
    assert linked_accounts(site).is_empty()


def test_a_list_with_somebody_erased_is_refused_whole_also_by_a_process_that_did_not_erase(site: Site) -> None:
    agree(site, "bo")
    other = Site(Settings(), site.folder, FixedClock(NOW))
    link_accounts(other, [ann(other)])  # reads who is erased: nobody
    erase_person(site, site.participant_key.name("ana"))
    for each in (site, other):
        agree(each, "ana")
        with pytest.raises(ConsentError, match="erased"):
            link_accounts(each, [ann(each), ann(each, "bo", account="bob")])
        assert each.lake.read(LinkedAccounts).is_empty()
        assert other.intake.buried("person") == {site.participant_key.name("ana")} or each is site
    other.close()


def test_care_sees_nothing_from_before_its_consent_where_the_day_begins_earlier(site: Site) -> None:
    """In Auckland the day of a consent has begun half a day before it does in UTC; research holds what was posted then, care sees none of it."""
    midnight = datetime(2026, 3, 9, tzinfo=UTC)
    agree(site, "bo", "research", from_at=midnight - timedelta(days=9))
    agree(site, "bo", from_at=midnight)
    people = {"person": "bo", "zone": "Pacific/Auckland", "known_at": NOW}
    with site.writing():
        rows = (frame(pl.DataFrame([people]), People),)
        site.intake.take("people|test", Batch(rows, {}, 1, 1, 1), Accounts(), finished=True)
    hours = {"before": -8, "early": 3, "next": 20}
    take(site, [post(name, "ann", "I have a cough", midnight + timedelta(hours=at)) for name, at in hours.items()])
    link_accounts(site, [ann(site, "bo")])
    held = site.engine.stored()["own_posts"].filter(pl.col("post").is_in(list(hours))).sort("written_at")
    assert held["day"].to_list() == [date(2026, 3, 9), date(2026, 3, 9), date(2026, 3, 10)]
    assert own(site) == ["early", "next"]  # a post has an instant
    assert told(site) == [("symptom", "Cough [town next]")]  # a day of the timeline has none, and may have begun too early
    row = site.engine.stored()["timeline_own_posts"].filter(pl.col("item") == "Cough [town before]")
    with pytest.raises(ConsentError, match="not shown"):
        explain(site, [row_ids(row, Timeline)[0]])


def test_a_withdrawal_beside_a_writer_is_recorded_and_followed_later(site: Site) -> None:
    link_accounts(site, [ann(site)])
    other = Site(Settings(), site.folder, FixedClock(NOW))
    with other.writing():
        agree(site, "ana", act="withdraw")
        assert "when heedful runs next" in follow_consents(site)
        assert own(site) == []
    with other.writing():
        pass
    assert other.engine.stored()["own_posts"].is_empty()
    assert follow_consents(site) == ""
    other.close()


def test_a_proof_is_stated_or_found(site: Site) -> None:
    for lacking in ({"proof": ""}, {"proof": "hearsay"}, {"by": " "}, {"reference": ""}):
        with pytest.raises(ConsentError):
            link_accounts(site, [ann(site, **lacking)])
    code = link_code(site, "ana", "town", "ann")
    assert code == link_code(site, "ana", "town", "@ann")
    agree(site, "bo")
    assert code != link_code(site, "bo", "town", "ann")
    with pytest.raises(ConsentError, match=code):
        link_accounts(site, [ann(site, proof="posted_code")])
    take(site, [post("c1", "bob", f"look: {code}"), post("c2", "ann", f"Proof! {code.title()}.")])
    with pytest.raises(ConsentError, match="No post of bob"):
        link_accounts(site, [ann(site, account="bob", proof="posted_code")])
    link_accounts(site, [ann(site, proof="posted_code")])
    held = linked_accounts(site, "ana").row(0, named=True)
    assert (held["proof"], held["proof_by"], held["proof_reference"], held["purposes"]) == ("posted_code", "ana", "c2", "care")
    assert (held["held"], held["posts"]) == (6, 6)


def test_a_pseudonym_or_a_stranger_is_not_linked(site: Site) -> None:
    with pytest.raises(ConsentError, match="pseudonym"):
        link_accounts(site, [ann(site, site.participant_key.name("ana"))])
    with pytest.raises(NotFoundError):
        link_accounts(site, [ann(site, "nobody")])


def test_explain_goes_from_the_timeline_to_the_post_and_from_it_to_the_link(site: Site) -> None:
    link_accounts(site, [ann(site)])
    rows = site.view(Timeline, Care).data.filter(pl.col("item").str.starts_with("Nausea"))
    seen = explain(site, [row_ids(rows, Timeline)[0]])
    assert [table for table, _, _ in seen.behind] == ["own_posts"]
    assert "Sertraline made me nauseous" in seen.behind[0][2]["text"].to_list()
    post_row = site.view(OwnPosts, Care).data.filter(pl.col("post") == "p2")
    seen = explain(site, [row_ids(post_row, OwnPosts)[0]])
    behind = {table: rows for table, _, rows in seen.behind}
    assert behind["posts"]["post"].to_list() == ["p2"]
    assert behind["linked_accounts"]["proof_reference"].to_list() == ["form 7"]
    agree(site, "ana", act="withdraw")
    with pytest.raises(ConsentError, match="not shown"):
        explain(site, [row_ids(post_row, OwnPosts)[0]])


def test_the_participant_sees_links_and_posts_in_the_export(site: Site, tmp_path: Path) -> None:
    link_accounts(site, [ann(site)])
    written = export_person(site, site.participant_key.name("ana"), tmp_path / "out")
    assert written["linked_accounts.csv"] == 1
    assert written["own_posts.csv"] == 5
    assert "form 7" in (tmp_path / "out" / "linked_accounts.csv").read_text()


def test_crisis_words_in_an_own_post_go_to_a_human(site: Site) -> None:
    take(site, [post("p7", "ann", "I want to die"), post("q7", "bob", "I want to die")])
    assert open_crises(site).is_empty()  # a public text alone is nobody's
    link_accounts(site, [ann(site)])
    ana = site.participant_key.name("ana")
    assert site_signs(site).select("person", "told_in", "words").rows() == [(ana, "own public post town p7", "want to die")]
    waiting = open_crises(site)
    clear_crisis(site, waiting["crisis"][0], "Dr Ames", "called")
    assert open_crises(site).is_empty()


def test_the_doors_take_no_other_label(site: Site) -> None:
    def empty(label: Any, schema: Any) -> Frame[Any, Any]:
        return seal(schema.empty(), label, schema)

    grants = site.grants()
    for links in (empty(Public, LinkedAccounts), empty(Raw, LinkedAccounts)):
        with pytest.raises(LabelError):
            own_posts_door(empty(Public, Posts), links, grants)
    with pytest.raises(LabelError):
        own_posts_door(empty(Raw, Posts), empty(Consented[Held], LinkedAccounts), grants)
    with pytest.raises(LabelError, match="never joined"):
        link_door(empty(Raw, LinkedAccounts), site.public_key, site.public_key, grants, set())
    with pytest.raises(LabelError, match="never joined"):
        link_door(empty(Raw, LinkedAccounts), site.participant_key, site.participant_key, grants, set())


def test_the_door_refuses_what_the_command_would_not_let_through(site: Site) -> None:
    one = {
        "person": "ana",
        "source": "town",
        "author": "ann",
        "proof": "statement",
        "proof_by": "ana",
        "proof_reference": "f",
        "known_at": NOW,
    }
    rows = pl.DataFrame([one, one | {"person": "bo"}, one | {"proof": "hearsay"}, one | {"person": "gone"}])
    erased = {site.participant_key.name("gone")}
    passed = link_door(frame(rows, LinkedAccounts), site.participant_key, site.public_key, site.grants(), erased)
    assert passed.frame.data.select("person", "author").rows() == [(site.participant_key.name("ana"), site.public_key.name("ann"))]
    assert passed.refused == {"erased person": 1, "no consent that names own posts": 1, "no proof stated": 1}


def test_links_of_a_file(site: Site, tmp_path: Path) -> None:
    file = tmp_path / "links.csv"
    file.write_text("person,source,account,proof,by,reference\nana,town,ann,statement,ana,form 7\n")
    assert link_accounts(site, read_links(file)) == 1
    assert told(site) == SAID


def test_a_past_day_is_seen_by_the_consents_of_now_also_by_a_site_that_only_reads(site: Site) -> None:
    link_accounts(site, [ann(site)])
    reader = Site(Settings(), site.folder, FixedClock(NOW))
    assert reader.view_as_of(NOW)[OwnPosts].height == 5
    take(site, [post("old", "ann", "I have a cough", AT - timedelta(days=9))])
    agree(site, "ana", from_at=AT - timedelta(days=30))
    assert reader.view_as_of(NOW)[OwnPosts].height == 6
    reader.close()
