"""First de-identification of texts: mail, phone, handle, URL and number-like identifiers become typed marks.

Doses, dates, ages, scores ("10/10"), blood pressures and hashtags stay. Names, streets, ZIP codes and organisations are not looked
for yet. Patterns run on Rust's regex engine, which is linear in the text, so that no text can make them slow.
"""

from __future__ import annotations

import polars as pl

MARKS = ("[URL]", "[MAIL]", "[HANDLE]", "[PHONE]", "[ID]")

_DOMAINS = "com|org|net|edu|gov|info|biz|io|co|me|us|uk|ca|au|de|fr|ly|tv|be"
_MAIL_HOSTS = "gmail|googlemail|yahoo|hotmail|outlook|icloud|aol|protonmail"

_WITH_SLASH_OR_WWW = (
    (rf"(?i)(?:\bhttps?://|\bwww\.)[^\s<>\"\]]+|\b(?:[a-z0-9-]+\.)+(?:{_DOMAINS})/[^\s<>\"\]]*", "[URL]"),
    (r"(?i)(^|[^\w/.])/?u(?:ser)?/[a-z0-9_-]{3,30}", "${1}[HANDLE]"),
)
_WITH_AT = (
    (r"(^|[^\w@.])@(?:[A-Za-z_]|[0-9]{1,8}[A-Za-z_]{4})(?:[\w.-]*\w)?(?:@[\w-]+(?:\.[\w-]+)+)?", "${1}[HANDLE]"),
    (r"[\w.+%'-]+@(?:[\w-]+\.)+\p{L}{2,24}", "[MAIL]"),
)
_SPELLED_MAIL = rf"(?i)\b[\w.+-]+\s?(?:\(at\)|\[at\]|\bat\b)\s?(?:{_MAIL_HOSTS})(?:\s?(?:\.|\(dot\)|\[dot\]|\bdot\b)\s?[a-z]{{2,6}})?\b"

_CALL = (
    "phone|phoning|tel|telephone|cell|mobile|fax|call|calling|text|whatsapp|signal|contact|reach|ring|dial|sms|answering|messages|helpline"
)
_NAMED = (
    "mrn|mr|medical record|record|chart|patient|member|subscriber|policy|account|acct|ssn|social security|social|nhs|nhi|passport|"
    "driver'?s licen[cs]e|licen[cs]e|claim|serial|sn|device|pump|implant|iban|card|plan|insurance|medicare|medicaid|health card|id"
)
_NUMBERS = (
    (r"\b0[0-9](?:[ .-][0-9]{2}){4}\b|\b[0-9]{2}-[0-9]{2}-[0-9]{2}-[0-9]{2}\b", "[PHONE]"),
    (r"\b(?:[0-9]{1,3}\.){3}[0-9]{1,3}\b|(?i:\b(?:[0-9a-f]{1,4}:){4,7}[0-9a-f]{1,4}\b|\b(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}\b)", "[ID]"),
    (r"\b[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b", "[ID]"),  # IBAN
    (r"\b[0-9]{3}-[0-9]{2}-[0-9]{4}\b", "[ID]"),  # SSN
    (r"\b[0-9]{4}[ -][0-9]{4}[ -][0-9]{4}[ -][0-9]{1,7}\b|\b3[0-9]{3}[ -][0-9]{6}[ -][0-9]{5}\b", "[ID]"),  # cards
    (rf"(?i)\b((?:{_CALL})\b[^0-9+(]{{0,24}})\(?\+?[0-9](?:[ .()/-]{{0,2}}[0-9]){{6,14}}\b", "${1}[PHONE]"),
    (r"\+[1-9](?:[ .()-]{0,2}[0-9]){7,14}\b|\b00[1-9](?:[ .()-]{0,2}[0-9]){7,14}\b", "[PHONE]"),
    (r"(?:\b1[ .-])?(?:\([0-9]{3}\) ?|\b[0-9]{3}[ .-])[0-9]{3}[ .-][0-9]{4}(?:\s?x\s?[0-9]{1,5})?\b", "[PHONE]"),
    (r"\([0-9]{2,4}\) ?[0-9]{3,4}[ .-][0-9]{3,4}\b|\b0[0-9]{2,4}[ .-][0-9]{3,4}(?:[ .-]?[0-9]{3,4}){1,2}\b", "[PHONE]"),
    (
        rf"(?i)\b((?:{_NAMED})\b(?: ?(?:number|num|no\.?|nr|code|record|id|card|#))*\s?(?:is|was|:|=|#)*\s?#?)"
        r"[a-z]{0,4}[ -]?[0-9][0-9a-z-]{4,24}\b",
        "${1}[ID]",
    ),
    (r"\b[A-Z]{1,4}[ -]?[0-9]{6,}(?:-[0-9]+)?\b|\b[A-Z]{2,3}-[0-9]{4,}-[A-Z]{2,3}\b", "[ID]"),
    (r"\b[0-9]{4,}-[0-9]{2,}-[0-9]{3,}\b|\b[0-9]{6,}-[0-9]{2,}\b", "[ID]"),
    # A long number, but for a variant's in dbSNP (rs12979860, of at most ten digits), which a record of genes is about.
    (r"(^|[^0-9.s]|[^0-9]\.|(?:^|[^r])s|[\p{L}\p{N}_]rs)[0-9]{8,}\b", "${1}[ID]"),
    (r"\brs[0-9]{11,}\b", "[ID]"),
)

_NUMBERED = r"[0-9](?:[^a-zA-Z]{0,3}[0-9]){4}|[A-Z]-[0-9]{4}|[0-9a-fA-F]{2}[:-][0-9a-fA-F]{2}[:-]"
"""A text without this has no number that `_NUMBERS` would take: a cheap look before a dozen patterns."""


def deidentify(texts: pl.Series) -> pl.Series:
    """Texts with identifiers replaced by `MARKS`; missing stays missing.

    What only a word beside it makes an identifier ("call 467 3395", "MRN 12345") is asked for that word, so that "500-1000 mg" stays.

    >>> deidentify(pl.Series(["mail me: a.b@mail.org", "@ann took 20 mg on 2024-03-01, BP 120/80 #flu", "SSN 078-05-1120"])).to_list()
    ['mail me: [MAIL]', '[HANDLE] took 20 mg on 2024-03-01, BP 120/80 #flu', 'SSN [ID]']
    """
    marked = _replaced(texts, texts.str.contains("/", literal=True) | texts.str.contains("(?i)www\\."), _WITH_SLASH_OR_WWW)
    marked = _replaced(marked, marked.str.contains("@", literal=True), _WITH_AT)
    marked = _replaced(marked, _any_of(marked, ("mail", "ahoo", "utlook", "cloud", "aol")), ((_SPELLED_MAIL, "[MAIL]"),))
    return _replaced(marked, marked.str.contains(_NUMBERED), _NUMBERS)


def _any_of(texts: pl.Series, words: tuple[str, ...]) -> pl.Series:
    found = texts.str.contains(words[0], literal=True)
    for word in words[1:]:
        found = found | texts.str.contains(word, literal=True)
    return found


def _replaced(texts: pl.Series, where: pl.Series, patterns: tuple[tuple[str, str], ...]) -> pl.Series:
    """Replace only in the texts that may hold something: most hold nothing, and a look is cheaper than a replacement."""
    rows = where.fill_null(False).arg_true()
    if not rows.len():
        return texts
    some = texts.gather(rows)
    for pattern, mark in patterns:
        some = some.str.replace_all(pattern, mark)
    return texts.clone().scatter(rows, some)
