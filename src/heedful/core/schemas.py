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
        return pl.DataFrame(schema=cls.dtypes())

    @classmethod
    def check(cls, data: pl.DataFrame) -> pl.DataFrame:
        """The rows with exactly this schema's columns in order; absent nullable columns become nulls.

        Raises `SchemaError` on an absent required column, an unknown column, a type that does not cast without loss, or a
        missing value where none is allowed.
        """
        unknown = [name for name in data.columns if name not in cls.columns]
        if unknown:
            raise SchemaError(f"{cls.table}: unknown columns {unknown}. Its columns are {list(cls.columns)}.")
        parts: list[pl.Expr] = []
        for name, declared in cls.columns.items():
            if name not in data.columns:
                if not declared.nullable:
                    raise SchemaError(f"{cls.table}: the column {name} ({declared.meaning}) is missing.")
                parts.append(pl.lit(None, dtype=declared.dtype).alias(name))
            elif data.schema[name] != declared.dtype:
                parts.append(pl.col(name).cast(declared.dtype, strict=True))
            else:
                parts.append(pl.col(name))
        try:
            out = data.select(parts)
        except pl.exceptions.PolarsError as error:
            raise SchemaError(f"{cls.table}: a value does not fit its column: {error}") from error
        for name, declared in cls.columns.items():
            if not declared.nullable and out.height and out[name].null_count():
                raise SchemaError(f"{cls.table}: {out[name].null_count()} rows have no {name} ({declared.meaning}).")
        return out


TABLES: dict[str, type[Schema]] = {}


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
    concept = column(pl.String, "code, for example HP:0002315 or drug:sertraline")
    label = column(pl.String, "the concept's preferred name")
    type = column(pl.String, "symptom, condition or drug")
    assertion = column(pl.String, "present, absent, possible, hypothetical, historical, question or resolved")
    experiencer = column(pl.String, "self, family, other or generic")
    cue = column(pl.String, "the words that decided the assertion or experiencer; empty if none", nullable=True)
    role = column(pl.String, "adverse_effect, indication, benefit, withdrawal or none")
    severity = column(pl.String, "mild, moderate, severe or unknown")
    probability = column(pl.Float64, "calibrated probability of the mention; missing where no head has spoken", nullable=True)


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
    axis = column(pl.String, "adverse, withdrawal, benefit, no_effect, stop, switch or missed_dose")
    effect = column(pl.String, "effect concept; empty for stop, switch and missed dose")
    effect_label = column(pl.String, "effect name; for stop, switch and missed dose the reason, if one is given")
    start = column(pl.Int32, "byte offset of the effect's or cue's span", unit="By")
    end = column(pl.Int32, "byte offset after it", unit="By")


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
    q = column(pl.Float64, "Benjamini-Hochberg q over all series tested that day", nullable=True)
    alarm = column(pl.Boolean, "observed above bound, and q within the limit")
    why = column(pl.String, "one plain sentence: why it fired, did not fire, or could not be tested")


class Features(Schema, table="features", stream="personal", key=("person", "day", "feature"), grain="month"):
    """A named feature of a person's day. No wear is missing with a reason, never zero."""

    person = column(pl.String, "pseudonym of the participant space")
    day = column(pl.Date, "local day")
    feature = column(pl.String, "name with its definition, for example steps[sum], resting_heart_rate[nightsignal]")
    value = column(pl.Float64, "the number; null if missing", nullable=True)
    unit = column(pl.String, "UCUM unit")
    coverage = column(pl.Float64, "share of the needed time that was covered, 0 to 1")
    missing = column(pl.String, "'' if there is a value; else the reason: not_worn, no_data, too_short, implausible")


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
    from_day = column(pl.Date, "from when on", nullable=True)
    reason = column(pl.String, "why this person, from which rows")
    evidence = column(pl.String, "what it rests on outside this person; empty if nothing", nullable=True)


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


class Erasures(Schema, table="erasures", kind="ledger", stream="either", key=("erasure",)):
    """A receipt: what was erased, by table; and the keyed hash that keeps it from coming back."""

    erasure = column(pl.String, "id")
    scope = column(pl.String, "person, author or post")
    subject = column(pl.String, "keyed hash of the subject; nothing can be read from it")
    receipt = column(pl.String, "rows removed by table, JSON")
    at = column(INSTANT, "when")


class AlertWork(Schema, table="alert_work", kind="ledger", stream="aggregate", key=("work",)):
    """What an epidemiologist did with an alarm."""

    work = column(pl.String, "id")
    alarm = column(pl.String, "id of the alarm")
    state = column(pl.String, "open, watching, confirmed or dismissed")
    note = column(pl.String, "in their words", nullable=True)
    at = column(INSTANT, "when")


class Audit(Schema, table="audit", kind="ledger", stream="either", key=("n",)):
    """Who did what; each row carries the hash of the one before."""

    n = column(pl.Int64, "number in the chain")
    at = column(INSTANT, "when")
    act = column(pl.String, "what was done: read, grant, withdraw, erase, export, decide, …")
    detail = column(pl.String, "JSON, pseudonyms only")
    hash = column(pl.String, "BLAKE2b of the row and the previous hash, hex")
