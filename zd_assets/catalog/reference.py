"""Reference lists: what the ids in exports are called, listed in a request or a few."""

from dataclasses import dataclass

from zd_assets.catalog.columns import Column, List, Scalar, Struct
from zd_assets.catalog.export import Api, ItemTime, Table
from zd_assets.catalog.support_columns import GROUP_COLUMNS

_REFERENCE = "https://developer.zendesk.com/api-reference/"
# No time orders what is listed.
_NO_TIME = ItemTime("")


@dataclass(frozen=True, kw_only=True)
class ReferenceList(Table):
    """A small list of an account, kept in one file, without partitions.

    `endpoint` stands after the API's base; an answer's list is under `items`, or is the answer
    itself where that is empty. `page_size` is the most items a page may be asked to hold, 0 where
    there are no pages. `names` are the columns that models see: all that a name depends on. Days
    that were made with a list are due again only when one of these changes.
    """

    time: ItemTime = _NO_TIME
    endpoint: str
    items: str
    page_size: int
    names: tuple[str, ...]
    used_by: tuple[str, ...]
    documentation: str

    @property
    def name_columns(self) -> tuple[Column, ...]:
        """The columns that models see."""
        return tuple(column for column in self.columns if column.name in self.names)


_LOGO = Struct(
    (
        Column("id", Scalar.ID, "The file's ID."),
        Column("file_name", Scalar.TEXT, "The file's name."),
        Column("content_type", Scalar.TEXT, "The file's media type."),
        Column("content_url", Scalar.TEXT, "Where the file is."),
        Column("mapped_content_url", Scalar.TEXT, "Where it is, under the account's own domain."),
        Column("size", Scalar.INTEGER, "Size, in bytes."),
        Column("url", Scalar.TEXT, "The file's address in the API."),
        Column("inline", Scalar.BOOL, "Whether the file is shown inside a text."),
        Column("width", Scalar.INTEGER, "Width, in pixels."),
        Column("height", Scalar.INTEGER, "Height, in pixels."),
        Column("thumbnails", Scalar.JSON, "Smaller versions of the logo, as sent (JSON)."),
    )
)

_OPTION = Struct(
    (
        Column("id", Scalar.ID, "The option's ID."),
        Column("name", Scalar.TEXT, "What people see."),
        Column("raw_name", Scalar.TEXT, "The same, or its placeholder."),
        Column("value", Scalar.TEXT, "The tag that tickets hold as the field's value."),
        Column("default", Scalar.BOOL, "Whether it is chosen unless another is."),
    )
)

_FIELD_OPTION = Struct(
    (
        Column("name", Scalar.TEXT, "What people see."),
        Column("value", Scalar.TEXT, "What tickets hold."),
    )
)

BRAND_COLUMNS = (
    Column("id", Scalar.ID, "The brand ID."),
    Column("name", Scalar.TEXT, "The brand's name."),
    Column("subdomain", Scalar.TEXT, "The brand's subdomain."),
    Column("brand_url", Scalar.TEXT, "The brand's address."),
    Column("host_mapping", Scalar.TEXT, "The brand's own host, if it has one."),
    Column("active", Scalar.BOOL, "Whether the brand is active."),
    Column("default", Scalar.BOOL, "Whether tickets without a brand's channel go to it."),
    Column("is_deleted", Scalar.BOOL, "Whether the brand was deleted."),
    Column("has_help_center", Scalar.BOOL, "Whether the brand has a help center."),
    Column("help_center_state", Scalar.TEXT, "enabled, disabled or restricted."),
    Column("signature_template", Scalar.TEXT, "The template of agents' signatures."),
    Column("ticket_form_ids", List(Scalar.ID), "The forms that the brand may use."),
    Column("logo", _LOGO, "The brand's logo."),
    Column("created_at", Scalar.TIMESTAMP, "When the brand was created."),
    Column("updated_at", Scalar.TIMESTAMP, "When the brand was updated."),
    Column("url", Scalar.TEXT, "The brand's address in the API."),
)

TICKET_FIELD_COLUMNS = (
    Column("id", Scalar.ID, "The field's ID."),
    Column("title", Scalar.TEXT, "The field's title, as agents see it."),
    Column("raw_title", Scalar.TEXT, "The same, or its placeholder."),
    Column("type", Scalar.TEXT, "text, tagger, multiselect, checkbox, integer, decimal, ..."),
    Column("active", Scalar.BOOL, "Whether the field is available."),
    Column("removable", Scalar.BOOL, "False for a system field."),
    Column("position", Scalar.INTEGER, "Where the field stands among others."),
    Column("description", Scalar.TEXT, "What the field is for, as end users see it."),
    Column("raw_description", Scalar.TEXT, "The same, or its placeholder."),
    Column("agent_description", Scalar.TEXT, "What the field is for, as agents see it."),
    Column("title_in_portal", Scalar.TEXT, "The field's title, as end users see it."),
    Column("raw_title_in_portal", Scalar.TEXT, "The same, or the placeholder for it."),
    Column("visible_in_portal", Scalar.BOOL, "Whether end users see the field."),
    Column("editable_in_portal", Scalar.BOOL, "Whether end users may set the field."),
    Column("required_in_portal", Scalar.BOOL, "Whether end users have to set the field."),
    Column("required", Scalar.BOOL, "Whether a ticket needs it to be solved."),
    Column("collapsed_for_agents", Scalar.BOOL, "Whether agents see it by default."),
    Column("regexp_for_validation", Scalar.TEXT, "What values of type regexp have to match."),
    Column("tag", Scalar.TEXT, "The tag that a checked checkbox adds."),
    Column("custom_field_options", List(_OPTION), "The options of a custom field."),
    Column("system_field_options", List(_FIELD_OPTION), "The options of a system field."),
    Column("custom_statuses", Scalar.JSON, "The custom statuses, as sent (JSON)."),
    Column("sub_type_id", Scalar.INTEGER, "The subtype of priority or status."),
    Column("relationship_target_type", Scalar.TEXT, "What a lookup field refers to."),
    Column("relationship_filter", Scalar.JSON, "Which of them it may name, as sent (JSON)."),
    Column("creator_user_id", Scalar.ID, "Who created the field; -1 for an app."),
    Column("creator_app_name", Scalar.TEXT, "The app that created the field."),
    Column("created_at", Scalar.TIMESTAMP, "When the field was created."),
    Column("updated_at", Scalar.TIMESTAMP, "When the field was updated."),
    Column("url", Scalar.TEXT, "The field's address in the API."),
)

DEPARTMENT_COLUMNS = (
    Column("id", Scalar.ID, "The department ID."),
    Column("name", Scalar.TEXT, "The department's name."),
    Column("description", Scalar.TEXT, "What the department is for."),
    Column("enabled", Scalar.JSON, "Whether it is enabled, as sent: 1, 0, true or false (JSON)."),
    Column("members", List(Scalar.ID), "The agents who are members."),
    Column("settings", Scalar.JSON, "The department's settings, as sent (JSON)."),
)


_SUPPORT = f"{_REFERENCE}ticketing/"
_PAGE_SIZE = 100

GROUPS = ReferenceList(
    api=Api.SUPPORT,
    name="groups",
    description="The account's groups, as they are today: what a group's ID is called.",
    columns=GROUP_COLUMNS,
    key=("id",),
    endpoint="groups.json",
    items="groups",
    page_size=_PAGE_SIZE,
    names=("id", "name"),
    used_by=("tickets", "ticket_events", "users", "organizations"),
    documentation=f"{_SUPPORT}groups/groups/",
)

BRANDS = ReferenceList(
    api=Api.SUPPORT,
    name="brands",
    description="The account's brands, as they are today: what a brand's ID is called.",
    columns=BRAND_COLUMNS,
    key=("id",),
    endpoint="brands.json",
    items="brands",
    page_size=_PAGE_SIZE,
    names=("id", "name"),
    used_by=("tickets", "ticket_events"),
    documentation=f"{_SUPPORT}account-configuration/brands/",
)

TICKET_FIELDS = ReferenceList(
    api=Api.SUPPORT,
    name="ticket_fields",
    description="The account's ticket fields, custom and system ones, as they are today.",
    columns=TICKET_FIELD_COLUMNS,
    key=("id",),
    endpoint="ticket_fields.json",
    items="ticket_fields",
    page_size=_PAGE_SIZE,
    names=("id", "title", "type"),
    used_by=("tickets", "ticket_events"),
    documentation=f"{_SUPPORT}tickets/ticket_fields/",
)

DEPARTMENTS = ReferenceList(
    api=Api.CHAT,
    name="departments",
    description="Chat's departments, as they are today: what a department's ID is called.",
    columns=DEPARTMENT_COLUMNS,
    key=("id",),
    endpoint="departments",
    items="",
    page_size=0,
    names=("id", "name"),
    used_by=("chats", "conversions", "department_events"),
    documentation=f"{_REFERENCE}live-chat/chat-api/departments/",
)

REFERENCE_LISTS = (GROUPS, BRANDS, TICKET_FIELDS, DEPARTMENTS)
