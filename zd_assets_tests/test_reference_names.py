"""Names in models: from the lists that the lake has, and the marked id where it has none."""

import json
from typing import Any

import dagster as dg
import pyarrow.parquet as pq
import pytest

from zd_assets.catalog.columns import Column, Scalar
from zd_assets.catalog.reference import BRANDS, DEPARTMENTS, GROUPS, TICKET_FIELDS, ReferenceList
from zd_assets.catalog.support import TICKETS
from zd_assets.defs.analytics.automation import when_out_of_date
from zd_assets.defs.analytics.models import daily_asset
from zd_assets.defs.exports.reference import reference_asset
from zd_assets.defs.resources import LakeFolder
from zd_assets.engine.day import Day, day_file
from zd_assets.engine.inputs import Finder
from zd_assets.engine.lineage import daily_origins
from zd_assets.lake.lake import Lake
from zd_assets.lake.reference import write_reference
from zd_assets.models.facts.ticket_custom_fields import TICKET_CUSTOM_FIELDS
from zd_assets.models.model import Model, Source
from zd_assets.sandbox import Running
from zd_assets.schema.convert import convert
from zd_assets_tests.helpers.dagster_runs import SITE, lake_resources, materialize, support_resource
from zd_assets_tests.helpers.daily_lake import (
    Item,
    due,
    epoch,
    footer,
    iso,
    key,
    make_days,
    put,
    values,
)

#: A model that names every kind of id.
NAMED = Model(
    name="named_tickets",
    description="Tickets with names.",
    columns=(
        Column("ticket_id", Scalar.ID, "The ticket."),
        Column("group_name", Scalar.TEXT, "Its group."),
        Column("brand_name", Scalar.TEXT, "Its brand."),
        Column("department_name", Scalar.TEXT, "A department of the group's ID."),
        Column("field_title", Scalar.TEXT, "A field of the form's ID."),
    ),
    key=("ticket_id",),
    sources=(
        Source(TICKETS),
        *(Source(one, optional=True) for one in (GROUPS, BRANDS, DEPARTMENTS, TICKET_FIELDS)),
    ),
    sql="""
        select
            tickets.id as ticket_id,
            named('group', group_id, groups.name) as group_name,
            named('brand', brand_id, brands.name) as brand_name,
            named('department', group_id, departments.name) as department_name,
            named('field', ticket_form_id, ticket_fields.title) as field_title
        from tickets
        left join groups on groups.id = group_id
        left join brands on brands.id = brand_id
        left join departments on departments.id = group_id
        left join ticket_fields on ticket_fields.id = ticket_form_id
    """,
)
NAMES = ("group_name", "brand_name", "department_name", "field_title")


def put_list(lake: Lake, table: ReferenceList, *items: Item) -> None:
    """What a run writes of a list."""
    rows = convert(table, json.dumps(items).encode())
    write_reference(lake, table, rows, requests=1, drift={}, run_id="run")


def ticket(**attributes: Any) -> Item:
    item = {"id": 1, "generated_timestamp": epoch("02 09:00"), "created_at": iso("01 00:00")}
    return item | {"group_id": 3, "brand_id": 4, "ticket_form_id": 5, **attributes}


def test_where_there_is_no_list_the_id_is_the_name_marked(lake: Lake) -> None:
    nobodys = {"group_id": None, "brand_id": None, "ticket_form_id": None}
    put(lake, TICKETS, [ticket(), ticket(id=2, **nobodys)], 2)
    make_days(lake, NAMED, 2)
    assert values(lake, NAMED, 2, *NAMES) == [
        ("group 3", "brand 4", "department 3", "field 5"),
        (None, None, None, None),
    ]
    assert footer(lake, NAMED, 2).complete


def test_names_are_those_of_the_lists_and_what_they_lack_stays_marked(lake: Lake) -> None:
    put_list(lake, GROUPS, {"id": 3, "name": "Sales"}, {"id": 30, "name": "Other"})
    put_list(lake, BRANDS, {"id": 40, "name": "Other"})
    put_list(lake, DEPARTMENTS, {"id": 3, "name": None}, {"name": "nobody's"})
    put_list(lake, TICKET_FIELDS, {"id": 5, "title": "Product", "type": "tagger"})
    put(lake, TICKETS, [ticket()], 2)
    make_days(lake, NAMED, 2)
    assert values(lake, NAMED, 2, *NAMES) == [("Sales", "brand 4", "department 3", "Product")]


def test_days_are_due_when_names_change_and_not_when_anything_else_does(lake: Lake) -> None:
    put(lake, TICKETS, [ticket()], 2)
    make_days(lake, NAMED, 2)
    assert due(lake, [2], [NAMED]) == []
    put_list(lake, GROUPS, {"id": 3, "name": "Sales"})
    assert due(lake, [2], [NAMED]) == [(NAMED, 2)]
    make_days(lake, NAMED, 2)
    assert due(lake, [2], [NAMED]) == []
    before = Finder(lake).version(NAMED)
    put_list(lake, GROUPS, {"id": 3, "name": "Sales", "description": "All that sell"})
    assert due(lake, [2], [NAMED]) == []
    assert Finder(lake).version(NAMED) == before
    put_list(lake, GROUPS, {"id": 3, "name": "Selling"})
    assert due(lake, [2], [NAMED]) == [(NAMED, 2)]
    assert Finder(lake).version(NAMED) != before


def test_lists_alone_make_no_day(lake: Lake) -> None:
    put_list(lake, GROUPS, {"id": 3, "name": "Sales"})
    assert due(lake, [1, 2], [NAMED, TICKET_CUSTOM_FIELDS]) == []


def test_an_empty_list_is_a_list(lake: Lake) -> None:
    put(lake, TICKETS, [ticket()], 2)
    for one in (GROUPS, BRANDS, DEPARTMENTS, TICKET_FIELDS):
        put_list(lake, one)
    make_days(lake, NAMED, 2)
    assert values(lake, NAMED, 2, "group_name") == [("group 3",)]
    assert footer(lake, NAMED, 2).complete


def test_a_model_cant_wait_for_a_list() -> None:
    with pytest.raises(ValueError, match="groups"):
        Source(GROUPS)


def test_lineage_goes_back_to_the_lists() -> None:
    assert daily_origins(NAMED)["group_name"] == [
        (GROUPS.path, "name"),
        (TICKETS.path, "group_id"),
    ]


def test_custom_fields_have_titles_and_types_where_the_list_is_known(lake: Lake) -> None:
    put_list(lake, TICKET_FIELDS, {"id": 5, "title": "Product", "type": "tagger"})
    fields = [{"id": 5, "value": "a"}, {"id": 6, "value": "b"}]
    put(lake, TICKETS, [ticket(custom_fields=fields)], 2)
    make_days(lake, TICKET_CUSTOM_FIELDS, 2)
    assert values(lake, TICKET_CUSTOM_FIELDS, 2, "field_id", "field_title", "field_type") == [
        (5, "Product", "tagger"),
        (6, "field 6", None),
    ]


def test_a_run_of_the_list_and_one_of_the_export_give_named_fields(
    sandbox: Running, lake: Lake
) -> None:
    resources = {
        "zendesk_support": support_resource(sandbox),
        **lake_resources(lake),
    }
    with dg.DagsterInstance.ephemeral() as instance:
        fetched = materialize(instance, TICKETS, key(2), support_resource(sandbox), lake)
        assert fetched.success
        listed = dg.materialize(
            [reference_asset(TICKET_FIELDS, SITE)], instance=instance, resources=resources
        )
        assert listed.success
        condition = when_out_of_date(LakeFolder(), SITE)
        asset = daily_asset(TICKET_CUSTOM_FIELDS, SITE, condition)
        made = dg.materialize(
            [asset],
            instance=instance,
            partition_key=key(2),
            resources=resources,
            selection=[asset.key],
        )
        assert made.success
    assert dg.AssetKey(list(TICKET_FIELDS.path)) in asset.dependency_keys
    table = pq.read_table(day_file(lake, TICKET_CUSTOM_FIELDS, Day(key(2))), partitioning=None)
    titles = {one for one in table["field_title"].to_pylist() if not one.startswith("field ")}
    assert titles == {"Product area", "Farben", "Order number"}
