"""The eight Support exports, after Zendesk's "Incremental" API document."""

from zd_assets.catalog.columns import Column
from zd_assets.catalog.export import (
    SECOND_US,
    Api,
    Endpoint,
    Export,
    ItemTime,
    Pagination,
    Sideload,
    Table,
)
from zd_assets.catalog.support_columns import (
    GROUP_COLUMNS,
    ORGANIZATION_COLUMNS,
    ROLE_COLUMNS,
    ROUTING_ATTRIBUTE_COLUMNS,
    ROUTING_ATTRIBUTE_VALUE_COLUMNS,
    ROUTING_INSTANCE_VALUE_COLUMNS,
    TICKET_COLUMNS,
    TICKET_EVENT_COLUMNS,
    TICKET_METRIC_EVENT_COLUMNS,
    USER_COLUMNS,
)

_REFERENCE = "https://developer.zendesk.com/api-reference/ticketing/"
_DOCUMENT = _REFERENCE + "ticket-management/incremental_exports/"
_ROUTING_DOCUMENT = _REFERENCE + "ticket-management/incremental_skill_based_routing/"
_METRIC_EVENTS_DOCUMENT = _REFERENCE + "tickets/ticket_metric_events/"
_REFUSED_FOR_S = 60
_PAGE_SIZE = 1000
_PAGES_SIZE = 100
_SAMPLE_SIZE = 50
_ROUTING_PAGE_SIZE = 3000


def _time_based(name: str) -> Endpoint:
    return Endpoint(Pagination.TIME, name, name, _PAGE_SIZE, repeats_boundary=True)


def _cursor_based(name: str) -> Endpoint:
    return Endpoint(Pagination.CURSOR, f"{name}/cursor", name, _PAGE_SIZE)


def _sample(name: str) -> Endpoint:
    return Endpoint(Pagination.TIME, f"{name}/sample", name, _SAMPLE_SIZE, repeats_boundary=True)


def _routing(name: str, *, by_arrival: bool = False) -> Endpoint:
    return Endpoint(
        Pagination.ROUTING, f"routing/{name}", name, _ROUTING_PAGE_SIZE, by_arrival=by_arrival
    )


def _sideload(
    export: str, name: str, columns: tuple[Column, ...], referred_by: tuple[str, ...]
) -> Sideload:
    table = Table(
        api=Api.SUPPORT,
        name=f"{export}__{name}",
        description=f"The {name} that {export} refer to, as they were when those were fetched.",
        columns=columns,
        key=("id",),
        time=ItemTime("updated_at"),
        kind=name,
    )
    return Sideload(name, table, referred_by)


TICKETS = Export(
    api=Api.SUPPORT,
    name="tickets",
    description="Tickets, each in its newest version when it was fetched.",
    columns=TICKET_COLUMNS,
    key=("id",),
    time=ItemTime("generated_timestamp", unit_us=SECOND_US),
    endpoints=(_cursor_based("tickets"), _time_based("tickets")),
    sideloads=(
        _sideload(
            "tickets",
            "users",
            USER_COLUMNS,
            referred_by=(
                "requester_id",
                "submitter_id",
                "assignee_id",
                "collaborator_ids",
                "email_cc_ids",
                "follower_ids",
            ),
        ),
        _sideload("tickets", "groups", GROUP_COLUMNS, referred_by=("group_id",)),
        _sideload(
            "tickets", "organizations", ORGANIZATION_COLUMNS, referred_by=("organization_id",)
        ),
    ),
    updated_at_column="updated_at",
    scopes=True,
    sample=_sample("tickets"),
    optional_paths=("satisfaction_rating.id", "satisfaction_rating.comment"),
    settle_s=_REFUSED_FOR_S,
    documentation=_DOCUMENT + "#incremental-ticket-export-cursor-based",
)

TICKET_EVENTS = Export(
    api=Api.SUPPORT,
    name="ticket_events",
    description="Updates of tickets, each with all that it changed.",
    columns=TICKET_EVENT_COLUMNS,
    key=("id",),
    time=ItemTime("timestamp", unit_us=SECOND_US),
    endpoints=(_time_based("ticket_events"),),
    inline_sideloads=("comment_events",),
    scopes=True,
    sample=_sample("ticket_events"),
    settle_s=_REFUSED_FOR_S,
    documentation=_DOCUMENT + "#incremental-ticket-event-export",
)

TICKET_METRIC_EVENTS = Export(
    api=Api.SUPPORT,
    name="ticket_metric_events",
    description="Starts, pauses and ends of what is measured of tickets, such as reply times.",
    columns=TICKET_METRIC_EVENT_COLUMNS,
    key=("id",),
    time=ItemTime("time"),
    endpoints=(
        _time_based("ticket_metric_events"),
        Endpoint(Pagination.PAGES, "ticket_metric_events", "ticket_metric_events", _PAGES_SIZE),
    ),
    supports_include_changes=True,
    settle_s=_REFUSED_FOR_S,
    documentation=_METRIC_EVENTS_DOCUMENT + "#list-ticket-metric-events",
)

USERS = Export(
    api=Api.SUPPORT,
    name="users",
    description="End users, agents and admins, each in the newest version when it was fetched.",
    columns=USER_COLUMNS,
    key=("id",),
    time=ItemTime("updated_at"),
    endpoints=(_cursor_based("users"), _time_based("users")),
    sideloads=(
        _sideload("users", "organizations", ORGANIZATION_COLUMNS, referred_by=("organization_id",)),
        _sideload("users", "groups", GROUP_COLUMNS, referred_by=("default_group_id",)),
        _sideload("users", "roles", ROLE_COLUMNS, referred_by=("custom_role_id",)),
    ),
    sample=_sample("users"),
    optional_paths=("default_group_id",),
    settle_s=_REFUSED_FOR_S,
    documentation=_DOCUMENT + "#incremental-user-export-cursor-based",
)

ORGANIZATIONS = Export(
    api=Api.SUPPORT,
    name="organizations",
    description="Organizations, each in its newest version when it was fetched.",
    columns=ORGANIZATION_COLUMNS,
    poll_interval_s=1800,
    key=("id",),
    time=ItemTime("updated_at"),
    endpoints=(_time_based("organizations"),),
    sideloads=(_sideload("organizations", "groups", GROUP_COLUMNS, referred_by=("group_id",)),),
    sample=_sample("organizations"),
    settle_s=_REFUSED_FOR_S,
    documentation=_DOCUMENT + "#incremental-organization-export",
)

ROUTING_ATTRIBUTES = Export(
    api=Api.SUPPORT,
    name="routing_attributes",
    description="Changes of routing attributes, which are types of skills.",
    columns=ROUTING_ATTRIBUTE_COLUMNS,
    key=("id", "type", "time"),
    time=ItemTime("time"),
    endpoints=(_routing("attributes"),),
    overlap_s=0,
    poll_interval_s=3600,
    settle_s=_REFUSED_FOR_S,
    documentation=_ROUTING_DOCUMENT + "#incremental-attributes-export",
)

ROUTING_ATTRIBUTE_VALUES = Export(
    api=Api.SUPPORT,
    name="routing_attribute_values",
    description="Changes of the values of routing attributes, which are skills.",
    columns=ROUTING_ATTRIBUTE_VALUE_COLUMNS,
    key=("id", "type", "time"),
    time=ItemTime("time"),
    endpoints=(_routing("attribute_values"),),
    overlap_s=0,
    poll_interval_s=3600,
    settle_s=_REFUSED_FOR_S,
    documentation=_ROUTING_DOCUMENT + "#incremental-attributes-values-export",
)

ROUTING_INSTANCE_VALUES = Export(
    api=Api.SUPPORT,
    name="routing_instance_values",
    description="When agents and tickets got and lost skills.",
    columns=ROUTING_INSTANCE_VALUE_COLUMNS,
    key=("id", "type", "time"),
    time=ItemTime("time"),
    # The document: "Changes are grouped by `attribute_value_id`".
    endpoints=(_routing("instance_values", by_arrival=True),),
    overlap_s=0,
    poll_interval_s=3600,
    settle_s=_REFUSED_FOR_S,
    documentation=_ROUTING_DOCUMENT + "#incremental-instance-values-export",
)
