"""When something began after the start of a treatment, how long it lasted, and whether it stayed: words of time as days."""

from __future__ import annotations

import polars as pl

from heedful.core.registry import METHODS, Card, Method

CARD = Card(
    name="language.onset",
    definition="Days from the start of the treatment by which the effect was there ('within hours', 'the second week'), days that "
    "it lasted, and whether it is said to stay or to pass, by the words of its sentence.",
    units="d",
    reference="Persistence after PsyTAR (Zolnoori 2019); patterns of our own.",
    limits="English only; of several times in a sentence the nearest one of a kind counts; a month is 30 days, a year 365; 'days', "
    "'weeks' without a number are at most the next unit (7, 30 days).",
)
METHODS.add(CARD.name, Method(CARD))

_UNIT = r"(seconds?|minutes?|mins?|hours?|hrs?|days?|nights?|mornings?|weeks?|wks?|months?|mos?|years?|yrs?)"
_NUMBER = (
    r"(\d{1,3}(?:\.\d)?(?: ?1/2)?(?: ?(?:-|to|or) ?\d{1,3})?|an?|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|"
    r"a couple(?: of)?|a few|few|couple(?: of)?|"
    r"several|half an?|many)"
)
_ORDINAL = r"(first|1st|second|2nd|third|3rd|fourth|4th|fifth|5th|sixth|6th|next|very first)"
_DAYS = {
    "s": 1 / 86_400, "mi": 1 / 1_440, "h": 1 / 24, "d": 1.0, "n": 1.0, "mor": 1.0, "w": 7.0, "mo": 30.0, "y": 365.0,
}  # fmt: skip
_WORTH = {
    "a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12, "a couple": 2, "a couple of": 2, "couple": 2, "couple of": 2, "a few": 3, "few": 3, "several": 4,
    "half a": 0.5, "half an": 0.5, "many": 5, "first": 1, "1st": 1, "very first": 1, "second": 2, "2nd": 2, "third": 3, "3rd": 3,
    "fourth": 4, "4th": 4, "fifth": 5, "5th": 5, "sixth": 6, "6th": 6, "next": 1,
}  # fmt: skip
_NEXT_UNIT = {"s": 1 / 1_440, "mi": 1 / 24, "h": 1.0, "d": 7.0, "n": 7.0, "mor": 7.0, "w": 30.0, "mo": 365.0, "y": 3_650.0}
_ABOUT = (
    r"(?:about |around |only |just |approximately |over |almost |nearly |roughly |less than |more than |the |my |like |maybe |at least )*"
)

_AFTER = rf"\b(?:after|within|in|by) {_ABOUT}{_NUMBER} ?{_UNIT}\b"
_LATER = rf"\b{_NUMBER} ?{_UNIT} (?:later|in|into|after|on|of taking|of being on)\b"
_FIRST = rf"\b{_ORDINAL} (?:\w+ )?{_UNIT}\b"
_FIRST_FEW = rf"\bfirst {_NUMBER} (?:to \w+ )?{_UNIT}\b"
_COUNTED = r"\b(day|night|week|month|year) #?(\d{1,3}|one|two|three|four|five|six|seven|eight|nine|ten)\b"
_BARE = r"\b(?:within|after|in|in a matter of|for) (minutes|hours|days|weeks|months|years)\b"
_AT_ONCE = (
    r"\b(?:immediately|instantly|right away|straight away|at once|from the (?:very )?(?:start|beginning|first)|(?:after|"
    r"with) (?:just |only )?(?:the |my )?(?:first|1st|one|a single) (?:dose|pill|tablet|injection|shot))\b"
)
_FOR = (
    rf"\b(?:for|lasted|lasting|lasts|last|past|over the (?:last|past)) {_ABOUT}(?:last |past |first |next )?{_NUMBER} ?(?:more |"
    rf"straight |whole |full |long )?{_UNIT}\b"
)
_SINCE_NOW = rf"\b{_NUMBER} ?{_UNIT} (?:now|straight|and counting|so far)\b"
_GONE = (
    r"\b(?:went away|gone away|goes away|go away|subsid\w+|disappear\w*|stopped|faded?s?|passed|passes|wore off|wears off|vanish\w*|"
    r"resolved|cleared up|settled|"
    r"is gone|are gone|now gone|got better|gets better|eased|dissipat\w+|diminish\w*|no longer|but not anymore|improved)\b"
)
_NOT_GONE = (
    r"(?:never|not|n't|has not|did not|won't|wont|doesn't) (?:\w+ )?(?:go away|went away|gone away|goes away|stop(?:ped)?|subsid\w+|"
    r"improved?|get(?:ting)? better|left|"
    r"fade\w*|pass(?:ed)?|disappear\w*|end(?:ed)?|quit|let up)"
)
_PERSISTENT = (
    r"\b(?:constant(?:ly)?|all the time|all day|all night|every ?day|every ?night|every morning|each (?:day|night|morning)|daily|"
    r"nightly|always|still|continu\w+|24/7|"
    r"chronic(?:ally)?|permanent(?:ly)?|ongoing|non-?stop|persist\w*|the (?:whole|entire) time|whole time|to this day|forever|"
    r"never ending|endless(?:ly)?|"
    r"for (?:days|weeks|months|years)|long[- ]term|perpetual(?:ly)?|around the clock|round the clock|incessant(?:ly)?|lingering|"
    r"can't stop|could ?n[o']?t stop|"
    r"most of the time|ever since|lasting)\b"
)
_PASSING = (
    r"\b(?:at first|initial(?:ly)?|in the beginning|early on|to begin with|to start with|first (?:few|couple(?: of)?|two|three|"
    r"several|\d+)(?: to \w+| or \w+)?|"
    r"first (?:day|night|week|month)s?|occas+ional(?:ly)?|occational\w*|sometimes|once in a while|episodes?|on occasions?|"
    r"(?:a )?few (?:times|occasions)|temporar(?:y|ily)|some days|"
    r"when (?:i )?(?:first )?start(?:ed|ing)|intermittent(?:ly)?|off and on|on and off|from time to time|brief(?:ly)?|transient|"
    r"short[- ]lived|now and then|at times|"
    r"every (?:now and then|so often|once in a while)|for (?:a|the) (?:day|night|week|bit|while|few)|went away|comes and goes|"
    r"short[- ]term|periodic(?:ally)?|rarely)\b"
)


def onset_days(words: pl.Expr, *, of_event: bool = False) -> pl.Expr:
    """The latest day after the start of the treatment by which it was there, by the words of the clause or sentence; null if they "
    "tell none.

    "The first day" is 1, "week two" 14, "within hours" 1 (at most a day), "at once" 0. A time before "it went away" is no onset; to stop a
    treatment (`of_event`) is no such end.

    >>> told = pl.DataFrame({"t": ["after two weeks", "within hours", "on day 3", "the first day", "right away", "for 2 weeks"]})
    >>> told.select(onset_days(pl.col("t"))).to_series().to_list()
    [14.0, 1.0, 3.0, 1.0, 0.0, None]
    """
    words = words.fill_null("")
    ended = words.str.contains(rf"{_GONE}[^.;]{{0,20}}\b(?:after|within|in)\b|\b(?:after|within|in) [^,.;]{{0,40}}{_GONE}")
    # "For years" and "the first few days" are how long, not when, save that the latter also say that it was there from the start.
    found = pl.coalesce(
        _spoken(words, _COUNTED, number=2, unit=1),
        _spoken(words, _FIRST_FEW, number=1, unit=2),
        _spoken(words, _FIRST, number=1, unit=2),
        _spoken(words, _AFTER, number=1, unit=2),
        _spoken(words, _LATER, number=1, unit=2),
        _bare(words, r"\b(?:within|after|in|in a matter of) (minutes|hours|days|weeks|months|years)\b"),
        pl.when(words.str.contains(_AT_ONCE)).then(0.0),
    )
    return found if of_event else pl.when(~ended).then(found)


def duration_days(words: pl.Expr) -> pl.Expr:
    """How many days it lasted so far or in all, by the words; null if they tell none.

    >>> told = pl.DataFrame({"t": ["for three months", "lasted 2 days", "the first few days", "for years", "after two weeks"]})
    >>> told.select(duration_days(pl.col("t"))).to_series().to_list()
    [90.0, 2.0, 3.0, 3650.0, None]
    """
    words = words.fill_null("")
    ended = words.str.contains(rf"{_GONE}[^.;]{{0,20}}\b(?:after|within|in)\b|\b(?:after|within|in) [^,.;]{{0,40}}{_GONE}")
    return pl.coalesce(
        _spoken(words, _FOR, number=1, unit=2),
        _spoken(words, _FIRST_FEW, number=1, unit=2),
        _spoken(words, _SINCE_NOW, number=1, unit=2),
        _bare(words, r"\bfor (minutes|hours|days|weeks|months|years)\b"),
        pl.when(ended).then(_spoken(words, _AFTER, number=1, unit=2)),
    )


def persistence(left: pl.Expr, span: pl.Expr, right: pl.Expr) -> pl.Expr:
    """persistent, passing or unknown, by the words of the finding and of its clause, else of its sentence.

    >>> told = pl.DataFrame({"a": ["constant ", "at first, ", "", ""], "c": ["", "", " never went away", " went away after a week"]})
    >>> told.select(persistence(pl.col("a"), pl.lit("nausea"), pl.col("c"))).to_series().to_list()
    ['persistent', 'passing', 'persistent', 'passing']
    """
    before = left.fill_null("").str.extract(r"((?:[^\s,;:()/&]+\s+){0,4}[^\s,;:()/&]*\s*)$", 1)
    # Words of time that open a sentence reach over a comma ("at first, nausea"); what stands before an "and" belongs to something else.
    opening = left.fill_null("").str.extract(r"^([^,;:()]{0,40})[,:]? *$", 1)
    before = pl.concat_str(before.fill_null("").str.replace(r"^.*\band ", ""), opening.fill_null(""), separator=" ")
    after = right.fill_null("").str.slice(0, 50).str.extract(r"^((?:\d/\d|[^,;:()/&.]|\.\d)*)", 1).str.replace(r"\band .*$", "")
    near = pl.concat_str(before, span.fill_null(""), after, separator=" ")
    far = pl.when(right.fill_null("").str.contains(_NOT_GONE)).then(pl.lit("persistent")).when(
        right.fill_null("")
        .str.slice(0, 120)
        .str.contains(rf"\b(?:but|then|though|and|which|that|it|they|these|those) [^.;]{{0,40}}{_GONE}")
    ).then(pl.lit("passing"))  # fmt: skip
    return (
        pl.when(near.str.contains(_NOT_GONE))
        .then(pl.lit("persistent"))
        .when(near.str.contains(_PASSING) | after.str.contains(_GONE))
        .then(pl.lit("passing"))
        .when(near.str.contains(_PERSISTENT))
        .then(pl.lit("persistent"))
        .otherwise(pl.coalesce(far, pl.lit("unknown")))
    )


def _spoken(words: pl.Expr, pattern: str, *, number: int, unit: int) -> pl.Expr:
    """Days of the first match of `pattern`, whose groups hold a number and a unit."""
    count = words.str.extract(pattern, number).str.replace(r"^a (few|couple)", "$1")
    # Of a span ("2-3 weeks") the later end.
    digits = count.str.extract(r"(\d+(?:\.\d)?)(?: ?1/2)?$", 1).cast(pl.Float64, strict=False)
    halves = pl.when(count.str.contains("1/2")).then(0.5).otherwise(0.0)
    said = count.replace_strict(list(_WORTH), [float(worth) for worth in _WORTH.values()], default=None, return_dtype=pl.Float64)
    return pl.coalesce(digits + halves, said) * _unit(words.str.extract(pattern, unit), _DAYS)


def _bare(words: pl.Expr, pattern: str) -> pl.Expr:
    return _unit(words.str.extract(pattern, 1), _NEXT_UNIT)


def _unit(name: pl.Expr, worth: dict[str, float]) -> pl.Expr:
    key = (
        pl.when(name.str.starts_with("mi")).then(pl.lit("mi"))
        .when(name.str.starts_with("mor")).then(pl.lit("mor"))
        .when(name.str.starts_with("mo")).then(pl.lit("mo"))
        .otherwise(name.str.slice(0, 1))
    )  # fmt: skip
    return key.replace_strict(list(worth), list(worth.values()), default=None, return_dtype=pl.Float64)
