"""A site: its settings, lake, ledger, keys and loops, opened together; what the command line and the page talk to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import Any

import polars as pl

from heedful.core.clock import Clock, SystemClock
from heedful.core.errors import ConsentError, NotFoundError, SourceError
from heedful.core.frames import Frame
from heedful.core.labels import PURPOSES, Care, Consented, Held, P
from heedful.core.schemas import INSTANT, TABLES, Schema
from heedful.engine.intake import Accounts, Intake, label_of
from heedful.engine.local import Engine
from heedful.loops.derivations import all_derivations
from heedful.loops.estimates import PublicHealthGrants
from heedful.loops.own_posts import OwnPostGrants
from heedful.loops.resources import site_resources
from heedful.loops.settings import InputSettings, Settings
from heedful.sources.base import SOURCES, Options, Source
from heedful.sources.recognise import recognise
from heedful.store.lake import Lake
from heedful.store.ledger import Ledger
from heedful.store.secrets import SiteSecret
from heedful.trust.consent import check_act
from heedful.trust.doors import for_purpose
from heedful.trust.pseudonyms import PseudonymKey

Progress = Callable[[str, int, int, int], None]
"""Called with (input, bytes done, bytes in all or 0, records so far)."""


@dataclass(frozen=True)
class Input:
    """One recognised file or folder with what the user declared about it."""

    path: Path
    source: Source
    options: Options

    @property
    def name(self) -> str:
        """Its name in the journal: the same file, unchanged, is the same input."""
        stat = self.path.stat()
        mark = f"{stat.st_size}-{stat.st_mtime_ns}" if self.path.is_file() else f"folder-{_newest(self.path)}"
        declared = blake2b(repr((self.options, self.source.card.name)).encode(), digest_size=4).hexdigest()
        return f"{self.path.name}|{self.source.card.name}|{self.options.subject}|{mark}|{declared}"


class Site:
    """Everything of one site.

    Parameters
    ----------
    settings: checked settings. folder: where its data lies (made if absent). clock: whose time is asked.
    own_files: everybody in the files is the user, or somebody for whom the user answers: consent for care is recorded as they come.
    """

    def __init__(self, settings: Settings, folder: Path, clock: Clock | None = None, own_files: bool = False) -> None:
        self._own_files, self._welcomed = own_files, set[str]()
        self.settings, self.folder, self.clock = settings, folder, clock or SystemClock()
        folder.mkdir(parents=True, exist_ok=True)
        self.secret = SiteSecret(folder / "secret.key")
        self.ledger = Ledger(settings.site.ledger or f"sqlite:///{folder / 'ledger.sqlite'}")
        self.lake = Lake(folder / "lake")
        self.public_key = PseudonymKey.of("public", self.secret.value)
        self.participant_key = PseudonymKey.of("participant", self.secret.value)

    @cached_property
    def engine(self) -> Engine:
        """The engine with all derivations of both loops."""
        return Engine(self.lake, all_derivations(), site_resources(self.settings, self.folder) | self._consented())

    def _consented(self) -> dict[str, Any]:
        """Resources that are consents in force now."""
        grants = self.grants()
        return {"public_health": PublicHealthGrants(grants), "own_post_grants": OwnPostGrants(grants)}

    @cached_property
    def intake(self) -> Intake:
        """The only writer of base rows."""
        return Intake(
            self.lake,
            self.ledger,
            self.engine,
            self.clock,
            self.public_key,
            self.participant_key,
            self.secret.seal,
            welcome=self._welcome if self._own_files else None,
        )

    @contextmanager
    def writing(self) -> Iterator[list[str]]:
        """Hold the writer's lock, after finishing what a crash left and recomputing what has a new version; yields what was done."""
        with self.lake.writer_lock():
            self.engine.resources.update(self._consented())
            yield [*self.intake.recover(), *self._raise_versions()]

    def _raise_versions(self) -> list[str]:
        wanted = {}
        for step in self.engine.plan.steps:
            prints = [self.engine.resources[name].fingerprint for name in step.derivation.needs]
            wanted[f"derivation:{step.derivation.name}"] = ":".join([str(step.derivation.version), *prints])
        differ = [name.removeprefix("derivation:") for name, version in wanted.items() if self.ledger.fact(name) != version]
        stale = differ if self.ledger.last_batch() else []  # a site without a batch has nothing to compute again
        if stale:
            self.engine.rebuild(stale, self.ledger.last_batch())
        if differ:
            self.ledger.set_facts(wanted)
        return [f"{name} has a new version and was computed again" for name in stale]

    # --- reading sources

    def inputs(
        self, declared: Iterable[InputSettings], base: Path, refused: dict[str, str] | None = None, unknown: dict[str, str] | None = None
    ) -> list[Input]:
        """Recognise the declared inputs. One that nobody can read is told in `refused`, by its path; without it `SourceError` is raised.

        Files of a folder that no source knows, while it knows others, are told in `unknown`, by their path.
        """
        found = list[Input]()
        for one in declared:
            try:
                found += self._recognised(one, base / one.path, unknown)
            except SourceError as error:
                if refused is None:
                    raise
                refused[str(base / one.path)] = str(error)
        return found

    def _recognised(self, one: InputSettings, path: Path, unknown: dict[str, str] | None = None) -> list[Input]:
        options = Options(one.name or path.name.split(".")[0], one.subject, one.zone, one.settings)
        if one.kind:
            return [Input(path, SOURCES.get(one.kind), options)]
        hits = recognise(path)
        found = [Input(hit.path, SOURCES.get(hit.source), options) for hit in hits if hit.source]
        others = {str(hit.path): hit.reason or hit.why for hit in hits if not hit.source}
        if unknown is not None and found:
            unknown |= others
        if not found:
            reasons = "; ".join(sorted(set(others.values()))) or "the folder is empty"
            raise SourceError(path, f"no source knows this kind of file ({reasons})", "See what can be read with: heedful sources")
        return found

    def read(self, one: Input, progress: Progress | None = None) -> Accounts:
        """Read an input to its end, from where an earlier run stopped; a finished one is not read again."""
        known = self.ledger.inputs().get(one.name, {})
        accounts = Accounts.of(known.get("accounts"))
        if known.get("finished"):
            return accounts
        last: Any = None
        try:
            for batch in one.source.read(one.path, one.options, self.clock.now(), known.get("cursor")):
                if last is not None:
                    self.intake.take(one.name, last, accounts)
                last = batch
                if progress is not None:
                    progress(one.path.name, batch.done, batch.total, accounts.records + batch.records)
        except SourceError:
            # What was read before the break is kept, and the input stays unfinished.
            if last is not None:
                self.intake.take(one.name, last, accounts)
            raise
        if last is not None:
            self.intake.take(one.name, last, accounts, finished=True)
        return accounts

    # --- consent

    def _welcome(self, people: set[str]) -> None:
        new = sorted(people - self._welcomed)
        if new:
            self.record_consents(pl.DataFrame({"person": new, "purpose": ["care"] * len(new)}), "look at own files")
            self._welcomed |= people

    def record_consents(self, acts: pl.DataFrame, how: str) -> int:
        """Record consent acts of *raw* person ids; columns person, purpose, kinds, act, from_at, until_at. Returns how many were new."""
        now = self.clock.now()
        rows = []
        for row in acts.iter_rows(named=True):
            act, kinds = row.get("act") or "grant", row.get("kinds") or "*"
            check_act(row["purpose"], kinds, row.get("from_at"), row.get("until_at"))
            if act not in ("grant", "withdraw"):
                raise ConsentError(f"{act!r} is not an act of consent; write grant or withdraw.")
            person = self.participant_key.name(row["person"])
            body = (
                person,
                row["purpose"],
                kinds,
                act,
                str(row.get("from_at")),
                str(row.get("until_at")),
                "" if how == "file" else now.isoformat(),
            )
            rows.append(
                {
                    "consent": blake2b("\x1f".join(body).encode(), digest_size=8).hexdigest(),
                    "person": person,
                    "purpose": row["purpose"],
                    "kinds": kinds,
                    "act": act,
                    "from_at": row.get("from_at"),
                    "until_at": row.get("until_at"),
                    "recorded_at": _recorded(row, now, how),
                    "how": how,
                }
            )
        new = self.ledger.insert("consents", rows)
        if new:
            self.ledger.audit(now, "consent", {"acts": new, "people": sorted({row["person"] for row in rows}), "how": how})
        return new

    def grants(self) -> pl.DataFrame:
        """Consents in force now."""
        return self.ledger.grants(self.clock.now())

    def person(self, raw_id: str) -> str:
        """The pseudonym of a participant, given their id or the pseudonym itself. Raises `NotFoundError` if nothing is held."""
        for name in (raw_id, self.participant_key.name(raw_id)):
            if name in self.people():
                return name
        raise NotFoundError(f"Nothing is held about a participant {raw_id!r}. Ids are those of the files; see: heedful consent show")

    def people(self) -> set[str]:
        """Pseudonyms of all participants with a consent or a row."""
        found = set(self.ledger.rows("consents")["person"].to_list())
        for schema in TABLES.values():
            if schema.kind == "base" and schema.stream == "personal":
                found |= set(self.lake.scan(schema.table, schema).select(pl.col("person").unique()).collect()["person"].to_list())
        return found

    # --- seeing

    def held(self, schema: type[Schema]) -> list[tuple[Frame[Consented[Held], Any], set[str] | None]]:
        """Frames of a participants' table as held, each with the kinds of data behind it (None: base rows, asked one by one)."""
        if schema.kind == "base":
            return [(self.engine.table(schema, label_of(schema)), None)]
        node = (schema, Consented[Held])
        steps = self.engine.plan.writers.get(node, [])
        frames = [self.lake.read_derived(step.table, schema, None) for step in steps]
        empty = self.engine.table(schema, Consented[Held], schema.empty().select(schema.key))
        return [(empty.derive(schema, rows), self.engine.plan.kinds(step)) for step, rows in zip(steps, frames, strict=True)]

    def view(self, schema: type[Schema], purpose: type[P]) -> Frame[Consented[P], Any]:
        """All rows of a participants' table that `purpose` may see now."""
        grants = self.grants()
        frames = [for_purpose(frame, purpose, grants, kinds) for frame, kinds in self.held(schema)]
        return frames[0].derive(schema, pl.concat([frame.data for frame in frames])) if frames else self._nothing(schema, purpose)

    def _nothing(self, schema: type[Schema], purpose: type[P]) -> Frame[Consented[P], Any]:
        empty = self.engine.table(schema, Consented[Held], schema.empty().select(schema.key))
        return for_purpose(empty, purpose, self.grants(), set())

    def view_as_of(self, instant: datetime) -> dict[type[Schema], pl.DataFrame]:
        """Every derived table as it would have stood at `instant`, participants' rows for care under the consents in force now."""
        self.engine.resources.update(self._consented())
        grants, found = self.grants(), dict[type[Schema], list[pl.DataFrame]]()
        for name, rows in self.engine.recompute(instant).items():
            step = self.engine.plan.step(name)
            schema, label = step.output
            if label is Consented[Held] and schema.stream == "either":
                continue  # a diary's mentions are seen in its writer's timeline; here they would mix with the public's
            if label is Consented[Held]:
                empty = self.engine.table(schema, Consented[Held], schema.empty().select(schema.key))
                rows = for_purpose(empty.derive(schema, rows), Care, grants, self.engine.plan.kinds(step)).data
            found.setdefault(schema, []).append(rows)
        return {schema: pl.concat(parts) for schema, parts in found.items()}

    def base_as_of(self, schema: type[Schema], instant: datetime) -> pl.DataFrame:
        """Rows of a participants' base table known by `instant` that care may see now."""
        held = self.engine.table(schema, label_of(schema), schema.empty().select(schema.key))
        return for_purpose(held.derive(schema, self.lake.read(schema, as_of=instant)), Care, self.grants()).data

    def close(self) -> None:
        """Let go of the ledger."""
        self.ledger.close()


def _recorded(row: dict[str, Any], now: datetime, how: str) -> datetime:
    """When an act counts from: as a file says, else its `from_at` where that has passed, else now. What is told to a command counts from
    now, whatever events it covers: else a grant that covers the past would lie before a withdrawal that it takes back."""
    said = row.get("recorded_at") or (None if how == "command" else row.get("from_at"))
    return said if said is not None and said <= now else now


def read_consents(path: Path) -> pl.DataFrame:
    """A consents CSV: person, purpose, and optionally kinds, act, from_at, until_at (ISO). Raises `SourceError`."""
    try:
        rows = pl.read_csv(path, infer_schema=False)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise SourceError(
            path, f"it cannot be read as CSV ({error})", "Write a header line: person,purpose,kinds,act,from_at,until_at"
        ) from error
    lost = [name for name in ("person", "purpose") if name not in rows.columns]
    if lost:
        raise SourceError(
            path, f"it has no column {' or '.join(lost)}", f"A consents file names {', '.join(PURPOSES)} as purpose of each person.", 1
        )
    instants = [name for name in ("from_at", "until_at", "recorded_at") if name in rows.columns]
    try:
        return rows.with_columns(
            [
                pl.col(name).str.strip_chars().replace("", None).str.to_datetime(time_unit="us", time_zone="UTC").cast(INSTANT)
                for name in instants
            ]
        )
    except pl.exceptions.PolarsError as error:
        raise SourceError(path, f"an instant cannot be read ({error})", "Write instants as 2026-03-01T00:00:00Z.") from error


def _newest(folder: Path) -> str:
    stats = sorted(
        (str(file.relative_to(folder)), file.stat().st_size, file.stat().st_mtime_ns) for file in folder.rglob("*") if file.is_file()
    )
    return blake2b(repr(stats).encode(), digest_size=8).hexdigest()
