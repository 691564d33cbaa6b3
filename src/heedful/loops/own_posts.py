"""What participants said in public, under accounts that they linked and consented to: from the public stream to the person, by one door."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import blake2b

import polars as pl

from heedful.core.codes import KIND_OF_TABLE
from heedful.core.derivations import derivation
from heedful.core.frames import Frame
from heedful.core.labels import Consented, P, Public
from heedful.core.schemas import LinkedAccounts, OwnPosts, Posts
from heedful.trust.consent import EMPTY
from heedful.trust.doors import own_posts_door

OWN_POSTS = KIND_OF_TABLE["linked_accounts"]
"""The kind of data that a consent must name."""


@dataclass(frozen=True, eq=False)
class OwnPostGrants:
    """Consents in force, for any purpose, that name own posts: the resource `own_post_grants`. When they change, posts are asked again.

    grants: as `heedful.trust.consent.in_force`.
    """

    grants: pl.DataFrame = field(default_factory=lambda: EMPTY)

    def __post_init__(self) -> None:
        object.__setattr__(self, "grants", self.grants.filter(pl.col("kind") == OWN_POSTS))

    @property
    def silent(self) -> bool:
        """Whether nobody agreed, so that nothing need be read."""
        return self.grants.is_empty()

    @property
    def fingerprint(self) -> str:
        text = self.grants.unique().sort(*self.grants.columns).write_csv()
        return "none" if self.silent else blake2b(text.encode(), digest_size=16).hexdigest()


@derivation(
    reads=(LinkedAccounts, Posts), writes=OwnPosts, by=("source", "author"), needs=("own_post_grants",), keys_of=LinkedAccounts, version=1,
)  # fmt: skip
def own_posts(
    links: Frame[Consented[P], LinkedAccounts], posts: Frame[Public, Posts], *, own_post_grants: OwnPostGrants
) -> Frame[Consented[P], OwnPosts]:
    """Public posts of accounts that participants linked, within the time of their consent to own posts: through the door of own posts."""
    return own_posts_door(posts, links, own_post_grants.grants)
