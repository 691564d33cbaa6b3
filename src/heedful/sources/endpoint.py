"""A chat endpoint in the OpenAI style, over the standard library: one question, one answer, no redirects, bounded time and size."""

from __future__ import annotations

import http.client
import ipaddress
import json
import re
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, Any
from urllib.parse import urlsplit

from heedful.core.errors import HeedfulError, SettingsError

MOST_BYTES = 1 << 20
"""Bytes of an answer that are read; a longer one is refused."""


class EndpointError(HeedfulError):
    """The endpoint gave no usable answer. `kind`: unreachable, timeout, rate_limited, refused (4xx), failed (5xx), malformed."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect would carry the key and the text to a host that nobody named."""

    def redirect_request(self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str) -> None:
        return None


@dataclass(frozen=True)
class ChatEndpoint:
    """Where and whom to ask.

    Parameters
    ----------
    url: up to and without "/chat/completions", as https://api.example.org/v1. http is allowed for this machine and private addresses only.
    model: its name there. key: bearer token, empty for none; it never stands in a message or a repr. timeout_seconds: for one answer.

    Raises `SettingsError` for an address or key that cannot be used.
    """

    url: str
    model: str
    key: str = field(default="", repr=False)
    timeout_seconds: float = 30.0

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query or parts.fragment:
            raise SettingsError("adjudicator.url must look like https://HOST/v1, without a user, query or fragment.")
        if parts.scheme == "http" and not _is_near(parts.hostname):
            raise SettingsError("adjudicator.url uses http for a host outside this network: texts and key would travel open. Use https.")
        if not self.model:
            raise SettingsError("adjudicator.model is empty; name the model as the endpoint knows it.")
        if not re.fullmatch(r"[\x21-\x7e]*", self.key):
            raise SettingsError("The adjudicator's key holds a blank or a character that no header can carry. Set the variable again.")

    @property
    def host(self) -> str:
        """Host and port, as kept with each answer."""
        return urlsplit(self.url).netloc

    def ask(self, messages: Sequence[Mapping[str, str]], schema: Mapping[str, Any]) -> object:
        """The content of the first choice. Raises `EndpointError`; its text holds neither key nor what was sent or answered."""
        body = {
            "model": self.model,
            "messages": list(messages),
            "temperature": 0,
            "response_format": {"type": "json_schema", "json_schema": {"name": "labels", "strict": True, "schema": dict(schema)}},
        }
        headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {self.key}"} if self.key else {})}
        request = urllib.request.Request(f"{self.url.rstrip('/')}/chat/completions", json.dumps(body).encode(), headers, method="POST")
        return _content(self._sent(request))

    def _sent(self, request: urllib.request.Request) -> bytes:
        opener = urllib.request.build_opener(_NoRedirects)
        try:
            with opener.open(request, timeout=self.timeout_seconds) as answer:
                content: bytes = answer.read(MOST_BYTES + 1)
        except urllib.error.HTTPError as error:
            with error:
                kind = "rate_limited" if error.code == 429 else "failed" if error.code >= 500 else "refused"
            raise EndpointError(kind, f"{self.host} answered with status {error.code}.") from None
        except TimeoutError:
            raise EndpointError("timeout", f"{self.host} gave no answer within {self.timeout_seconds:g} seconds.") from None
        except urllib.error.URLError as error:
            if isinstance(error.reason, TimeoutError):
                raise EndpointError("timeout", f"{self.host} gave no answer within {self.timeout_seconds:g} seconds.") from None
            raise EndpointError("unreachable", f"{self.host} cannot be reached. Check adjudicator.url and the network.") from None
        except (http.client.HTTPException, OSError):
            raise EndpointError("unreachable", f"{self.host} broke the connection off.") from None
        if len(content) > MOST_BYTES:
            raise EndpointError("malformed", f"{self.host} answered with more than {MOST_BYTES:,} bytes.")
        return content


def _content(answer: bytes) -> object:
    try:
        found: object = json.loads(answer)["choices"][0]["message"]["content"]
    except (ValueError, KeyError, IndexError, TypeError, RecursionError):
        raise EndpointError("malformed", "The answer is no chat completion.") from None
    return found


def _is_near(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return host == "localhost"
