"""The site's secret, from which both pseudonym spaces, the decision hash and the seal of quarantined lines take their keys."""

from __future__ import annotations

import secrets
from base64 import b64decode, b64encode
from hashlib import blake2b
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from heedful.core.errors import StoreError


class SiteSecret:
    """32 random bytes in a file that only its owner may read; made on first use."""

    def __init__(self, path: Path) -> None:
        self._path = path
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)
            path.write_bytes(b64encode(secrets.token_bytes(32)) + b"\n")
        self._secret = b64decode(path.read_bytes())
        if len(self._secret) != 32:
            raise StoreError(f"{path} is damaged: without it no pseudonym can be found again. Restore it from your backup.")

    @property
    def value(self) -> bytes:
        """The bytes; for key derivation only."""
        return self._secret

    def derived(self, use: str) -> bytes:
        """A 32-byte key for one named use."""
        return blake2b(use.encode(), key=self._secret, digest_size=32).digest()

    def seal(self, line: str) -> str:
        """Encrypt a quarantined line (AES-256-GCM); `unseal` reads it again on this site."""
        nonce = secrets.token_bytes(12)
        return b64encode(nonce + AESGCM(self.derived("quarantine")).encrypt(nonce, line.encode("utf-8", "replace"), None)).decode()

    def unseal(self, line: str) -> str:
        """The line again. Raises `StoreError` if it was sealed elsewhere or changed."""
        data = b64decode(line)
        try:
            return AESGCM(self.derived("quarantine")).decrypt(data[:12], data[12:], None).decode()
        except Exception as error:
            raise StoreError("This line was sealed under another key, or changed since.") from error
