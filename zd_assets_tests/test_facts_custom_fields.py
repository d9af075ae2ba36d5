"""Custom fields of tickets by type, against examples worked out by hand."""

import json
from typing import Any

import duckdb
import pytest

from zd_assets.catalog.support import TICKETS
from zd_assets.engine.day import Day, day_file
from zd_assets.lake.lake import Lake
from zd_assets.models.facts.ticket_custom_fields import TICKET_CUSTOM_FIELDS
from zd_assets.schema.privacy import Privacy
from zd_assets_tests.helpers.daily_lake import (
    Item,
    epoch,
    hour,
    iso,
    key,
    make_days,
    put,
    row,
    rows,
    values,
    when,
)

TYPED = ("value_type", "text", "number", "flag", "list")


def ticket(at: str, *fields: Any, id: int = 1, **attributes: Any) -> Item:
    """A version of a ticket; fields are pairs of id and value, or sent as they are."""
    custom = [{"id": one[0], "value": one[1]} if isinstance(one, tuple) else one for one in fields]
    item = {"id": id, "generated_timestamp": epoch(at), "created_at": iso("01 00:00")}
    return item | {"custom_fields": custom, **attributes}


@pytest.mark.parametrize(
    ("value", "typed"),
    [
        (None, (None, None, None, None, None)),
        ("yes", ("text", "yes", None, None, None)),
        ("", ("text", "", None, None, None)),
        ("true", ("text", "true", None, None, None)),
        ("null", ("text", "null", None, None, None)),
        ("nan", ("text", "nan", None, None, None)),
        ("0x10", ("text", "0x10", None, None, None)),
        ("2026-01-28", ("text", "2026-01-28", None, None, None)),
        ('say "hi"', ("text", 'say "hi"', None, None, None)),
        # As numeric fields are sent; the text keeps what a number would lose.
        ("745", ("text", "745", 745.0, None, None)),
        ("-1.50", ("text", "-1.50", -1.5, None, None)),
        ("00123", ("text", "00123", 123.0, None, None)),
        (17.5, ("number", "17.5", 17.5, None, None)),
        (360000, ("number", "360000", 360000.0, None, None)),
        (0, ("number", "0", 0.0, None, None)),
        (True, ("flag", "true", None, True, None)),
        (False, ("flag", "false", None, False, None)),
        (["red", "blau"], ("list", None, None, None, ["red", "blau"])),
        ([], ("list", None, None, None, [])),
        ([1, None, True], ("list", None, None, None, ["1", None, "true"])),
        ({"id": "x"}, ("object", '{"id":"x"}', None, None, None)),
    ],
)
def test_each_kind_of_value_has_its_column(value: Any, typed: tuple[Any, ...], lake: Lake) -> None:
    put(lake, TICKETS, [ticket("02 09:00", (5, value))], 2)
    make_days(lake, TICKET_CUSTOM_FIELDS, 2)
    only = row(lake, TICKET_CUSTOM_FIELDS, 2)
    assert tuple(only[column] for column in TYPED) == typed
    assert (only["ticket_id"], only["field_id"]) == (1, 5)
    assert only["version_at"] == when("02 09:00")


def test_half_a_character_spoils_neither_its_value_nor_its_neighbours(lake: Lake) -> None:
    text = json.dumps(ticket("02 09:00", (5, "HALF"), (6, "whole")))
    put(lake, TICKETS, [text.replace("HALF", r"half \ud83d")], 2)
    make_days(lake, TICKET_CUSTOM_FIELDS, 2)
    assert values(lake, TICKET_CUSTOM_FIELDS, 2, "field_id", "text") == [
        (5, "half �"),
        (6, "whole"),
    ]


@pytest.mark.parametrize(
    "custom",
    [None, [], "none", {"5": "x"}, [None, 3, {}, {"id": None, "value": 1}, {"value": "x"}]],
)
def test_what_names_no_field_is_left_out(custom: Any, lake: Lake) -> None:
    odd = ticket("02 09:00") | {"custom_fields": custom}
    put(lake, TICKETS, [odd, ticket("02 09:00", (5, "x"), id=2)], 2)
    make_days(lake, TICKET_CUSTOM_FIELDS, 2)
    assert values(lake, TICKET_CUSTOM_FIELDS, 2, "ticket_id", "text") == [(2, "x")]


def test_a_field_sent_twice_has_one_row(lake: Lake) -> None:
    put(lake, TICKETS, [ticket("02 09:00", (5, "first"), (5, "last"))], 2)
    make_days(lake, TICKET_CUSTOM_FIELDS, 2)
    assert values(lake, TICKET_CUSTOM_FIELDS, 2, "text") == [("last",)]


def test_a_day_in_hours_has_the_newest_version_of_each_ticket(lake: Lake) -> None:
    put(lake, TICKETS, [ticket("02 03:10", (5, "old"), (6, "gone"))], hour(2, 3))
    put(lake, TICKETS, [ticket("02 08:10", (5, "new"))], hour(2, 8))
    make_days(lake, TICKET_CUSTOM_FIELDS, 2)
    assert values(lake, TICKET_CUSTOM_FIELDS, 2, "field_id", "text") == [(5, "new")]


def test_current_values_are_those_of_each_tickets_greatest_version(lake: Lake) -> None:
    put(lake, TICKETS, [ticket("02 09:00", (5, "old"), (6, "x")), ticket("02 09:00", id=2)], 2)
    put(lake, TICKETS, [ticket("03 09:00", (5, None))], 3)
    put(lake, TICKETS, [ticket("04 09:00", (5, "other"), id=2)], 4)
    make_days(lake, TICKET_CUSTOM_FIELDS, 2, 3, 4)
    # Cleared: its old value isn't its current one.
    assert values(lake, TICKET_CUSTOM_FIELDS, 3, "field_id", "value_type") == [(5, None)]
    files = [str(day_file(lake, TICKET_CUSTOM_FIELDS, Day(key(day)))) for day in (2, 3, 4)]
    current = duckdb.sql(
        f"select ticket_id, field_id, text from read_parquet({files}) "
        "qualify rank() over (partition by ticket_id order by version_at desc) = 1 order by all"
    ).fetchall()
    assert current == [(1, 5, None), (2, 5, "other")]


def test_a_dropped_value_isnt_there_and_a_hashed_one_is_its_hash(lake: Lake) -> None:
    sent = json.dumps([ticket("02 09:00", (5, "secret"), (6, ["secret"]))]).encode()
    path = ("tickets.custom_fields.value",)
    for privacy, day in ((Privacy(drop=path), 2), (Privacy(hash=path, hash_key="key"), 3)):
        [kept] = json.loads(privacy.apply(TICKETS, sent))
        put(lake, TICKETS, [kept | {"generated_timestamp": epoch(f"{day:02} 09:00")}], day)
    make_days(lake, TICKET_CUSTOM_FIELDS, 2, 3)
    assert values(lake, TICKET_CUSTOM_FIELDS, 2, *TYPED) == [(None,) * 5] * 2
    hashed = rows(lake, TICKET_CUSTOM_FIELDS, 3)
    assert hashed[0]["text"] == hashed[1]["list"][0]
    assert len(hashed[0]["text"]) == 64
    assert "secret" not in str(hashed)
