"""Fetching a reference list: all its pages, each item once."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

import msgspec
import pyarrow as pa

from zd_assets.catalog.reference import ReferenceList
from zd_assets.schema.convert import convert
from zd_assets.schema.drift import drift_of
from zd_assets.schema.json_text import split_array, split_object
from zd_assets.schema.privacy import Privacy
from zd_assets.zendesk.client import Body, Client, Notice, UnusableBodyError
from zd_assets.zendesk.errors import ForbiddenError, RefusedError, StuckCursorError

_NOT_FOUND = 404


@dataclass(frozen=True)
class Listing:
    """What was listed: rows in order of id, those without one last; and in how many requests."""

    rows: pa.Table
    requests: int
    drift: Mapping[str, int]


class NotListedError(Exception):
    """The account refuses a list: its plan lacks it, or whoever asks isn't allowed it."""


@dataclass(frozen=True)
class _Page:
    items: list[bytes]
    next_url: str | None


class _Meta(msgspec.Struct):
    has_more: bool = False


class _Links(msgspec.Struct):
    next: str | None = None


class _Envelope(msgspec.Struct):
    meta: _Meta | None = None
    links: _Links | None = None
    next_page: str | None = None


def fetch_list(
    table: ReferenceList,
    client: Client,
    privacy: Privacy,
    notice: Notice = lambda message: None,
) -> Listing:
    """Ask for a list, page by page, without what must not be kept.

    `notice` is told of each wait before a request is made again.

    Raises:
        NotListedError: the account refuses it (403 or 404).
        StuckCursorError: a page leads to one that was there before.
        ZendeskError: a request failed, or was refused otherwise.
    """
    url: str | None = _first_url(table, client.base_url)
    asked: set[str] = set()
    texts: list[bytes] = []
    read = _reader(table)
    while url:
        if url in asked:
            raise StuckCursorError(
                f"{table.name}: a page leads back to one that was read; run again later"
            )
        asked.add(url)
        try:
            page = client.get(url, read, notice=notice)
        except ForbiddenError as error:
            raise NotListedError(str(error)) from None
        except RefusedError as error:
            if error.status != _NOT_FOUND:
                raise
            raise NotListedError(str(error)) from None
        texts += page.items
        url = page.next_url
    rows = convert(table, privacy.apply(table, b"[%s]" % b",".join(texts)))
    drift: Counter[str] = drift_of(rows, privacy.hashed(table))
    return Listing(_once(table, rows), len(asked), drift)


def _first_url(table: ReferenceList, base_url: str) -> str:
    query = f"?{urlencode({'page[size]': table.page_size})}" if table.page_size else ""
    return f"{base_url}/{table.endpoint}{query}"


def _reader(table: ReferenceList) -> Callable[[Body], _Page]:
    def read(body: Body) -> _Page:
        try:
            body.content.decode()
            if not table.items:
                return _Page(_list(body.content), None)
            attributes = split_object(body.content)
            items = _list(attributes[table.items])
            known = [name for name in _Envelope.__struct_fields__ if name in attributes]
            envelope = msgspec.json.decode(
                b"{%s}" % b",".join(b'"%s":%s' % (one.encode(), attributes[one]) for one in known),
                type=_Envelope,
            )
        except (ValueError, KeyError) as error:
            raise UnusableBodyError(
                f"{len(body.content)} bytes of {body.content_type} are no list of {table.name} "
                f"({error})"
            ) from None
        # An endpoint that doesn't page by cursor pages by `next_page`, or sends all at once.
        next_url = envelope.next_page
        if envelope.meta:
            next_url = envelope.links.next if envelope.meta.has_more and envelope.links else None
            if envelope.meta.has_more and not next_url:
                raise UnusableBodyError("the page says that there is more, but not where")
        return _Page(items, next_url)

    return read


def _list(text: bytes) -> list[bytes]:
    if not text.lstrip().startswith(b"["):
        raise ValueError("it is no list of items")
    return split_array(text)


def _once(table: ReferenceList, rows: pa.Table) -> pa.Table:
    """Return each id once, as it was listed last, in order; rows without an id stay."""
    [key] = table.key
    ids = rows[key].to_pylist()
    last = {id: place for place, id in enumerate(ids) if id is not None}
    nameless = [place for place, id in enumerate(ids) if id is None]
    return rows.take(pa.array([*(last[id] for id in sorted(last)), *nameless], pa.int64()))
