"""Oura's tags (`enhanced_tag`): what a person marked a day with, as answers of the form `oura_tags`; comments are not kept.

The tag is the item and the answer is yes, so that `behavior.annotations` knows alcohol, travel, a vaccination or a period. A name of the
person's own choosing is kept only if it is one of these words; any other is the item `custom`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from heedful.core.errors import SourceError
from heedful.sources.answers.drafted import AnswerDraft, answer_batches
from heedful.sources.base import Batch, Options
from heedful.sources.cut_json import BrokenOffError
from heedful.sources.wearables.documents import objects, shown, stamped
from heedful.sources.wearables.parts import Part

FORM = "oura_tags"
MARK = b'"tag_type_code"'
_OWN_WORDS = ("comment", "custom_name")
_KNOWN = ("alcohol", "drinks", "travel", "vaccination", "vaccine", "period", "menstruation", "illness")


def tag_batches(
    parts: Sequence[Part],
    records: Callable[[Part], list[Any]],
    options: Options,
    known_at: datetime,
    cursor: Mapping[str, Any] | None,
    total: int,
    *,
    alone: bool,
) -> Iterator[Batch]:
    """Batches of the tags in some files of an input of `total` bytes, after `cursor`; `records` reads a file.

    Raises `BrokenOffError` behind the tags of a file that breaks off, if nothing else was given (`alone`).
    """
    done = total - sum(part.size for part in parts)
    broken = list[BrokenOffError]()
    drafts = _drafts(parts, records, options.subject or "self", ZoneInfo(options.zone), done, broken)
    yield from answer_batches(drafts, options, known_at, cursor, total)
    if alone and broken:
        raise broken[0]


def _drafts(
    parts: Sequence[Part], records: Callable[[Part], list[Any]], person: str, zone: ZoneInfo, done: int, broken: list[BrokenOffError]
) -> Iterator[AnswerDraft]:
    """The tags of each file; files that cannot be read were set aside when their observations were asked for."""
    for part in parts:
        done += part.size
        draft = AnswerDraft(part.name, done=done)
        try:
            data = records(part)
        except BrokenOffError as error:
            broken.append(error)
            data = records(part.of(error.whole.data))
        except SourceError:
            yield draft
            continue
        for number, record, raw in objects(data):
            if record is not None and "tag_type_code" in record:
                try:
                    at = stamped(record.get("start_time"), zone) or datetime.combine(date.fromisoformat(record["start_day"]), time(), zone)
                    draft.add(number, person, FORM, _item(record), at, 1.0, "yes")
                except (ValueError, TypeError, KeyError, OverflowError) as error:
                    why = f"the tag cannot be read ({type(error).__name__}: {str(error)[:80]}); fetch it again"
                    draft.unread.append((number, why, shown({name: cell for name, cell in raw.items() if name not in _OWN_WORDS})))
        yield draft


def _item(record: dict[str, object]) -> str:
    """The tag's word; Oura's own codes begin with `tag_generic_` or `tag_sleep_`."""
    own = str(record.get("custom_name") or "").strip().lower()
    if own in _KNOWN:
        return own
    code = str(record["tag_type_code"]).strip().lower()
    for start in ("tag_generic_", "tag_sleep_", "tag_"):
        code = code.removeprefix(start)
    return code[:60] or "custom"
