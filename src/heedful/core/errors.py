"""One class a kind of trouble; each message says what was wrong, why it matters and what to do."""

from __future__ import annotations

from pathlib import Path


class HeedfulError(Exception):
    """Base of every error that heedful raises on purpose; the CLI prints it without a traceback and exits with 2."""


class LabelError(HeedfulError):
    """Data was sent where its label does not allow it (DESIGN, "Doors and labels")."""


class SchemaError(HeedfulError):
    """A table lacks a column, has one too many, or holds a value of the wrong type."""


class RegistryError(HeedfulError):
    """A name was registered twice, or asked for and not found."""


class SettingsError(HeedfulError):
    """A setting is unknown, impossible or unsafe; the message names the cure."""


class ConsentError(HeedfulError):
    """An act needs a consent that is not in force."""


class StoreError(HeedfulError):
    """The lake or the ledger could not be read or written."""


class WriterBusyError(StoreError):
    """Another process has the right to write."""


class NotFoundError(HeedfulError):
    """A person, row, case or file that was asked for does not exist."""


class SourceError(HeedfulError):
    """A file is not what it says, or breaks off; nothing of it after this point can be trusted.

    Parameters
    ----------
    path: the file.
    reason: what was found instead, as a clause.
    cure: what the user can do, as a sentence.
    line: 1-based line (or record) number, if one is known.
    """

    def __init__(self, path: Path | str, reason: str, cure: str, line: int | None = None) -> None:
        self.path, self.reason, self.cure, self.line = Path(path), reason, cure, line
        where = f"{path}, line {line}" if line else str(path)
        super().__init__(f"{where}: {reason}. {cure}")
