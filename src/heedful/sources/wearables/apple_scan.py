"""The records of an `export.xml` straight from its bytes, in the plain form in which Apple writes them; all else is left to a parser.

XML that is not of this form (a comment, text between tags, a name space, a tag that does not fit, a byte that is no UTF-8) is never
guessed at: the scan stops before it, and `apple_xml` lets lxml judge and rewrite what follows. What is accepted here, lxml accepts too.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

MORE, FULL, STRANGE, NO_ROOM, NO_TEXTS, NO_NOTES, NO_WRITERS, NO_SAYINGS = range(8)
"""Why a scan ended: the rest is no whole tag; a record follows, and there are as many as were asked for; a parser must judge what follows;
there is no room for others, for texts of values, for notes, for a new writer, for a new saying."""
MOST_NOTES = 1_000
"""Notes kept of one record."""
STAMP = 26
"""Bytes of a stamp and the bar after it."""
DEPTH, OPEN, NOTES_ON, RECORDS, NOTES, OTHERS, TEXT, STACKED, BEYOND, ENDED, WRITERS, SAYINGS = range(12)
"""Places in the state: elements open; those open within the last record while it is, else 0; how many notes it has; counts of what was
taken; bytes of texts and of names of open elements; notes beyond the most; whether the root was closed; how many writers and sayings are
known."""
ELEMENT, WORKOUT, INNER, ATTRIBUTE = range(4)
"""What `others` hold: an element, a workout, an element within a record or workout, an attribute of a record that Apple did not write
before."""

TYPE, UNIT, NAME, VERSION, DEVICE, START, END, VALUE, _CREATED = range(9)
_RECORD, _NOTE, _WORKOUT, _OTHER = range(4)
_PLAIN, _NAME, _FIRST = 1, 2, 4
_MOST_ATTRIBUTES, _MOST_DEPTH = 64, 60
_TEN = 10.0 ** np.arange(23)

Bytes = npt.NDArray[np.uint8]


def _classes(*, trusted: bool) -> Bytes:
    """What each byte may be: plain inside a value, part of a name, its beginning. In rewritten XML a name ends at a space, '=' or '>'."""
    out = np.zeros(256, np.uint8)
    for byte in range(32, 128):
        out[byte] |= _PLAIN if byte not in b"<&\"'" else 0
        out[byte] |= _FIRST if chr(byte).isalpha() or byte == ord("_") else 0
        out[byte] |= _NAME if chr(byte).isalnum() or byte in b"_-." else 0
    if trusted:
        out[33:] |= _NAME | _FIRST
        out[list(b"=>")] &= _PLAIN
    return out


STRICT, TRUSTED = _classes(trusted=False), _classes(trusted=True)


class Table(NamedTuple):
    """Numbers of keys, in order of their first sight: a key is several stretches of bytes, -1 long where there is none.

    `slots`: open-addressed, -1 where free; of each number its `hashes`, the `lengths` of its stretches, and where its bytes end in `arena`.
    """

    slots: npt.NDArray[np.int32]
    hashes: npt.NDArray[np.uint64]
    lengths: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]
    arena: Bytes


class Taken(NamedTuple):
    """Records of a batch, notes on them, and what else was met, in the order of the file.

    `plain`: 1 where `numbers` holds the value; 0 where its text must be read; -1 where there is none. `text_ends`: where each value's text
    ends in `texts`. `noted`: the record of each note. `others`: what it is, from where to where it stands in the block, and how many
    records and notes came before.
    """

    writers: npt.NDArray[np.int32]
    starts: npt.NDArray[np.uint8]
    ends: npt.NDArray[np.uint8]
    numbers: npt.NDArray[np.float64]
    plain: npt.NDArray[np.int8]
    text_ends: npt.NDArray[np.int64]
    texts: Bytes
    noted: npt.NDArray[np.int64]
    notes: npt.NDArray[np.int32]
    others: npt.NDArray[np.int64]


@njit(cache=True)
def scan(
    block: Any,
    begun: Any,
    stop: Any,
    trusted: Any,
    limit: Any,
    classes: Any,
    state: Any,
    stack: Any,
    taken: Any,
    writers: Any,
    sayings: Any,
) -> Any:
    """Take what stands in `block[begun:stop]`; returns why it ended, and before which byte. A tag is taken whole or not at all."""
    spans, attributes = np.empty((9, 2), np.int64), np.empty((_MOST_ATTRIBUTES, 2), np.int64)
    at = begun
    while True:
        while at < stop and block[at] <= 32:
            at += 1
        if at == stop:
            return MORE, at
        begin = at
        if block[at] != 60:
            return STRANGE, begin
        at += 1
        if at < stop and block[at] == 47:
            name = at + 1
            at = _after_name(block, name, stop, classes)
            length = at - name
            at = _after_spaces(block, at, stop)
            if at == stop:
                return MORE, begin
            if block[at] != 62 or not _closes(block, name, length, state, stack, trusted):
                return STRANGE, begin
            at += 1
            state[ENDED] = state[DEPTH] == 0
            if state[DEPTH] < state[OPEN]:
                state[OPEN] = 0
            continue
        name = at
        at = _after_name(block, name, stop, classes)
        if at == stop:
            return MORE, begin
        if not classes[block[name]] & _FIRST or state[ENDED]:
            return STRANGE, begin
        name_end, kind = at, _kind(block, name, at - name)
        if kind in (_RECORD, _WORKOUT) and state[RECORDS] >= limit:
            return FULL, begin
        spans[:, 1] = -1
        count, beside, empty = 0, False, False
        while True:
            gap = at
            at = _after_spaces(block, at, stop)
            if at == stop:
                return MORE, begin
            if block[at] == 62:
                at += 1
                break
            if block[at] == 47 and not trusted:
                if at + 1 == stop:
                    return MORE, begin
                if block[at + 1] != 62:
                    return STRANGE, begin
                at += 2
                empty = True
                break
            key = at
            at = _after_name(block, key, stop, classes)
            key_end = at
            at = _after_spaces(block, at, stop)
            if at == stop:
                return MORE, begin
            if key == gap or not classes[block[key]] & _FIRST or block[at] != 61:
                return STRANGE, begin
            at = _after_spaces(block, at + 1, stop)
            if at == stop:
                return MORE, begin
            quote = block[at]
            if quote != 34 and quote != 39:
                return STRANGE, begin
            value, special = at + 1, False
            at = value
            while True:
                while at < stop and classes[block[at]] & _PLAIN:
                    at += 1
                if at == stop:
                    return MORE, begin
                byte = block[at]
                if byte == quote:
                    break
                if byte == 34 or byte == 39:
                    at += 1
                    continue
                special = True
                if byte < 32 and byte != 13:
                    at += 1
                elif byte == 38:
                    at = _after_reference(block, at, stop)
                elif byte >= 128:
                    at = _after_rune(block, at, stop)
                else:
                    return STRANGE, begin
                if at < 0:
                    return (MORE if at == -1 else STRANGE), begin
            place = _place(block, key, key_end - key, kind)
            if place >= 0:
                if spans[place, 1] >= 0:
                    return STRANGE, begin
                spans[place, 0], spans[place, 1] = value, at - value
                if special and kind == _RECORD and place in (START, END) and not trusted:
                    return STRANGE, begin
                beside |= special and place == VALUE
            elif not trusted:
                if count == _MOST_ATTRIBUTES or _is(block, key, key_end - key, b"xmlns"):
                    return STRANGE, begin
                for other in range(count):
                    if _alike(block, key, key_end - key, attributes[other, 0], attributes[other, 1]):
                        return STRANGE, begin
            if place < 0 and count < _MOST_ATTRIBUTES:
                attributes[count, 0], attributes[count, 1] = key, key_end - key
                count += 1
            at += 1
        if not empty and not trusted and (state[DEPTH] == _MOST_DEPTH or state[STACKED] + name_end - name > stack.size - 2 * _MOST_DEPTH):
            return STRANGE, begin
        if state[OTHERS] + _MOST_ATTRIBUTES > len(taken.others):
            return NO_ROOM, begin
        if kind == _RECORD:
            lack = _take_record(block, spans, beside, state, taken, writers)
            if lack:
                return lack, begin
            for other in range(count):
                _tell_other(taken, state, ATTRIBUTE, attributes[other, 0], attributes[other, 0] + attributes[other, 1])
        elif kind == _NOTE:
            lack = _take_note(block, spans, state, taken, sayings) if state[OPEN] == state[DEPTH] else 0
            if lack:
                return lack, begin
        else:
            _tell_other(taken, state, WORKOUT if kind == _WORKOUT else INNER if state[OPEN] else ELEMENT, begin, at)
            if kind == _WORKOUT:
                taken.writers[state[RECORDS]], taken.text_ends[state[RECORDS]] = -1, state[TEXT]
                state[RECORDS] += 1
                state[OPEN], state[NOTES_ON] = 0, 0
        if not empty:
            if not trusted:
                _open(block, name, name_end - name, state, stack)
            state[DEPTH] += 1
            if kind in (_RECORD, _WORKOUT):
                state[OPEN] = state[DEPTH]
        elif state[DEPTH] == 0:
            state[ENDED] = 1


@njit(cache=True)
def _tell_other(taken, state, what, begin, end):  # type: ignore[no-untyped-def]
    row = state[OTHERS]
    taken.others[row, 0], taken.others[row, 1], taken.others[row, 2] = what, begin, end
    taken.others[row, 3], taken.others[row, 4] = state[RECORDS], state[NOTES]
    state[OTHERS] += 1


@njit(cache=True)
def _take_record(block, spans, beside, state, taken, writers):  # type: ignore[no-untyped-def]
    """Take a record; returns what there is no room for, 0 if it was taken."""
    row, begin, length = state[RECORDS], spans[VALUE, 0], spans[VALUE, 1]
    if state[TEXT] + length > taken.texts.size:
        return NO_TEXTS
    _leave_address_out(block, spans)
    last = taken.writers[row - 1] if row else np.int32(-1)
    number = _number(block, spans, 5, last, state, WRITERS, writers)
    if number < 0:
        return NO_WRITERS
    taken.writers[row] = number
    _copy_stamp(block, spans[START, 0], spans[START, 1], taken.starts[row * STAMP : (row + 1) * STAMP])
    _copy_stamp(block, spans[END, 0], spans[END, 1], taken.ends[row * STAMP : (row + 1) * STAMP])
    for place in range(length):
        taken.texts[state[TEXT] + place] = block[begin + place]
    state[TEXT] += max(length, 0)
    taken.text_ends[row] = state[TEXT]
    taken.plain[row], taken.numbers[row] = -1, np.nan
    if length >= 0:
        taken.plain[row], taken.numbers[row] = (0, np.nan) if beside else _decimal(block, begin, begin + length)
    state[RECORDS] += 1
    state[OPEN], state[NOTES_ON] = 0, 0
    return 0


@njit(cache=True)
def _take_note(block, spans, state, taken, sayings):  # type: ignore[no-untyped-def]
    """Take a note on the last record; returns what there is no room for, 0 if it was taken."""
    if state[NOTES_ON] == MOST_NOTES:
        state[BEYOND] += 1
        return 0
    row = state[NOTES]
    if row == taken.notes.size:
        return NO_NOTES
    last = taken.notes[row - 1] if row else np.int32(-1)
    number = _number(block, spans, 2, last, state, SAYINGS, sayings)
    if number < 0:
        return NO_SAYINGS
    taken.notes[row], taken.noted[row] = number, state[RECORDS] - 1
    state[NOTES] += 1
    state[NOTES_ON] += 1
    return 0


@njit(cache=True)
def _leave_address_out(block, spans):  # type: ignore[no-untyped-def]
    """In "<<HKDevice: 0x282a45810>, name:iPhone…" a memory address stands before the first '>'; without one only the last byte counts."""
    at, stop = spans[DEVICE, 0], spans[DEVICE, 0] + spans[DEVICE, 1]
    if spans[DEVICE, 1] <= 0:
        return
    while at < stop:
        if block[at] == 62 or (block[at] == 38 and block[at + 1] == 103):  # > or &gt;
            spans[DEVICE, 0], spans[DEVICE, 1] = at, stop - at
            return
        if block[at] == 38 and block[at + 1] == 35:  # &# may be a '>': all of it counts
            return
        at += 1
    if block[stop - 1] < 128 and block[stop - 1] != 59:
        spans[DEVICE, 0], spans[DEVICE, 1] = stop - 1, 1


@njit(cache=True)
def _copy_stamp(block, begin, length, into):  # type: ignore[no-untyped-def]
    """A stamp of 25 bytes with a bar; one of iOS 8 (20150616071820-0700) in today's form; anything else as question marks."""
    into[:] = 63
    into[25] = 124
    if length == 25:
        for place in range(25):
            into[place] = block[begin + place]
    elif length == 19:
        for place in range(19):
            if place != 14 and not 48 <= block[begin + place] <= 57:
                return
        if block[begin + 14] != 43 and block[begin + 14] != 45:
            return
        source = begin
        for place in range(25):
            if place == 4 or place == 7:
                into[place] = 45
            elif place == 10 or place == 19:
                into[place] = 32
            elif place == 13 or place == 16:
                into[place] = 58
            else:
                into[place] = block[source]
                source += 1


@njit(cache=True)
def _decimal(block, at, stop):  # type: ignore[no-untyped-def]
    """(1, number) of plain decimal digits whose quotient of whole numbers is exact (Clinger 1990), else (0, nan): polars reads those."""
    begin = at
    if at < stop and block[at] == 45:
        at += 1
    whole, digits, decimals, point = 0, 0, 0, False
    while at < stop:
        byte = block[at]
        if 48 <= byte <= 57:
            whole = whole * 10 + (byte - 48)
            digits += 1
            decimals += point
        elif byte == 46 and not point and digits:
            point = True
        else:
            return 0, np.nan
        at += 1
    if not digits or digits > 15 or (point and not decimals):
        return 0, np.nan
    value = np.float64(whole) / _TEN[decimals]
    return 1, -value if block[begin] == 45 else value


@njit(cache=True)
def _number(block, spans, width, last, state, known, table):  # type: ignore[no-untyped-def]
    """The number of a key, a new one if it was not met before; -1 where there is no room. `last`: the number that it probably has."""
    if last >= 0 and _same(block, spans, width, last, table):
        return last
    hashed, size = np.uint64(width), 0
    for part in range(width):
        hashed = (hashed ^ np.uint64(spans[part, 1] + 1)) * np.uint64(0x100000001B3)
        for at in range(spans[part, 0], spans[part, 0] + spans[part, 1]):
            hashed = (hashed ^ np.uint64(block[at])) * np.uint64(0x100000001B3)
        size += max(spans[part, 1], 0)
    hashed ^= hashed >> np.uint64(32)
    mask = np.uint64(table.slots.size - 1)
    slot = hashed & mask
    while table.slots[slot] >= 0:
        number = table.slots[slot]
        if table.hashes[number] == hashed and _same(block, spans, width, number, table):
            return number
        slot = (slot + np.uint64(1)) & mask
    new = state[known]
    begin = table.ends[new - 1] if new else 0
    if new == table.ends.size or begin + size > table.arena.size:
        return np.int32(-1)
    table.slots[slot], table.hashes[new] = new, hashed
    for part in range(width):
        table.lengths[new, part] = spans[part, 1]
        for at in range(spans[part, 0], spans[part, 0] + spans[part, 1]):
            table.arena[begin] = block[at]
            begin += 1
    table.ends[new] = begin
    state[known] += 1
    return np.int32(new)


@njit(cache=True)
def _same(block, spans, width, number, table):  # type: ignore[no-untyped-def]
    at = table.ends[number - 1] if number else 0
    for part in range(width):
        if table.lengths[number, part] != spans[part, 1]:
            return False
    for part in range(width):
        begin, length, differs = spans[part, 0], max(spans[part, 1], 0), np.uint8(0)
        for place in range(length):  # no way out of this loop, so that it runs many bytes at a time
            differs |= block[begin + place] ^ table.arena[at + place]
        if differs:
            return False
        at += length
    return True


@njit(cache=True)
def _after_spaces(block, at, stop):  # type: ignore[no-untyped-def]
    while at < stop and block[at] <= 32:
        at += 1
    return at


@njit(cache=True)
def _after_name(block, at, stop, classes):  # type: ignore[no-untyped-def]
    while at < stop and classes[block[at]] & _NAME:
        at += 1
    return at


@njit(cache=True)
def _after_reference(block, at, stop):  # type: ignore[no-untyped-def]
    """The byte after `&…;`; -1 where the block ends before it, -2 where it names no character that XML allows."""
    end = at + 1
    while end < stop and end < at + 12 and block[end] != 59:
        end += 1
    if end == stop:
        return -1
    if block[end] != 59:
        return -2
    name, length = at + 1, end - at - 1
    if _is(block, name, length, b"lt") or _is(block, name, length, b"gt") or _is(block, name, length, b"amp"):
        return end + 1
    if _is(block, name, length, b"quot") or _is(block, name, length, b"apos"):
        return end + 1
    if length < 2 or block[name] != 35:
        return -2
    base = 16 if block[name + 1] == 120 else 10
    rune, place = 0, name + 1 + (base == 16)
    if place == end:
        return -2
    for digit in block[place:end]:
        lower = digit | 32
        if 48 <= digit <= 57:
            rune = rune * base + digit - 48
        elif base == 16 and 97 <= lower <= 102:
            rune = rune * base + lower - 87
        else:
            return -2
    allowed = rune == 9 or rune == 10 or rune == 13 or 32 <= rune < 0xD800 or 0xE000 <= rune < 0xFFFE or 0x10000 <= rune < 0x110000
    return end + 1 if allowed else -2


@njit(cache=True)
def _after_rune(block, at, stop):  # type: ignore[no-untyped-def]
    """The byte after a character of several; -1 where the block ends before it, -2 where it is no UTF-8, or not allowed in XML."""
    first = block[at]
    length = 2 if 0xC2 <= first < 0xE0 else 3 if 0xE0 <= first < 0xF0 else 4 if 0xF0 <= first < 0xF5 else 0
    if not length:
        return -2
    if at + length > stop:
        return -1
    rune = np.int64(first) & (0x7F >> length)
    for place in range(1, length):
        if block[at + place] & 0xC0 != 0x80:
            return -2
        rune = rune << 6 | block[at + place] & 0x3F
    least = 0x80 if length == 2 else 0x800 if length == 3 else 0x10000
    if rune < least or 0xD800 <= rune < 0xE000 or rune == 0xFFFE or rune == 0xFFFF or rune >= 0x110000:
        return -2
    return at + length


@njit(cache=True)
def _is(block, begin, length, text):  # type: ignore[no-untyped-def]
    if length != len(text):
        return False
    for place in range(len(text)):  # noqa: SIM110 (Numba has no all)
        if block[begin + place] != text[place]:
            return False
    return True


@njit(cache=True)
def _alike(block, one, length, other, other_length):  # type: ignore[no-untyped-def]
    if length != other_length:
        return False
    for place in range(length):  # noqa: SIM110
        if block[one + place] != block[other + place]:
            return False
    return True


@njit(cache=True)
def _kind(block, begin, length):  # type: ignore[no-untyped-def]
    if length == 6 and _is(block, begin, length, b"Record"):
        return _RECORD
    if length == 13 and _is(block, begin, length, b"MetadataEntry"):
        return _NOTE
    if length == 7 and _is(block, begin, length, b"Workout"):
        return _WORKOUT
    return _OTHER


@njit(cache=True)
def _place(block, begin, length, kind):  # type: ignore[no-untyped-def]
    """Where the value of an attribute goes; -1 for one that is not asked for."""
    if kind == _NOTE:
        return 0 if _is(block, begin, length, b"key") else 1 if _is(block, begin, length, b"value") else -1
    if kind != _RECORD:
        return -1
    if length == 4:
        return TYPE if _is(block, begin, length, b"type") else UNIT if _is(block, begin, length, b"unit") else -1
    if length == 5:
        return VALUE if _is(block, begin, length, b"value") else -1
    if length == 6:
        return DEVICE if _is(block, begin, length, b"device") else -1
    if length == 7:
        return END if _is(block, begin, length, b"endDate") else -1
    if length == 9:
        return START if _is(block, begin, length, b"startDate") else -1
    if length == 10:
        return NAME if _is(block, begin, length, b"sourceName") else -1
    if length == 12:
        return _CREATED if _is(block, begin, length, b"creationDate") else -1
    return VERSION if _is(block, begin, length, b"sourceVersion") else -1


@njit(cache=True)
def _open(block, begin, length, state, stack):  # type: ignore[no-untyped-def]
    """Put a name on the stack: its bytes, and after the last one of all names (from the end of `stack`) their lengths, two bytes each."""
    for place in range(length):
        stack[state[STACKED] + place] = block[begin + place]
    state[STACKED] += length
    tail = stack.size - 2 * (state[DEPTH] + 1)
    stack[tail], stack[tail + 1] = length & 255, length >> 8


@njit(cache=True)
def _closes(block, begin, length, state, stack, trusted):  # type: ignore[no-untyped-def]
    """Whether an end tag is that of the element that was opened last, which is closed then."""
    if trusted:
        state[DEPTH] -= 1
        return True
    if state[DEPTH] == 0:
        return False
    tail = stack.size - 2 * state[DEPTH]
    if length != stack[tail] + 256 * np.int64(stack[tail + 1]):
        return False
    for place in range(length):
        if stack[state[STACKED] - length + place] != block[begin + place]:
            return False
    state[STACKED] -= length
    state[DEPTH] -= 1
    return True
