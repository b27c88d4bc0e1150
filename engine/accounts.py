"""What may stand in a connection: its code, its addresses, its times; asked by the command line and by the pages."""

from __future__ import annotations

import re
from ipaddress import ip_network
from urllib.parse import urlsplit

from engine.model.catalog import duration

CODE = re.compile(r"[a-z0-9][a-z0-9-]{1,59}")
_HOST = re.compile(r"(\*\.)?[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")


def is_address(text: str) -> bool:
    """https://host/path or http://, without an account, a query or a fragment."""
    try:
        parts = urlsplit(text)
        named = bool(parts.hostname)
    except ValueError:
        return False
    plain = parts.scheme in ("http", "https") and "@" not in parts.netloc
    return plain and named and not parts.query and not parts.fragment


def is_host(text: str) -> bool:
    """A host's name, or `*.` and one: every host below it."""
    return bool(_HOST.fullmatch(text))


def is_network(text: str) -> bool:
    """A range of addresses, 10.1.0.0/16, its host bits zero."""
    try:
        return bool(ip_network(text))
    except ValueError:
        return False


def is_span(text: str) -> bool:
    """A length of time, 30s or 10m."""
    try:
        return bool(duration(text))
    except ValueError:
        return False
