"""Every table, declared once: columns, types, units, keys. The reference page and `heedful tables` are generated from here.

Instants are UTC with microseconds; a local-time column keeps its zone offset beside it. Units are UCUM. `known_at` is when
heedful knew a row; `*_at` is when a thing happened. A key that is seen again with other content is a correction: the newest
`known_at` up to the day that is asked for counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import polars as pl

from heedful.core.errors import SchemaError

Kind = Literal["base", "derived", "ledger"]
Stream = Literal["public", "personal", "aggregate", "either"]
Grain = Literal["day", "month", "year", "none"]

INSTANT = pl.Datetime("us", "UTC")


@dataclass(frozen=True)
class Column:
    """One column: polars type, what it means, UCUM unit if it has one, whether it may be missing."""

    dtype: pl.DataType
    meaning: str
    unit: str = ""
    nullable: bool = False


def column(dtype: Any, meaning: str, *, unit: str = "", nullable: bool = False) -> Any:
    """Declare a column of a schema; typed as Any so that a class body reads like a table."""
    return Column(dtype() if isinstance(dtype, type) else dtype, meaning, unit, nullable)


class Schema:
    """Base of all tables. A subclass is a type, never an instance: ``Frame[Public, Posts]``."""

    table: ClassVar[str]
    kind: ClassVar[Kind]
    stream: ClassVar[Stream]
    key: ClassVar[tuple[str, ...]]
    grain: ClassVar[Grain]
    columns: ClassVar[dict[str, Column]]

    def __init_subclass__(
        cls,
        *,
        table: str = "",
        kind: Kind = "derived",
        stream: Stream = "personal",
        key: tuple[str, ...] = (),
        grain: Grain = "none",
        register: bool = True,
    ) -> None:
        # Columns first: one of them may be called `kind`, as the class attribute is that is set next.
        cls.columns = {name: value for name, value in vars(cls).items() if isinstance(value, Column)}
        cls.table, cls.kind, cls.stream, cls.key, cls.grain = table, kind, stream, key, grain
        lost = [name for name in key if name not in cls.columns]
        if lost:
            raise SchemaError(f"{cls.__name__}: key columns {lost} are not declared.")
        if register and table:
            if table in TABLES:
                raise SchemaError(f"The table {table} is declared twice.")
            TABLES[table] = cls

    @classmethod
    def dtypes(cls) -> dict[str, pl.DataType]:
        return {name: value.dtype for name, value in cls.columns.items()}

    @classmethod
    def empty(cls) -> pl.DataFrame:
        if cls not in _EMPTY:
            _EMPTY[cls] = pl.DataFrame(schema=cls.dtypes())
        return _EMPTY[cls]

    @classmethod
    def check(cls, data: pl.DataFrame) -> pl.DataFrame:
        """The rows with exactly this schema's columns in order; absent nullable columns become nulls.

        Raises `SchemaError` on an absent required column, an unknown column, a type that does not cast without loss, or a
        missing value where none is allowed.
        """
        schema = data.schema
        if schema == cls.dtypes() and schema.names() == list(cls.columns):
            return cls._complete(data)
        unknown = [name for name in schema if name not in cls.columns]
        if unknown:
            raise SchemaError(f"{cls.table}: unknown columns {unknown}. Its columns are {list(cls.columns)}.")
        parts: list[pl.Expr] = []
        for name, declared in cls.columns.items():
            if name not in schema:
                if not declared.nullable:
                    raise SchemaError(f"{cls.table}: the column {name} ({declared.meaning}) is missing.")
                parts.append(pl.lit(None, dtype=declared.dtype).alias(name))
            elif schema[name] != declared.dtype:
                parts.append(pl.col(name).cast(declared.dtype, strict=True))
            else:
                parts.append(pl.col(name))
        try:
            out = data.select(parts)
        except pl.exceptions.PolarsError as error:
            raise SchemaError(f"{cls.table}: a value does not fit its column: {error}") from error
        return cls._complete(out)

    @classmethod
    def _complete(cls, out: pl.DataFrame) -> pl.DataFrame:
        for name, declared in cls.columns.items():
            if not declared.nullable and out.height and out[name].null_count():
                raise SchemaError(f"{cls.table}: {out[name].null_count()} rows have no {name} ({declared.meaning}).")
        return out


TABLES: dict[str, type[Schema]] = {}
_EMPTY: dict[type[Schema], pl.DataFrame] = {}


# --- base tables: what sources said -----------------------------------------------------------------------------------


class Posts(Schema, table="posts", kind="base", stream="public", key=("source", "post"), grain="month"):
    """A post, by whom (pseudonym of the public space), where (as declared), in reply to what."""

    source = column(pl.String, "name of the source, as in heedful.toml or the file's kind")
    post = column(pl.String, "the post's id at its source")
    author = column(pl.String, "pseudonym of the author in the public space (raw: the handle or account id)")
    day = column(pl.Date, "UTC day of posted_at")
    posted_at = column(INSTANT, "when it was posted")
    known_at = column(INSTANT, "when heedful knew it")
    text = column(pl.String, "the text, identifiers stripped")
    language = column(pl.String, "BCP 47 tag declared by the source", nullable=True)
    place_declared = column(pl.String, "place as the author or source declares it, free text", nullable=True)
    reply_to = column(pl.String, "id of the post answered", nullable=True)
    thread = column(pl.String, "id of the thread, submission or conversation", nullable=True)
    community = column(pl.String, "subreddit, group, instance or feed", nullable=True)
    kind = column(pl.String, "post, reply, repost, review, comment")
    synthetic = column(pl.Boolean, "made by a simulator")
    extra = column(pl.String, "fields that heedful does not know, as JSON", nullable=True)


class Series(
    Schema, table="series", kind="base", stream="aggregate", key=("source", "signal", "place", "stratum", "day", "known_at"), grain="year"
):
    """An official count as issued on a date."""

    source = column(pl.String, "who issued it")
    signal = column(pl.String, "what is counted, for example ili_visits")
    place = column(pl.String, "place code: US, US/NY, or the issuer's own")
    stratum = column(pl.String, "age group or other stratum; 'all' if none")
    day = column(pl.Date, "first day of the period; weeks start on the issuer's day")
    period_days = column(pl.Int32, "length of the period", unit="d")
    value = column(pl.Float64, "the count or rate", nullable=True)
    denominator = column(pl.Float64, "what it is out of", nullable=True)
    unit = column(pl.String, "UCUM unit of value, {count} for counts")
    known_at = column(INSTANT, "when it was issued")
    extra = column(pl.String, "fields that heedful does not know, as JSON", nullable=True)


class People(Schema, table="people", kind="base", stream="personal", key=("person",)):
    """A participant's declared attributes and zone."""

    person = column(pl.String, "pseudonym of the participant space (raw: the participant's id)")
    zone = column(pl.String, "IANA time zone as declared", nullable=True)
    birth_year = column(pl.Int32, "declared", nullable=True)
    sex = column(pl.String, "as declared: female, male, other", nullable=True)
    place = column(pl.String, "place code as declared", nullable=True)
    language = column(pl.String, "BCP 47 tag of messages", nullable=True)
    known_at = column(INSTANT, "when heedful knew it")
    extra = column(pl.String, "further attributes, as JSON", nullable=True)


class Observations(
    Schema, table="observations", kind="base", stream="personal", key=("person", "code", "start_at", "device", "row"), grain="month"
):
    """A measured value over an interval."""

    person = column(pl.String, "pseudonym of the participant space (raw: the participant's id)")
    code = column(pl.String, "what was measured: a name of heedful.core.codes, such as steps, heart_rate, sleep_stage")
    day = column(pl.Date, "local calendar day of start_at")
    start_at = column(INSTANT, "start of the interval")
    end_at = column(INSTANT, "end of the interval; equal to start_at for an instant")
    offset_minutes = column(pl.Int16, "zone offset of local time at start_at", unit="min")
    value = column(pl.Float64, "the number; for coded values see value_code", nullable=True)
    value_code = column(pl.String, "coded value: asleep, awake, in_bed, rem, …", nullable=True)
    unit = column(pl.String, "UCUM unit of value")
    device = column(pl.String, "device or app, without serial numbers and memory addresses")
    how = column(pl.String, "measured, vendor_derived or self_reported")
    row = column(pl.Int32, "0, or a running number where one device reports one code at one start several times with different values")
    known_at = column(INSTANT, "when heedful knew it")
    extra = column(pl.String, "fields that heedful does not know, as JSON", nullable=True)


class Diary(Schema, table="diary", kind="base", stream="personal", key=("person", "entry"), grain="month"):
    """A participant's own text."""

    person = column(pl.String, "pseudonym of the participant space")
    entry = column(pl.String, "id of the entry")
    day = column(pl.Date, "local day of written_at")
    written_at = column(INSTANT, "when it was written")
    text = column(pl.String, "the text, identifiers stripped")
    language = column(pl.String, "BCP 47 tag", nullable=True)
    known_at = column(INSTANT, "when heedful knew it")
    extra = column(pl.String, "fields that heedful does not know, as JSON", nullable=True)


class Answers(Schema, table="answers", kind="base", stream="personal", key=("person", "instrument", "item", "asked_at"), grain="month"):
    """One item of a questionnaire or momentary assessment."""

    person = column(pl.String, "pseudonym of the participant space")
    instrument = column(pl.String, "phq9, who5, … or the form's own name")
    item = column(pl.String, "item within the instrument")
    day = column(pl.Date, "local day of asked_at")
    asked_at = column(INSTANT, "when it was asked")
    answered_at = column(INSTANT, "when it was answered", nullable=True)
    value = column(pl.Float64, "numeric answer", nullable=True)
    value_text = column(pl.String, "text or coded answer", nullable=True)
    known_at = column(INSTANT, "when heedful knew it")


class Dispensings(Schema, table="dispensings", kind="base", stream="personal", key=("person", "drug", "dispensed_on", "row"), grain="year"):
    """A dispensing event."""

    person = column(pl.String, "pseudonym of the participant space")
    drug = column(pl.String, "code or name of the drug or class")
    drug_system = column(pl.String, "ATC, RxNorm, NDC or local")
    day = column(pl.Date, "same as dispensed_on")
    dispensed_on = column(pl.Date, "day of dispensing")
    days_supplied = column(pl.Float64, "days covered at the prescribed dose", unit="d", nullable=True)
    quantity = column(pl.Float64, "units dispensed", nullable=True)
    daily_dose = column(pl.Float64, "prescribed dose a day", nullable=True)
    dose_unit = column(pl.String, "UCUM unit of daily_dose", nullable=True)
    row = column(pl.Int32, "0, or a running number for several dispensings of a drug on a day")
    known_at = column(INSTANT, "when heedful knew it")
    extra = column(pl.String, "fields that heedful does not know, as JSON", nullable=True)


class Records(Schema, table="records", kind="base", stream="personal", key=("person", "resource"), grain="none"):
    """A condition, allergy, prescription, procedure, report or plan of a clinical record: typed columns and the source's JSON."""

    person = column(pl.String, "pseudonym of the participant space")
    resource = column(pl.String, "type and id, for example Condition/12 (the id is pseudonymous)")
    type = column(pl.String, "FHIR R4 resource type")
    day = column(pl.Date, "day of happened_at", nullable=True)
    happened_at = column(INSTANT, "onset, authored, performed or effective time", nullable=True)
    ended_at = column(INSTANT, "abatement or end", nullable=True)
    code = column(pl.String, "first coding's code", nullable=True)
    system = column(pl.String, "its system: SNOMED CT, LOINC, RxNorm, ICD-10-CM, …", nullable=True)
    display = column(pl.String, "human text of the code", nullable=True)
    status = column(pl.String, "status or clinical status", nullable=True)
    value = column(pl.Float64, "numeric value, if the resource has one", nullable=True)
    unit = column(pl.String, "UCUM unit of value", nullable=True)
    known_at = column(INSTANT, "when heedful knew it")
    json = column(pl.String, "the resource as received, identifiers stripped")


class LinkedAccounts(Schema, table="linked_accounts", kind="base", stream="personal", key=("person", "source", "author")):
    """A public account that a participant said, and showed, to be theirs: the one place where the two pseudonym spaces meet."""

    person = column(pl.String, "pseudonym of the participant space (raw: the participant's id)")
    source = column(pl.String, "source of the posts")
    author = column(pl.String, "pseudonym of the public space (raw: the handle or account id, as the source's posts write it)")
    zone = column(pl.String, "IANA time zone by which the posts are dated", nullable=True)
    proof = column(pl.String, "how it was shown: statement (of the participant) or posted_code (the account posted this site's code)")
    proof_by = column(pl.String, "who stated it, or who looked")
    proof_reference = column(pl.String, "where the statement lies, or the id of the post with the code")
    known_at = column(INSTANT, "when the link was recorded")


class Quarantine(Schema, table="quarantine", kind="base", stream="either", key=("source", "file", "line", "reason")):
    """What could not be read, kept with its reason. The line itself is sealed: encrypted under the ledger's key."""

    source = column(pl.String, "name of the source")
    file = column(pl.String, "file name, without its folders")
    line = column(pl.Int64, "1-based line, record or byte position")
    reason = column(pl.String, "what is wrong and what would cure it")
    content = column(pl.String, "the line, sealed", nullable=True)
    known_at = column(INSTANT, "when heedful met it")


# --- derived tables ---------------------------------------------------------------------------------------------------


class Mentions(Schema, table="mentions", stream="either", key=("source", "post", "author", "start"), grain="month"):
    """A concept in a text, with span, context and role. `source` and `post` name the text: a post, or ('diary', entry)."""

    source = column(pl.String, "source of the post, or 'diary'")
    post = column(pl.String, "id of the post or diary entry")
    author = column(pl.String, "pseudonym (public space for posts, participant space for diaries)")
    day = column(pl.Date, "day of the text")
    known_at = column(INSTANT, "when the text was known")
    place = column(pl.String, "place code of the text: declared, else named in it; empty if neither")
    place_how = column(pl.String, "declared, named or none")
    start = column(pl.Int32, "byte offset of the span in the stored text", unit="By")
    end = column(pl.Int32, "byte offset after the span", unit="By")
    surface = column(pl.String, "the words as written")
    concept = column(pl.String, "code, for example HP:0002315 or drug:sertraline; empty for a span that only the tagger finds")
    label = column(pl.String, "the concept's preferred name; without a code the words in lower case")
    type = column(pl.String, "symptom, condition or drug")
    assertion = column(
        pl.String, "present, absent, possible, hypothetical, historical, question, resolved, refused (drugs), figurative or reported (news)"
    )
    experiencer = column(pl.String, "self, child, partner, parent, family (other relatives), patient (of the writer), other or generic")
    cue = column(pl.String, "the words that decided the assertion or experiencer; empty if none", nullable=True)
    role = column(pl.String, "adverse_effect, indication, benefit, withdrawal or none")
    severity = column(pl.String, "mild, moderate, severe or unknown")
    probability = column(pl.Float64, "by the tagger, of the span that this is or touches; missing where it sees none", nullable=True)
    language = column(pl.String, "language that the text was read in: declared, or told by its small words", nullable=True)
    misspelled = column(pl.Boolean, "whether a word was read as a health word that it misspells", nullable=True)
    dated = column(
        pl.String, "of a historical mention when, roughly: a year, time before the text (-P3Y), childhood, youth, pregnancy", nullable=True
    )
    place_confidence = column(pl.Float64, "how sure the place is, 0 to 1; missing where there is none", nullable=True)


class Experiences(Schema, table="experiences", stream="either", key=("source", "post", "author", "n"), grain="month"):
    """A treatment and what it did, each effect on an axis of its own."""

    source = column(pl.String, "source of the post, or 'diary'")
    post = column(pl.String, "id of the text")
    n = column(pl.Int32, "number of the experience within the text")
    author = column(pl.String, "pseudonym")
    day = column(pl.Date, "day of the text")
    known_at = column(INSTANT, "when the text was known")
    place = column(pl.String, "place code of the text; empty if none")
    treatment = column(pl.String, "drug concept")
    treatment_label = column(pl.String, "drug name")
    axis = column(pl.String, "adverse, withdrawal, benefit, no_effect, interaction, stop, switch or missed_dose")
    effect = column(pl.String, "effect concept; empty for stop, switch and missed dose, and for a benefit or lack of it that names none")
    effect_label = column(pl.String, "effect name; for stop, switch and missed dose the finding given as the reason, if one is")
    severity = column(pl.String, "of the effect: mild, moderate or severe; missing if no word says", nullable=True)
    onset_days = column(pl.Float64, "day after the start by which it was there; of a stop: time after the start", unit="d", nullable=True)
    duration_days = column(pl.Float64, "how long it lasted, so far or in all", unit="d", nullable=True)
    persistence = column(pl.String, "of the effect: persistent or passing; missing if no word says", nullable=True)
    reason = column(
        pl.String, "of a stop, switch or missed dose: cost, access, forgot, felt_fine, fear, no_effect, side_effect or other", nullable=True
    )
    reason_words = column(pl.String, "the words that gave the reason", nullable=True)
    switched_from = column(pl.String, "of a switch: drug concept that was left, if named", nullable=True)
    switched_to = column(pl.String, "of a switch: drug concept that was taken up, if named", nullable=True)
    taken_with = column(pl.String, "of an interaction: the other drug's concept", nullable=True)
    start = column(pl.Int32, "byte offset of the effect's or cue's span", unit="By")
    end = column(pl.Int32, "byte offset after it", unit="By")


class OwnPosts(Schema, table="own_posts", stream="personal", key=("person", "source", "post"), grain="month"):
    """A public post of an account that a participant linked, within the time of a consent that names own posts."""

    person = column(pl.String, "pseudonym of the participant space")
    source = column(pl.String, "source of the post")
    post = column(pl.String, "id of the post")
    author = column(pl.String, "pseudonym of the linked account in the public space")
    day = column(pl.Date, "day of posted_at in the zone of the link")
    written_at = column(INSTANT, "when it was posted")
    text = column(pl.String, "the text, identifiers stripped")
    language = column(pl.String, "BCP 47 tag declared by the source", nullable=True)
    kind = column(pl.String, "post, reply, review or comment; what others wrote and the account passed on is left out")
    known_at = column(INSTANT, "when heedful knew both, the post and the link")


class Voices(Schema, table="voices", stream="public", key=("day", "author", "flag"), grain="month"):
    """Why an author's day may not be one person speaking of themselves: a flag with its reason and figures. No row: no flag."""

    day = column(pl.Date, "UTC day")
    author = column(pl.String, "pseudonym of the public space")
    flag = column(pl.String, "copy_paste, co_sharing, news, advert or automation")
    campaign = column(pl.String, "id of the campaign or network; the same for all its members that day; empty if none")
    accounts = column(pl.Int32, "accounts in it; 1 if none")
    posts = column(pl.Int32, "the author's posts that were looked at")
    score = column(pl.Float64, "the figure that decided: see why")
    p = column(pl.Float64, "chance of the same if nobody acts together, by the null model; null where there is none", nullable=True)
    q = column(pl.Float64, "Benjamini-Hochberg q over all pairs of accounts that could have met", nullable=True)
    known_at = column(INSTANT, "from when on enough posts were known to say so")
    why = column(pl.String, "one plain sentence")


class Claims(Schema, table="claims", stream="public", key=("source", "post", "claim"), grain="month"):
    """A post's match to a claim of the site's bank; most posts have none. Never whether it is true: that is the claim's source's word."""

    source = column(pl.String, "source of the post")
    post = column(pl.String, "id of the post")
    claim = column(pl.String, "id of the claim in the bank")
    author = column(pl.String, "pseudonym of the public space")
    day = column(pl.Date, "UTC day of the post")
    known_at = column(INSTANT, "when the post was known")
    stance = column(pl.String, "spreads, refutes, asks, jokes, or unclear")
    score = column(pl.Float64, "share of words and word parts in common, 0 to 1")
    evidence = column(pl.String, "words of the claim that the post holds")
    cue = column(pl.String, "the words that decided the stance; empty if none did")


class TextLabels(Schema, table="text_labels", stream="public", key=("source", "post", "author", "head", "label"), grain="month"):
    """What a head says of a post that names a drug: a row where it says yes or is not sure; no row is a no. Never a word on its author."""

    source = column(pl.String, "source of the post")
    post = column(pl.String, "id of the post")
    author = column(pl.String, "pseudonym of the public space")
    day = column(pl.Date, "UTC day of the post")
    known_at = column(INSTANT, "when the post was known")
    head = column(pl.String, "name of the head, whose card says what its labels mean")
    label = column(pl.String, "label of the head, or 'unfamiliar': sentences hold mostly words that the head never met")
    probability = column(pl.Float64, "calibrated, of the sentence that most has the label; of 'unfamiliar' the share of sentences")
    unsure = column(pl.Boolean, "within the head's band of abstention")


class CrisisCounts(Schema, table="crisis_counts", stream="aggregate", key=("signal", "place", "day", "known_at"), grain="month"):
    """People whose posts hold crisis words, by place and day; a small cell is withheld as in `counts`. No table says who they are."""

    signal = column(pl.String, "crisis:self_harm, crisis:overdose or crisis:emergency")
    place = column(pl.String, "place code, 'world' for all")
    day = column(pl.Date, "day counted")
    known_at = column(INSTANT, "from when on this was known")
    people = column(pl.Int64, "distinct people; null if suppressed", unit="{people}", nullable=True)
    posts = column(pl.Int64, "posts; null if suppressed", nullable=True)
    denominator = column(
        pl.Int64, "distinct people who posted anything there on that day; null if suppressed", unit="{people}", nullable=True
    )
    suppressed = column(pl.String, "'' if shown; 'minimum' or 'complementary' if withheld")


class PeopleMentions(Schema, table="people_mentions", stream="public", key=("day", "place", "concept", "author"), grain="month"):
    """Which author said what where on which day; `concept` 'any' stands for having posted at all."""

    day = column(pl.Date, "UTC day")
    place = column(pl.String, "place code at each level of its hierarchy; 'world' for all")
    concept = column(pl.String, "concept, or 'any'")
    author = column(pl.String, "pseudonym of the public space")
    posts = column(pl.Int32, "posts of the author with the concept on that day")
    known_at = column(INSTANT, "when the first of them was known")


class Counts(Schema, table="counts", stream="aggregate", key=("signal", "place", "stratum", "day", "known_at"), grain="month"):
    """People by signal, place and day, as known on a date. A cell below the disclosure minimum is suppressed: null, never zero."""

    signal = column(pl.String, "concept, or a participants' signal")
    place = column(pl.String, "place code, 'world' for all")
    stratum = column(pl.String, "'all', or a declared stratum")
    day = column(pl.Date, "day counted")
    known_at = column(INSTANT, "from when on this was known")
    people = column(pl.Int64, "distinct people; null if suppressed", unit="{people}", nullable=True)
    posts = column(pl.Int64, "posts; null if suppressed", nullable=True)
    denominator = column(
        pl.Int64, "distinct people who posted anything there on that day; null if suppressed", unit="{people}", nullable=True
    )
    suppressed = column(pl.String, "'' if shown; 'minimum' or 'complementary' if withheld")


class WeeklyPeople(Schema, table="weekly_people", stream="aggregate", key=("signal", "place", "stratum", "day"), grain="year"):
    """Counts of people added up over a week that is over: person-days, of which a withheld day is half the disclosure minimum."""

    signal = column(pl.String, "concept, or a participants' signal; 'any': the week has counts")
    place = column(pl.String, "place code, 'world' for all")
    stratum = column(pl.String, "'all', or a declared stratum")
    day = column(pl.Date, "last day of the week, a Sunday")
    people = column(pl.Float64, "person-days: people of each day, added up")
    withheld = column(pl.Int64, "days of it that are withheld")


class LeftOut(Schema, table="left_out", stream="aggregate", key=("signal", "place", "stratum", "day", "known_at"), grain="month"):
    """People whom the counts leave out because their voices are flagged; with the row of `counts` of the same key they are everybody."""

    signal = column(pl.String, "concept, or 'any'")
    place = column(pl.String, "place code, 'world' for all")
    stratum = column(pl.String, "'all', or a declared stratum")
    day = column(pl.Date, "day counted")
    known_at = column(INSTANT, "from when on this was known")
    people = column(pl.Int64, "distinct people left out; null if withheld", unit="{people}", nullable=True)
    flags = column(pl.String, "their flags, the commonest first; empty if withheld")
    suppressed = column(pl.String, "'' if shown; 'minimum' or 'complementary' if withheld")


class DeclaredPlaces(Schema, table="declared_places", stream="public", key=("day", "author", "place"), grain="month"):
    """Where posters say that they are: the only stratum of public posters, and only as they declare it."""

    day = column(pl.Date, "UTC day")
    author = column(pl.String, "pseudonym of the public space")
    place = column(pl.String, "place code, as near as the author declares it")
    posts = column(pl.Int32, "posts of the author's day that declare it")
    known_at = column(INSTANT, "when the first of them was known")


class Worries(Schema, table="worries", stream="public", key=("source", "post", "author"), grain="month"):
    """Posts in which their writer says in so many words that they worry; an intermediate, for counting people only."""

    source = column(pl.String, "source of the post")
    post = column(pl.String, "id of the post")
    author = column(pl.String, "pseudonym of the public space")
    day = column(pl.Date, "UTC day of the post")
    known_at = column(INSTANT, "when the post was known")


class NichePosts(Schema, table="niche_posts", stream="public", key=("source", "post", "author", "niche"), grain="month"):
    """Posts that tell of pregnancy or of use other than meant; an intermediate, for counting people by treatment only."""

    source = column(pl.String, "source of the post")
    post = column(pl.String, "id of the post")
    author = column(pl.String, "pseudonym of the public space")
    niche = column(pl.String, "pregnancy or misuse")
    day = column(pl.Date, "UTC day of the post")
    known_at = column(INSTANT, "when the post was known")


class Estimates(Schema, table="estimates", stream="aggregate", key=("signal", "place", "stratum", "day"), grain="month"):
    """Of the people who posted in a week, how many said something: as found, and weighted to the population where that can be done."""

    signal = column(pl.String, "concept, 'claim:ID:stance', 'claim:ID:worries', 'worry', 'concern:reason', 'label:head:label' or 'body:…'")
    place = column(pl.String, "place code as people declare it, 'world' for all, those without a declared place too")
    stratum = column(pl.String, "'all' of those who post; 'participants with …' of those who take part")
    day = column(pl.Date, "Monday of the week")
    people = column(pl.Int64, "distinct people who said it, or with an unusual day; null if withheld", unit="{people}", nullable=True)
    posters = column(pl.Int64, "distinct people who posted anything, or take part; null if withheld", unit="{people}", nullable=True)
    share = column(pl.Float64, "people per 100,000 of them, as found", unit="/(100000.{people})", nullable=True)
    low = column(pl.Float64, "lower end of its 95 % interval (Wilson)", nullable=True)
    high = column(pl.Float64, "upper end", nullable=True)
    weighted = column(
        pl.Float64, "the same, weighted to the population of the places below, or modelled (MRP); null if neither", nullable=True
    )
    weighted_low = column(pl.Float64, "lower end of its 95 % interval (Wilson at effective_n)", nullable=True)
    weighted_high = column(pl.Float64, "upper end", nullable=True)
    weighted_people = column(pl.Int64, "posters who have a weight", unit="{people}", nullable=True)
    effective_n = column(pl.Float64, "people that equal weights would need for the same precision (Kish)", unit="{people}", nullable=True)
    design_effect = column(pl.Float64, "by how much the weights multiply the variance (Kish)", nullable=True)
    imbalance_before = column(pl.Float64, "mean absolute standardized difference of posters and population over places", nullable=True)
    imbalance_after = column(pl.Float64, "the same after weighting; what is left is who is missing, joined or cut", nullable=True)
    trimmed = column(pl.Int64, "posters whose weight was cut to the largest that is allowed", unit="{people}", nullable=True)
    missing = column(pl.String, "who is missing: places of the population with nobody, or far too few")
    suppressed = column(pl.String, "'' if shown; 'minimum' or 'complementary' if withheld")
    why = column(pl.String, "one plain sentence")


class NicheTellings(Schema, table="niche_tellings", stream="public", key=("source", "post", "author", "treatment", "niche"), grain="month"):
    """Posts that tell of a treatment in a niche of safety; an intermediate, for counting people only."""

    source = column(pl.String, "source of the post")
    post = column(pl.String, "id of the post")
    author = column(pl.String, "pseudonym of the public space")
    treatment = column(pl.String, "drug name")
    niche = column(pl.String, "pregnancy, misuse, no_effect or stop:reason")
    day = column(pl.Date, "UTC day of the post")
    known_at = column(INSTANT, "when the post was known")


class Niches(Schema, table="niches", stream="aggregate", key=("treatment", "niche", "day"), grain="year"):
    """People who told of a treatment in pregnancy, of misuse, of no effect, or why they stopped, by calendar year."""

    treatment = column(pl.String, "drug name")
    niche = column(pl.String, "pregnancy, misuse, no_effect or stop:reason")
    day = column(pl.Date, "first of January of the year")
    people = column(pl.Int64, "distinct people; null if withheld", unit="{people}", nullable=True)
    suppressed = column(pl.String, "'' if shown; 'minimum' or 'complementary' if withheld")
    why = column(pl.String, "one plain sentence")


class Rumours(Schema, table="rumours", stream="aggregate", key=("claim", "stance", "place", "day"), grain="month"):
    """How far and how fast a claim of the bank goes: people by stance and place over the four weeks that end with a week."""

    claim = column(pl.String, "id of the claim in the bank")
    stance = column(pl.String, "spreads, refutes, asks or jokes")
    place = column(pl.String, "place code as people declare it, 'world' for all, those without a declared place too")
    day = column(pl.Date, "Monday of the week with which the four weeks end")
    people = column(pl.Int64, "distinct people of that stance; null if withheld", unit="{people}", nullable=True)
    posters = column(pl.Int64, "distinct people who posted anything; null if withheld", unit="{people}", nullable=True)
    share = column(pl.Float64, "people per 100,000 posters", unit="/(100000.{people})", nullable=True)
    low = column(pl.Float64, "lower end of its 95 % interval (Wilson)", nullable=True)
    high = column(pl.Float64, "upper end", nullable=True)
    places = column(pl.Int64, "places right below that are shown; null if withheld", nullable=True)
    growth = column(pl.Float64, "growth of those who spread it for the first time; null for others, or too early", unit="/d", nullable=True)
    growth_low = column(pl.Float64, "lower end of its 95 % interval (quasi-Poisson)", nullable=True)
    growth_high = column(pl.Float64, "upper end", nullable=True)
    doubling_days = column(pl.Float64, "ln 2 / growth where the whole interval lies above 0", unit="d", nullable=True)
    cascades = column(pl.Int64, "of those who spread it, in the world: cascades of replies and reposts with enough people", nullable=True)
    largest = column(pl.Int64, "people in the largest of them", unit="{people}", nullable=True)
    deepest = column(pl.Int64, "links in the longest chain", nullable=True)
    communities = column(pl.Int64, "communities with enough people; null without a graph library", nullable=True)
    in_communities = column(pl.Int64, "people in them", unit="{people}", nullable=True)
    suppressed = column(pl.String, "'' if shown; 'minimum' or 'complementary' if withheld")
    why = column(pl.String, "one plain sentence")


class Audiences(Schema, table="audiences", stream="aggregate", key=("claim", "place", "topic", "day"), grain="month"):
    """Audiences (declared region and topic) that a correction of a claim should reach first; one that cannot be shown has no row."""

    claim = column(pl.String, "id of the claim in the bank")
    place = column(pl.String, "country or region as people declare it")
    topic = column(pl.String, "concept that they write of")
    day = column(pl.Date, "Monday of the week with which the four weeks end")
    rank = column(pl.Int64, "1 for the first")
    people = column(pl.Int64, "distinct people of the audience", unit="{people}")
    met = column(pl.Int64, "of them, who spread the claim or asked about it", unit="{people}")
    share = column(pl.Float64, "share of the audience that meets the claim, drawn towards all audiences", unit="1")
    low = column(pl.Float64, "lower end of its 95 % interval", unit="1")
    high = column(pl.Float64, "upper end", unit="1")
    reached = column(pl.Float64, "people whom a correction reaches and the claim meets", unit="{people}")
    newly_reached = column(
        pl.Float64, "the same without those whom audiences before it hold; null where it would tell of few", unit="{people}", nullable=True
    )
    suppressed = column(pl.String, "always '': see above")
    why = column(pl.String, "one plain sentence")


class BodyDays(Schema, table="body_days", stream="personal", key=("person", "day", "signal"), grain="month"):
    """Whether a participant's day was unusual in a way that regional series count; read by the disclosure door alone."""

    person = column(pl.String, "pseudonym of the participant space")
    day = column(pl.Date, "local day")
    signal = column(pl.String, "body:resting_heart_rate_high or body:sleep_long")
    place = column(pl.String, "place code as the participant declared it; empty if none")
    birth_year = column(pl.Int32, "declared", nullable=True)
    sex = column(pl.String, "as declared", nullable=True)
    unusual = column(pl.Boolean, "far above this person's own baseline; false: known and not so")


class Alarms(Schema, table="alarms", stream="aggregate", key=("detector", "signal", "place", "stratum", "day"), grain="month"):
    """A detector's answer for a series on a date; untested dates are kept with what is missing."""

    detector = column(pl.String, "ears.c1, ears.c2, ears.c3, …")
    signal = column(pl.String, "what is counted")
    place = column(pl.String, "place code")
    stratum = column(pl.String, "'all', or a stratum")
    day = column(pl.Date, "date tested")
    observed = column(pl.Float64, "count on the date", nullable=True)
    expected = column(pl.Float64, "expected count", nullable=True)
    bound = column(pl.Float64, "upper bound of the expected count", nullable=True)
    p = column(pl.Float64, "probability of a count at least as large, by the detector's own model", nullable=True)
    q = column(pl.Float64, "hierarchical q: share of false ones among the day's signals and, within them, series", nullable=True)
    chance = column(pl.Float64, "alarms a year that chance alone would raise here at the day's level", nullable=True)
    down_weighted = column(pl.Int64, "earlier high weeks that count less; null if this detector weighs none", nullable=True)
    trend = column(pl.Boolean, "whether a trend was kept; null if this detector looks for none", nullable=True)
    completeness = column(pl.Float64, "share of the final count known by then; null if too few revisions are known", nullable=True)
    nowcast = column(pl.Float64, "final count to expect, which was tested instead of observed; null if observed was", nullable=True)
    nowcast_low = column(pl.Float64, "lower end of its 95 % interval", nullable=True)
    nowcast_high = column(pl.Float64, "upper end", nullable=True)
    alarm = column(pl.Boolean, "above bound, and q within the limit")
    why = column(pl.String, "one plain sentence: why it fired, did not fire, or could not be tested")


class Alerts(Schema, table="alerts", stream="aggregate", key=("signal", "place", "day"), grain="month"):
    """Alarms that belong together: one signal on one day in places within each other, under the widest of them."""

    signal = column(pl.String, "what is counted")
    place = column(pl.String, "widest place with an alarm")
    day = column(pl.Date, "date of the alarms")
    since = column(pl.Date, "first day of related alarms without a gap of more than a week, four weeks back at most")
    series = column(pl.Int64, "series (place and stratum) with an alarm")
    alarms = column(pl.Int64, "alarms, all detectors")
    members = column(pl.String, "the series as place|stratum, one a line, widest first; the first hundred")
    detectors = column(pl.String, "who raised them, comma-separated")
    lead = column(pl.String, "detector|place|stratum of the least likely alarm, whose numbers follow")
    observed = column(pl.Float64, "count on the date, as reported")
    expected = column(pl.Float64, "expected count")
    bound = column(pl.Float64, "upper bound")
    p = column(pl.Float64, "probability of a count at least as large")
    q = column(pl.Float64, "smallest q")
    completeness = column(pl.Float64, "share of the final count known by then", nullable=True)
    nowcast = column(pl.Float64, "final count to expect, if that was tested", nullable=True)
    rank = column(pl.Int64, "place in the day's list: 1 is the least likely by chance")
    held_back = column(pl.Boolean, "more alerts that day than the settings let an analyst see")
    level = column(pl.Float64, "largest q that was let through that day")
    why = column(pl.String, "one plain sentence")


class Features(Schema, table="features", stream="personal", key=("person", "day", "feature"), grain="month"):
    """A named feature of a person's day. No wear is missing with a reason, never zero."""

    person = column(pl.String, "pseudonym of the participant space")
    day = column(pl.Date, "local day")
    feature = column(pl.String, "name with its definition, for example steps[sum], resting_heart_rate[nightsignal]")
    value = column(pl.Float64, "the number; null if missing", nullable=True)
    unit = column(pl.String, "UCUM unit")
    coverage = column(pl.Float64, "share of the needed time that was covered, 0 to 1")
    missing = column(pl.String, "'' if there is a value; else the reason: not_worn, no_data, too_short, implausible")


class ContextFeatures(Schema, table="context_features", stream="personal", key=("person", "day", "feature"), grain="month"):
    """A named feature of where a person goes or how a phone is used. Apart from `features`, for which nobody needs to agree to these."""

    person = column(pl.String, "pseudonym of the participant space")
    day = column(pl.Date, "local day")
    feature = column(pl.String, "name with its definition, for example home_stay_share[28], screen_unlocks")
    value = column(pl.Float64, "the number; null if missing", nullable=True)
    unit = column(pl.String, "UCUM unit")
    coverage = column(pl.Float64, "share of the day that was recorded, 0 to 1")
    missing = column(pl.String, "'' if there is a value; else the reason: no_data, too_short, implausible")


class DayHours(Schema, table="day_hours", stream="personal", key=("person", "day", "signal"), grain="month"):
    """What each hour of a person's day held: the common ground of rhythms over several days."""

    person = column(pl.String, "pseudonym of the participant space")
    day = column(pl.Date, "local day")
    signal = column(pl.String, "steps or activity_count")
    known = column(pl.Int32, "bit k: something was measured in hour k, so that nothing counted means nothing done")
    alive = column(pl.Int32, "bit k: a heart rate was measured, or something was counted, in hour k; null if not told", nullable=True)
    (
        h00, h01, h02, h03, h04, h05, h06, h07, h08, h09, h10, h11,
        h12, h13, h14, h15, h16, h17, h18, h19, h20, h21, h22, h23,
    ) = (column(pl.Float64, f"sum of local hour {hour}; 0 if it is not known") for hour in range(24))  # fmt: skip


class LiveHours(Schema, table="live_hours", stream="personal", key=("person", "day"), grain="month"):
    """In which hours of a person's day a device on the body gave a sign: what tells a short night from a watch in the drawer."""

    person = column(pl.String, "pseudonym of the participant space")
    day = column(pl.Date, "local day")
    alive = column(pl.Int32, "bit k: a heart rate was measured, or something was counted, in local hour k")


class MainSleeps(Schema, table="main_sleeps", stream="personal", key=("person", "day"), grain="month"):
    """When the main sleep of each known night began and ended; a night that a watch not worn cut short has no row."""

    person = column(pl.String, "pseudonym of the participant space")
    day = column(pl.Date, "local day on which it ends")
    onset = column(pl.Float64, "clock time at which it began, minutes after the day's midnight; before it negative")
    offset = column(pl.Float64, "clock time at which it ended, minutes after the day's midnight")


class Agreements(Schema, table="agreements", stream="personal", key=("person", "code"), grain="none"):
    """How far a person's own reports agree with what devices measured, on days with both."""

    person = column(pl.String, "pseudonym of the participant space")
    code = column(pl.String, "what was reported and measured: a name of heedful.core.codes")
    since = column(pl.Date, "first day with both")
    day = column(pl.Date, "newest day with both")
    pairs = column(pl.Int64, "days with both")
    bias = column(pl.Float64, "mean of reported minus measured daily values")
    bias_low = column(pl.Float64, "lower end of its 95 % interval")
    bias_high = column(pl.Float64, "upper end")
    lower = column(pl.Float64, "lower limit of agreement: bias minus 1.96 standard deviations of the differences")
    upper = column(pl.Float64, "upper limit")
    drift = column(pl.Float64, "slope of the difference over time, per 30 days")
    drift_error = column(pl.Float64, "its standard error")
    reported_mean = column(pl.Float64, "mean of the reports on days with both")
    reported_sd = column(pl.Float64, "their standard deviation from day to day")
    measured_mean = column(pl.Float64, "mean of the measurements on days with both")
    measured_sd = column(pl.Float64, "their standard deviation from day to day")
    correlation = column(pl.Float64, "of the two, day by day; null if one never varies", nullable=True)
    unit = column(pl.String, "UCUM unit of all of these but the correlation")
    sentence = column(pl.String, "the same in plain words")


class SelfReports(Schema, table="self_reports", stream="personal", key=("person", "code"), grain="none"):
    """What a person reported on days on which nothing measured it, and what that stands for by this person's own days with both."""

    person = column(pl.String, "pseudonym of the participant space")
    code = column(pl.String, "what was reported: a name of heedful.core.codes")
    since = column(pl.Date, "first of the newest 28 days with a report only")
    day = column(pl.Date, "newest of them")
    days = column(pl.Int64, "how many they are", unit="d")
    reported = column(pl.Float64, "mean of the reports on these days, as reported")
    pairs = column(pl.Int64, "days of this person with a report and a measurement", unit="d")
    calibrated = column(pl.Float64, "regression calibration of it by these pairs; null if they are fewer than 14", nullable=True)
    low = column(pl.Float64, "lower end of its 95 % interval", nullable=True)
    high = column(pl.Float64, "upper end", nullable=True)
    unit = column(pl.String, "UCUM unit of all of these")
    sentence = column(pl.String, "the same in plain words")


class GroupAgreements(Schema, table="group_agreements", stream="aggregate", key=("code",), grain="none"):
    """How far self-reports agree with measurements over participants who agreed to public-health use; withheld where they are few."""

    code = column(pl.String, "what was reported and measured: a name of heedful.core.codes")
    people = column(pl.Int64, "people with a figure of their own; null if withheld", unit="{people}", nullable=True)
    pairs = column(pl.Int64, "their days with both", nullable=True)
    bias = column(pl.Float64, "mean over people of reported minus measured; this and what follows is rounded", nullable=True)
    bias_low = column(pl.Float64, "lower end of its 95 % interval", nullable=True)
    bias_high = column(pl.Float64, "upper end", nullable=True)
    lower = column(pl.Float64, "lower limit of agreement of one day of one person", nullable=True)
    upper = column(pl.Float64, "upper limit", nullable=True)
    between = column(pl.Float64, "standard deviation of bias between people", nullable=True)
    within = column(pl.Float64, "standard deviation of the difference between days of one person", nullable=True)
    drift = column(pl.Float64, "mean slope of the difference over time within people, per 30 days", nullable=True)
    drift_low = column(pl.Float64, "lower end of its 95 % interval", nullable=True)
    drift_high = column(pl.Float64, "upper end", nullable=True)
    usual_reported = column(pl.Float64, "mean over people of what they usually report", nullable=True)
    usual_measured = column(pl.Float64, "what is usually measured of people who report that", nullable=True)
    slope = column(pl.Float64, "measured per unit of report, between people: regression calibration", unit="1", nullable=True)
    slope_low = column(pl.Float64, "lower end of its 95 % interval", unit="1", nullable=True)
    slope_high = column(pl.Float64, "upper end", unit="1", nullable=True)
    residual = column(pl.Float64, "standard deviation of people's usual measurement about that line", nullable=True)
    simex_slope = column(pl.Float64, "the slope by SIMEX: of a report without error from day to day", unit="1", nullable=True)
    simex_low = column(pl.Float64, "lower end of its 95 % interval", unit="1", nullable=True)
    simex_high = column(pl.Float64, "upper end", unit="1", nullable=True)
    reliability = column(pl.Float64, "share of the variance of usual reports that is not such error", unit="1", nullable=True)
    unit = column(pl.String, "UCUM unit of what has no other")
    suppressed = column(pl.String, "'' if shown; 'minimum' if withheld")
    sentence = column(pl.String, "the same in plain words")


class Adherence(Schema, table="adherence", stream="personal", key=("person", "drug", "window_start", "measure"), grain="none"):
    """A measure of medication taking over a window."""

    person = column(pl.String, "pseudonym of the participant space")
    drug = column(pl.String, "drug code, or 'all'")
    window_start = column(pl.Date, "first day of the observation window")
    window_end = column(pl.Date, "day after the last")
    measure = column(pl.String, "CMA1, CMA7, … as AdhereR defines them")
    value = column(pl.Float64, "proportion of days covered or available", nullable=True)
    events = column(pl.Int32, "dispensings in the window")
    missing = column(pl.String, "'' or why it could not be computed")


class Annotations(Schema, table="annotations", stream="personal", key=("person", "day", "kind", "source"), grain="month"):
    """Something known of a person's day that changes what is expected of its numbers."""

    person = column(pl.String, "pseudonym of the participant space")
    day = column(pl.Date, "local day on which it happened or was declared")
    kind = column(pl.String, "alcohol, travel, vaccination or cycle_start")
    source = column(pl.String, "diary, answers, records or clock (a shift of the zone)")


class Changes(Schema, table="changes", stream="personal", key=("person", "day", "detector", "feature"), grain="month"):
    """What is unusual for this person, against which baseline, and how often falsely."""

    person = column(pl.String, "pseudonym of the participant space")
    day = column(pl.Date, "local day")
    detector = column(pl.String, "nightsignal, baseline_28, …")
    feature = column(pl.String, "feature that changed")
    observed = column(pl.Float64, "value of the day", nullable=True)
    expected = column(pl.Float64, "baseline", nullable=True)
    spread = column(pl.Float64, "robust standard deviation of the baseline", nullable=True)
    level = column(pl.Int16, "0 as usual, 1 unusual, 2 very unusual; -1 could not be judged")
    nights_used = column(pl.Int32, "days or nights behind the baseline", unit="d")
    false_alarm_rate = column(pl.Float64, "share of this person's earlier judged days at level 1 or more", nullable=True)
    why = column(pl.String, "one plain sentence")
    false_alarm_low = column(pl.Float64, "lower end of the rate's 95 % interval", nullable=True)
    false_alarm_high = column(pl.Float64, "upper end", nullable=True)
    because = column(pl.String, "declared cause that explains the day, such as 'expected after a vaccination on 2026-03-03'", nullable=True)


class Timeline(Schema, table="timeline", stream="personal", key=("person", "day", "lane", "item"), grain="month"):
    """One thing on a person's axis."""

    person = column(pl.String, "pseudonym of the participant space")
    day = column(pl.Date, "local day")
    lane = column(pl.String, "medication, activity, sleep, heart, symptom, condition, change, measurement")
    item = column(pl.String, "what")
    value = column(pl.Float64, "its number, if it has one", nullable=True)
    unit = column(pl.String, "UCUM unit", nullable=True)
    text = column(pl.String, "the thing as a person would say it")
    from_table = column(pl.String, "table that it comes from")


class Risks(Schema, table="risks", stream="personal", key=("person", "day", "risk"), grain="month"):
    """A named risk with its interval and what speaks for it."""

    person = column(pl.String, "pseudonym of the participant space")
    day = column(pl.Date, "day on which it is stated")
    risk = column(pl.String, "name, for example medication_gap_14d")
    probability = column(pl.Float64, "estimate", nullable=True)
    low = column(pl.Float64, "lower bound of the 90 % interval", nullable=True)
    high = column(pl.Float64, "upper bound of the 90 % interval", nullable=True)
    why = column(pl.String, "one plain sentence: what it rests on")


class Plans(Schema, table="plans", stream="personal", key=("person", "item"), grain="none"):
    """One item of a person's plan: a goal or an activity, waiting for approval unless a human gave it."""

    person = column(pl.String, "pseudonym of the participant space")
    item = column(pl.String, "id of the item within the plan")
    kind = column(pl.String, "goal or activity")
    title = column(pl.String, "what is proposed, in plain words")
    target = column(pl.Float64, "goal value", nullable=True)
    unit = column(pl.String, "UCUM unit of target", nullable=True)
    measure = column(pl.String, "daily feature that tells whether a day met the goal; null if no single day can", nullable=True)
    comparator = column(pl.String, "at_least or at_most: on which side of the target a day meets it", nullable=True)
    from_day = column(pl.Date, "from when on", nullable=True)
    reason = column(pl.String, "why this person, from which rows")
    evidence = column(pl.String, "what it rests on outside this person; empty if nothing", nullable=True)
    given_by = column(pl.String, "'record' where the clinical record holds it: a human gave it; null if heedful proposes it", nullable=True)


class Progress(Schema, table="progress", stream="personal", key=("person", "item"), grain="none"):
    """How often a goal was met lately, with what is not known about it."""

    person = column(pl.String, "pseudonym of the participant space")
    item = column(pl.String, "goal of the plan")
    day = column(pl.Date, "newest day that counts")
    met = column(pl.Int64, "days that met the goal, of the newest 14 known days before the day that may not be over")
    days = column(pl.Int64, "those known days")
    share = column(pl.Float64, "posterior mean of the share of days that meet it")
    low = column(pl.Float64, "lower end of its 90 % interval")
    high = column(pl.Float64, "upper end")
    earlier_met = column(pl.Int64, "days that met it, of the 14 known days before these")
    earlier_days = column(pl.Int64, "those known days")
    better = column(pl.Float64, "probability that the share is higher now than then; null without earlier days", nullable=True)
    sentence = column(pl.String, "the same in plain words")


# --- ledger: acts, never rewritten (SQL tables in heedful.store.ledger; declared here for the reference page) ---------


class Consents(Schema, table="consents", kind="ledger", stream="personal", key=("consent",)):
    """A grant or a withdrawal by a participant; the state in force follows from all rows."""

    consent = column(pl.String, "id")
    person = column(pl.String, "pseudonym of the participant space")
    purpose = column(pl.String, "care, research or public_health")
    kinds = column(pl.String, "kinds of data, comma-separated; * for all")
    act = column(pl.String, "grant or withdraw")
    from_at = column(INSTANT, "events from this instant on are covered", nullable=True)
    until_at = column(INSTANT, "grant expires", nullable=True)
    recorded_at = column(INSTANT, "when the act was recorded; a withdrawal counts from then on")
    how = column(pl.String, "how it was given: command, file, FHIR Consent, simulator")


class Decisions(Schema, table="decisions", kind="ledger", stream="personal", key=("person", "decision_point", "scheduled_at")):
    """One decision: its whole reasoning, written before anything leaves."""

    decision = column(pl.String, "id")
    person = column(pl.String, "pseudonym of the participant space")
    decision_point = column(pl.String, "name of the decision point")
    scheduled_at = column(INSTANT, "time for which it was due")
    decided_at = column(INSTANT, "when it was taken")
    outcome = column(pl.String, "send, no_message or refused")
    refused_by = column(pl.String, "availability, consent, eligibility, safety, burden, quiet_hours, error; empty if not refused")
    reason = column(pl.String, "one plain sentence")
    policy = column(pl.String, "name and version")
    probability = column(pl.Float64, "probability of the action taken, after clipping", nullable=True)
    u = column(pl.Float64, "keyed hash of (person, point, time) in [0, 1)", nullable=True)
    action = column(pl.String, "message id, or none")
    features = column(pl.String, "snapshot that the policy saw, JSON")
    offset_minutes = column(pl.Int16, "the person's zone offset at scheduled_at", unit="min")


class Deliveries(Schema, table="deliveries", kind="ledger", stream="personal", key=("decision",)):
    """An outbox row: what leaves, until when, and what became of it."""

    decision = column(pl.String, "id of the decision")
    channel = column(pl.String, "file, …")
    text = column(pl.String, "rendered message")
    deliver_by = column(INSTANT, "not sent after this instant")
    status = column(pl.String, "waiting, awaiting_approval, sent or expired")
    at = column(INSTANT, "when the status was reached")


class Outcomes(Schema, table="outcomes", kind="ledger", stream="personal", key=("decision", "name")):
    """What was measured after a decision within its window."""

    decision = column(pl.String, "id of the decision")
    name = column(pl.String, "outcome, for example steps_after")
    value = column(pl.Float64, "the number", nullable=True)
    unit = column(pl.String, "UCUM unit")
    window_end = column(INSTANT, "end of the outcome window")
    missing = column(pl.String, "'' or why there is none")


class Approvals(Schema, table="approvals", kind="ledger", stream="personal", key=("approval",)):
    """A human's yes or no to a plan item or message."""

    approval = column(pl.String, "id")
    person = column(pl.String, "pseudonym of the participant space")
    item = column(pl.String, "plan item or decision")
    answer = column(pl.String, "approved or declined")
    by = column(pl.String, "who answered, as they signed")
    at = column(INSTANT, "when")


class Clearances(Schema, table="clearances", kind="ledger", stream="personal", key=("clearance",)):
    """A human looked at the signs of a participant's crisis and took over: automatic messages may go again."""

    clearance = column(pl.String, "id of the crisis that was cleared")
    person = column(pl.String, "pseudonym of the participant space")
    signs = column(pl.String, "ids of the signs that were seen, a JSON list")
    reason = column(pl.String, "why, in the words of who cleared it")
    by = column(pl.String, "who cleared it, as they signed")
    at = column(INSTANT, "when")


class Erasures(Schema, table="erasures", kind="ledger", stream="either", key=("erasure",)):
    """A receipt: what was erased, by table; and the keyed hash that keeps it from coming back."""

    erasure = column(pl.String, "id")
    scope = column(pl.String, "person, author or post")
    subject = column(pl.String, "keyed hash of the subject; nothing can be read from it")
    receipt = column(pl.String, "rows removed by table, JSON")
    at = column(INSTANT, "when")


class AlertWork(Schema, table="alert_work", kind="ledger", stream="aggregate", key=("work",)):
    """What became of an alert: one act, by the run or by a person."""

    work = column(pl.String, "id")
    alert = column(pl.String, "id of the alert: that of the row of alerts that opened it")
    act = column(pl.String, "open, continue, repeat, verify, dismiss, annotate, merge or close")
    state = column(pl.String, "state after the act: open, verified, dismissed, merged or closed")
    signal = column(pl.String, "what is counted")
    place = column(pl.String, "widest place")
    day = column(pl.Date, "day of the alarms that the act is about")
    into = column(pl.String, "alert that it was merged into", nullable=True)
    reason = column(pl.String, "why it was dismissed", nullable=True)
    note = column(pl.String, "in their words", nullable=True)
    by = column(pl.String, "who, as they signed; 'run' for the program")
    detail = column(pl.String, "the alert's numbers when it was opened, JSON", nullable=True)
    at = column(INSTANT, "when")


class Audit(Schema, table="audit", kind="ledger", stream="either", key=("n",)):
    """Who did what; each row carries the hash of the one before."""

    n = column(pl.Int64, "number in the chain")
    at = column(INSTANT, "when")
    act = column(pl.String, "what was done: read, grant, withdraw, erase, export, decide, …")
    detail = column(pl.String, "JSON, pseudonyms only")
    hash = column(pl.String, "BLAKE2b of the row and the previous hash, hex")
