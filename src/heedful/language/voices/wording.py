"""What a text is by its wording: a news item, an advert, something with a link. Cues as data of our own, English, German, Spanish, French.

A text that speaks of its writer is neither: somebody who tells of a study and of her own migraine is a person.
"""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

NEWS = (
    "breaking:", "breaking news", "news:", "via reuters", "(reuters)", "(ap)", "(afp)", "(dpa)", "according to a new",
    "according to the cdc", "according to the who", "according to health officials", "health officials say", "officials said",
    "officials say", "officials confirm", "officials report", "health department says", "health department confirms",
    "says the health department", "health ministry", "ministry of health", "department of health", "study finds", "study shows",
    "study says", "study suggests", "new study", "researchers say", "researchers found", "researchers find", "scientists say",
    "scientists find", "experts say", "experts warn", "doctors warn", "a new report", "report finds", "press release", "press conference",
    "read more", "full story", "read the full", "latest news", "live updates", "what we know", "what you need to know", "here's what",
    "cases rise", "cases reported", "new cases", "cases confirmed", "death toll", "outbreak of", "recall of", "recalls", "fda approves",
    "fda warns", "ema recommends", "in a statement", "told reporters", "clinics in", "eilmeldung", "laut einer studie", "forscher",
    "behörden", "gesundheitsministerium", "según un estudio", "ministerio de salud", "última hora", "selon une étude",
    "ministère de la santé", "dernière minute", "podcast on", "article on",
)  # fmt: skip
ADVERT = (
    "buy now", "order now", "shop now", "order today", "buy yours", "get yours", "shop our", "available now at", "in stock now",
    "free shipping", "free delivery", "worldwide shipping", "limited offer", "limited time offer", "special offer", "today only",
    "while supplies last", "discount code", "promo code", "coupon code", "use code", "use my code", "off your first order", "% off",
    "money back guarantee", "money-back guarantee", "no prescription needed", "without prescription", "without a prescription",
    "dm to order", "dm for price", "dm me to order", "dm for orders", "whatsapp to order", "message to order", "link in bio",
    "link in my bio", "click the link", "affiliate", "sponsored", "#ad ", "#ad.", "#sponsored", "best price", "lowest price",
    "cheap price", "satisfaction guaranteed", "clinically proven formula", "subscribe to our", "join our webinar", "sign up today",
    "book your appointment", "book now", "call now", "try it free", "free trial", "jetzt kaufen", "jetzt bestellen", "rabattcode",
    "versandkostenfrei", "compra ahora", "envío gratis", "código de descuento", "achetez maintenant", "livraison gratuite", "code promo",
)  # fmt: skip
LINK = ("[URL]", "http://", "https://", "www.")

_SELF = r"(?i)\b(?:i|i'?m|i'?ve|i'?d|i'?ll|my|mine|me|myself|ich|mein(?:e[mnrs]?)?|mir|mich|yo|mi|mis|je|j'ai|mon|ma|mes)\b"
"""'us' and 'we' are not among them: newsrooms and shops say 'we'."""


def worded(texts: pl.Series) -> pl.DataFrame:
    """One row a text: `news`, `advert`, `link` (Boolean) and `words` (how many, parted at white space). A missing text is none of them.

    An advert has two different cues, or a cue and a link; news has a cue and does not say 'I'.

    >>> worded(pl.Series(["Breaking: flu cases rise in Ohio [URL]", "I read a new study", "50 % off, buy now"])).rows()
    [(True, False, True, 7), (False, False, False, 5), (False, True, False, 5)]
    """
    given = texts.fill_null("")
    plain = _changed(given.str.replace_all("’", "'", literal=True), "%", lambda some: some.str.replace_all(r"\d+ ?% ?off", "% off"))
    text = pl.col("text")
    found = pl.DataFrame({"text": plain, "given": given}).select(
        "text",
        told=text.str.contains_any(list(NEWS), ascii_case_insensitive=True),
        sold=text.str.contains_any(list(ADVERT), ascii_case_insensitive=True),
        link=text.str.contains_any(list(LINK)),
        words=pl.col("given").str.count_matches(r"\S+").cast(pl.Int32),
    )
    # Most texts have no cue at all: only the others are looked at twice.
    news = _of_some(found, "told", ~text.str.contains(_SELF))
    cues = text.str.extract_many(list(ADVERT), ascii_case_insensitive=True).list.eval(pl.element().str.to_lowercase()).list.n_unique()
    advert = _of_some(found, "sold", (cues >= 2) | pl.col("link"))
    return pl.DataFrame({"news": news, "advert": advert, "link": found["link"], "words": found["words"]})


def _of_some(rows: pl.DataFrame, cue: str, then: pl.Expr) -> pl.Series:
    """True of the rows with the cue of which `then` is true; it is asked of these alone."""
    at = rows[cue].arg_true()
    return rows[cue].clone().scatter(at, rows[at].select(then).to_series()) if len(at) else rows[cue]


def _changed(texts: pl.Series, sign: str, change: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """`texts`, those that hold `sign` changed."""
    at = texts.str.contains(sign, literal=True).arg_true()
    return texts.clone().scatter(at, change(texts.gather(at))) if len(at) else texts
