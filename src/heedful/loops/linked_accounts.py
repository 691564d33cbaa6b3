"""Accounts that participants link: shown to be theirs, recorded, listed, and let go, with all that was derived from their posts.

A link says whose an account is, and how that was shown. What may be done with its posts, and with those of which time, is said by consents
that name the kind `own_posts`; without one nothing flows. A link is a base row: it is erased with its person, and letting go of it removes
it and every row derived from it, also from what a past day is shown to have been.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

import polars as pl

from heedful.core.errors import ConsentError, NotFoundError, SourceError, WriterBusyError
from heedful.core.labels import Consented, Held
from heedful.core.schemas import LinkedAccounts, OwnPosts, People, Posts, Timeline
from heedful.engine.intake import Accounts
from heedful.loops.own_posts import OWN_POSTS
from heedful.loops.site import Site
from heedful.sources.base import Batch, frame
from heedful.trust.doors import PROOFS

INPUT = "linked accounts|link"
"""Name of the journal's input that links come by."""
_SYLLABLES = [consonant + vowel for consonant in "bdfgklmnprst" for vowel in "aeiou"]
_MARKS = ("@", "u/", "/u/")
"""What people write before a handle, and sources may not."""


@dataclass(frozen=True)
class Link:
    """What a participant states: `person` and `account` as the files write them, `source` of the posts, and the proof.

    `proof`: statement or posted_code. `by`: who stated it, or looked. `reference`: where a statement lies; of a code it is found.
    """

    person: str
    source: str
    account: str
    proof: str
    by: str
    reference: str = ""


def link_code(site: Site, person: str, source: str, account: str) -> str:
    """The words that an account posts to show that it is this participant's; the same each time, and nobody else's."""
    told = "\x1f".join((site.person(person), source, _author(site, source, account)[1]))
    digest = blake2b(told.encode(), key=site.secret.derived("link"), digest_size=9).digest()
    syllables = [_SYLLABLES[byte % len(_SYLLABLES)] for byte in digest]
    return "heedful " + " ".join("".join(syllables[at : at + 3]) for at in (0, 3, 6))


def link_accounts(site: Site, links: list[Link]) -> int:
    """Record links and derive from their posts; returns how many are new. The whole list is refused if one of it is.

    Raises `NotFoundError` for a person of whom nothing is held; `ConsentError` without a consent that names own posts, without a proof, for
    a code that was not posted, and for an account that somebody else has linked.
    """
    with site.writing():
        rows = [_checked(site, link) for link in links]
        claims = {(link.source, _bare(link.account), link.person) for link in links}
        if len({claim[:2] for claim in claims}) < len(claims):
            raise ConsentError("The list links one account to two participants. An account is one person's: leave out who it is not.")
        schema = {name: dtype for name, dtype in LinkedAccounts.dtypes().items() if name in rows[0]}
        accounts = Accounts.of(site.ledger.inputs().get(INPUT, {}).get("accounts"))
        before, refused = site.lake.read(LinkedAccounts).height, dict(accounts.refused)
        batch = Batch((frame(pl.DataFrame(rows, schema=schema), LinkedAccounts),), {}, len(rows), len(rows), len(rows))
        site.intake.take(INPUT, batch, accounts, finished=True)
        site.intake.derive()
        if accounts.refused != refused:
            reasons = ", ".join(reason for reason, count in accounts.refused.items() if count != refused.get(reason))
            raise ConsentError(
                f"The door of links did not let all of this through ({reasons}); an erased participant is not taken up again."
            )
        new = site.lake.read(LinkedAccounts).height - before
        people = sorted({site.participant_key.name(row["person"]) for row in rows})
        site.ledger.audit(site.clock.now(), "link", {"accounts": len(rows), "people": people, "proofs": sorted({r["proof"] for r in rows})})
    return new


def unlink(site: Site, person: str, source: str = "", account: str = "") -> dict[str, int]:
    """Let go of a participant's linked accounts (of one source, or one account, if named): the links, all rows derived from their posts,
    and the files in which these lay. Returns rows removed by table. Raises `NotFoundError` if there is no such link."""
    with site.writing():
        held = site.lake.read(LinkedAccounts).filter(pl.col("person") == site.person(person))
        if source:
            held = held.filter(pl.col("source") == source)
        if account:
            held = held.filter(pl.col("author").is_in([*_names(site, account), account]))
        if held.is_empty():
            _clean(site)  # a process that was killed may have left files
            raise NotFoundError(f"No such account is linked to {person}. See: heedful link list {person}")
        gone = site.intake.remove(LinkedAccounts, held.select(LinkedAccounts.key))
        _clean(site)
        site.ledger.audit(site.clock.now(), "unlink", {"accounts": held.height, "people": held["person"].unique().to_list()})
    return gone


def linked_accounts(site: Site, person: str = "") -> pl.DataFrame:
    """Links, of one participant if named: columns of `LinkedAccounts`, `purposes` for which a consent in force names own posts (none:
    nothing is read), `held` posts of the account, and `posts` of them that are within a consent."""
    links = site.lake.read(LinkedAccounts)
    if person:
        links = links.filter(pl.col("person") == site.person(person))
    agreed = (
        site.grants().filter(pl.col("kind") == OWN_POSTS).group_by("person").agg(purposes=pl.col("purpose").unique().sort().str.join(", "))
    )
    keys = links.select("source", "author").unique()
    there = site.lake.read(Posts, keys).group_by("source", "author").agg(held=pl.len()) if links.height else None
    passed = site.engine.table(OwnPosts, Consented[Held]).data.group_by(LinkedAccounts.key).agg(posts=pl.len())
    found = links.join(agreed, on="person", how="left").join(passed, on=LinkedAccounts.key, how="left")
    found = found.with_columns(held=pl.lit(None, pl.UInt32)) if there is None else found.join(there, on=["source", "author"], how="left")
    return found.with_columns(pl.col("purposes").fill_null(""), pl.col("posts", "held").fill_null(0)).sort(LinkedAccounts.key)


def follow_consents(site: Site) -> str:
    """Bring own posts up to date with the consents in force, at once; where no account is linked there is nothing to do. While another
    heedful writes it cannot be done: then it is said in words, and done when one begins to write next. Every door asks consents anew
    meanwhile."""
    if not site.lake.parts(LinkedAccounts.table):
        return ""
    try:
        with site.writing():
            _clean(site)
    except WriterBusyError as error:
        return f"Rows of own posts follow when heedful runs next; until then nobody is shown what is not agreed to. ({error})"
    return ""


def read_links(path: Path) -> list[Link]:
    """A CSV file of links: person, source, account, proof, by, reference. Raises `SourceError`."""
    try:
        rows = pl.read_csv(path, infer_schema=False)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise SourceError(path, f"it cannot be read as CSV ({error})", f"Write a header line: {','.join(Link.__annotations__)}") from error
    lost = [name for name in ("person", "source", "account", "proof", "by") if name not in rows.columns]
    if lost or not rows.height:
        raise SourceError(
            path,
            f"it has no {'row' if not lost else 'column ' + ' or '.join(lost)}",
            "A link says who, which account, and how it was shown.",
            1,
        )
    named = rows.select(*[name for name in Link.__annotations__ if name in rows.columns]).fill_null("")
    return [Link(**row) for row in named.iter_rows(named=True)]


def _checked(site: Site, link: Link) -> dict[str, Any]:
    """The raw row of a link that may be recorded."""
    person = site.person(link.person)
    if person == link.person:
        raise ConsentError(f"{person} is a pseudonym. Name the participant as the files do, so that both spaces are named by one hand.")
    if person in site.intake.buried("person"):
        raise ConsentError(f"{link.person} was erased; an erased participant is not taken up again.")
    if not site.grants().filter((pl.col("person") == person) & (pl.col("kind") == OWN_POSTS)).height:
        raise ConsentError(
            f"No consent of {link.person} in force names own posts, and * does not cover them. "
            f"Record it: heedful consent grant {link.person} --purpose care --kinds {OWN_POSTS}"
        )
    if link.proof not in PROOFS or not link.by.strip():
        raise ConsentError(f"A link says how it was shown that the account is {link.person}'s ({' or '.join(PROOFS)}), and by whom.")
    account, author = _author(site, link.source, link.account)
    others = site.lake.read(LinkedAccounts).filter(
        (pl.col("source") == link.source) & pl.col("author").is_in(_names(site, link.account)) & (pl.col("person") != person)
    )
    if others.height:
        raise ConsentError("Another participant has linked this account. An account is one person's: find out whose, and unlink the other.")
    reference = _posted(site, link, author) if link.proof == "posted_code" else link.reference.strip()
    if not reference:
        raise ConsentError("A statement is somewhere: name the place (a form's number, a letter's date). --reference TEXT")
    return {
        "person": link.person, "source": link.source, "author": account, "zone": _zone(site, person), "proof": link.proof,
        "proof_by": link.by.strip(), "proof_reference": reference, "known_at": site.clock.now(),
    }  # fmt: skip


def _posted(site: Site, link: Link, author: str) -> str:
    """The id of the post in which the account wrote its code."""
    code = link_code(site, link.person, link.source, link.account)
    posts = site.lake.read(Posts, pl.DataFrame({"source": [link.source], "author": [author]}))
    hits = posts.filter(pl.col("text").str.to_lowercase().str.contains(code, literal=True), pl.col("kind") != "repost").sort("posted_at")
    if hits.is_empty():
        raise ConsentError(
            f"No post of {link.account} on {link.source} that this site holds has the words of its code: {code!r}. "
            "Let the account post them, read the source again (heedful run), and link then."
        )
    return str(hits["post"][0])


def _author(site: Site, source: str, account: str) -> tuple[str, str]:
    """The account as the source's posts write it, and its pseudonym: of its spellings the first that has posts, else as it was given."""
    spellings = _spellings(account)
    names = _names(site, account)
    known = site.lake.read(Posts, pl.DataFrame({"source": [source] * len(names), "author": names}))["author"].unique().to_list()
    return next(((each, name) for each, name in zip(spellings, names, strict=True) if name in known), (spellings[0], names[0]))


def _names(site: Site, account: str) -> list[str]:
    """Pseudonyms of an account in each of its spellings."""
    return [site.public_key.name(spelling) for spelling in _spellings(account)]


def _bare(account: str) -> str:
    bare = account.strip()
    for mark in _MARKS:
        bare = bare.removeprefix(mark)
    return bare


def _spellings(account: str) -> list[str]:
    bare = _bare(account)
    return list(dict.fromkeys([account.strip(), bare, *(mark + bare for mark in _MARKS)]))


def _zone(site: Site, person: str) -> str | None:
    """The participant's declared zone."""
    zones = site.lake.read(People, pl.DataFrame({"person": [person]}))["zone"].to_list()
    return next((zone for zone in zones if zone in available_timezones()), None)


def _clean(site: Site) -> None:
    """Delete the files in which removed links and rows derived from them lay."""
    names = {LinkedAccounts.table, *(step.table for step in site.engine.plan.steps if step.derivation.writes in (OwnPosts, Timeline))}
    for name in sorted(names & set(site.lake.names())):
        site.lake.vacuum(name)
        site.lake.forget_history(name)


__all__ = ["INPUT", "Link", "follow_consents", "link_accounts", "link_code", "linked_accounts", "read_links", "unlink"]
