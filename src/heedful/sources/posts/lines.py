"""Lines of a stream with their place in it: taken in bounded portions, given back if a record turns out to need more of them."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate

from heedful.core.errors import SourceError
from heedful.sources.posts.streams import Stream

LINE_LIMIT = 16 * 1024 * 1024
PORTION_BYTES = 16 * 1024 * 1024


class LineReader:
    """Hands out whole lines, terminators included.

    Cuts depend only on what follows the starting place, so that reading again from `offset` gives the same portions.
    `offset`: bytes of the decoded stream before the next line. `line`: lines before it. `done`, `total`: as in `Stream`.

    Errors: `SourceError` when the stream breaks (after its last whole line was handed out), or a line is longer than 16 MB.
    """

    def __init__(self, stream: Stream, offset: int = 0, line: int = 0) -> None:
        self.offset, self.line = offset, line
        self._stream, self._blocks = stream, iter(stream)
        self._waiting: list[bytes] = []
        self._carry = b""
        self._ended = False
        self._error: SourceError | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing follows the lines handed out so far."""
        return not self._waiting and (self._ended or not self._fill(1))

    @property
    def done(self) -> int:
        return self._stream.done

    @property
    def total(self) -> int:
        return self._stream.total

    def take(self, rows: int, size: int = PORTION_BYTES) -> list[bytes]:
        """Up to `rows` lines of up to `size` bytes together, at least one; empty at the end of the file."""
        self._fill(rows, size)
        lines = self._waiting[:rows]
        if not lines:
            if self._error:
                raise self._told(self._error)
            if self.line == 0:
                raise SourceError(self._stream.path, "there is nothing in the file", "Check the export or download that made it.")
            return []
        lengths = list(accumulate(map(len, lines)))
        if lengths[-1] > size:
            lines = lines[: max(1, bisect_right(lengths, size))]
        del self._waiting[: len(lines)]
        self.offset += lengths[len(lines) - 1]
        self.line += len(lines)
        return lines

    def give_back(self, lines: list[bytes]) -> None:
        """Put the last lines that were taken in front again."""
        self._waiting[:0] = lines
        self.offset -= sum(map(len, lines))
        self.line -= len(lines)

    def _fill(self, rows: int, size: int = PORTION_BYTES) -> bool:
        held = sum(map(len, self._waiting))
        while not self._ended and len(self._waiting) < rows and held <= size:
            try:
                block = next(self._blocks, None)
            except SourceError as error:
                # The rest of a broken line is not a line: it is dropped, and the error is raised after the whole ones.
                self._error, self._ended, block = error, True, b""
                self._carry = b""
            if block is None:
                self._ended, block = True, b""
                if self._carry:
                    self._waiting.append(self._carry)
                    self._carry = b""
            if block:
                held += self._split(self._carry + block)
        return bool(self._waiting)

    def _split(self, data: bytes) -> int:
        lines = data.splitlines(keepends=True)
        # A carriage return at the very end may be half of a line end.
        self._carry = b"" if lines[-1].endswith(b"\n") else lines.pop()
        if len(self._carry) > LINE_LIMIT:
            line = self.line + len(self._waiting) + len(lines) + 1
            self._carry, self._ended = b"", True
            self._error = SourceError(
                self._stream.path,
                "a line is longer than 16 MB, so this is not a file with one record a line",
                "If it is one JSON array, turn it into JSON lines first, for example with: jq -c '.[]'.",
                line,
            )
        self._waiting += lines
        return len(data) - len(self._carry)

    def _told(self, error: SourceError) -> SourceError:
        return SourceError(error.path, f"{error.reason}; {self.line:,} whole lines were read before", error.cure, error.line)
