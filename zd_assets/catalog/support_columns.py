"""The columns of the Support exports and sideloads: documented attributes, and recorded ones."""

from zd_assets.catalog.columns import Column, List, Scalar, Struct

_CUSTOM_FIELDS = List(
    Struct(
        (
            Column("id", Scalar.ID, "The field's ID."),
            Column("value", Scalar.JSON, "The field's value, as sent (JSON)."),
        )
    )
)

_SATISFACTION_RATING = Struct(
    (
        Column("id", Scalar.ID, "The rating's ID."),
        Column("score", Scalar.TEXT, "unoffered, offered, good or bad."),
        Column("comment", Scalar.TEXT, "The requester's comment."),
    )
)

_PICTURE = (
    Column("id", Scalar.ID, "The file's ID."),
    Column("name", Scalar.TEXT, "The file's name."),
    Column("content_type", Scalar.TEXT, "The file's media type."),
    Column("content_url", Scalar.TEXT, "Where the file is."),
    Column("size", Scalar.INTEGER, "Size, in bytes."),
    Column("file_name", Scalar.TEXT, "The file's name, as newer pages call it."),
    Column("mapped_content_url", Scalar.TEXT, "Where the file is, under the account's own domain."),
    Column("url", Scalar.TEXT, "The file's address in the API."),
    Column("inline", Scalar.BOOL, "Whether the file is shown inside a text."),
    Column("width", Scalar.INTEGER, "Width, in pixels."),
    Column("height", Scalar.INTEGER, "Height, in pixels."),
)

_PHOTO = Struct(
    (*_PICTURE, Column("thumbnails", List(Struct(_PICTURE)), "Smaller versions of the photo."))
)

TICKET_COLUMNS = (
    Column("id", Scalar.ID, "The ticket ID."),
    Column("status", Scalar.TEXT, "new, open, pending, ..., closed or deleted.", repeats=True),
    Column("type", Scalar.TEXT, "problem, incident, question or task.", repeats=True),
    Column("priority", Scalar.TEXT, "urgent, high, normal or low.", repeats=True),
    Column("subject", Scalar.TEXT, "The subject."),
    Column("raw_subject", Scalar.TEXT, "The subject, or its placeholder."),
    Column("description", Scalar.TEXT, "The first comment."),
    Column("created_at", Scalar.TIMESTAMP, "When the ticket was created."),
    Column("updated_at", Scalar.TIMESTAMP, "When an update last made a ticket event."),
    Column(
        "generated_timestamp",
        Scalar.INTEGER,
        "When the ticket last changed, system updates included, in epoch seconds; orders them.",
    ),
    Column("due_at", Scalar.TIMESTAMP, "When a ticket of type task is due."),
    Column("requester_id", Scalar.ID, "Who asked for support."),
    Column("submitter_id", Scalar.ID, "Who submitted the ticket."),
    Column("assignee_id", Scalar.ID, "The agent the ticket is assigned to."),
    Column("group_id", Scalar.ID, "The group the ticket is assigned to."),
    Column("organization_id", Scalar.ID, "The requester's organization."),
    Column("brand_id", Scalar.ID, "The brand the ticket belongs to."),
    Column("ticket_form_id", Scalar.ID, "The form of the ticket."),
    Column("custom_status_id", Scalar.ID, "The custom status."),
    Column("collaborator_ids", List(Scalar.ID), "Users who are CC'd or follow."),
    Column("follower_ids", List(Scalar.ID), "Agents who follow the ticket."),
    Column("email_cc_ids", List(Scalar.ID), "Users who are CC'd."),
    Column("problem_id", Scalar.ID, "The problem that an incident is linked to."),
    Column("has_incidents", Scalar.BOOL, "Whether incidents are linked to the problem."),
    Column("followup_ids", List(Scalar.ID), "Tickets that follow up on this one."),
    Column("forum_topic_id", Scalar.ID, "The forum topic the ticket came from."),
    Column("sharing_agreement_ids", List(Scalar.ID), "Sharing agreements of the ticket."),
    Column("external_id", Scalar.TEXT, "The ticket's ID in your own system."),
    Column("tags", List(Scalar.TEXT), "The ticket's tags.", repeats=True),
    Column("satisfaction_rating", _SATISFACTION_RATING, "The requester's satisfaction."),
    Column("custom_fields", _CUSTOM_FIELDS, "Custom fields and their values."),
    Column("fields", _CUSTOM_FIELDS, "The same as custom_fields."),
    Column("via", Scalar.JSON, "How the ticket came about, as sent (JSON)."),
    Column("recipient", Scalar.TEXT, "The address that the ticket was sent to.", repeats=True),
    Column("is_public", Scalar.BOOL, "Whether any comment is public."),
    Column("from_messaging_channel", Scalar.BOOL, "Whether the ticket came by messaging."),
    Column("allow_attachments", Scalar.BOOL, "Whether agents may add attachments."),
    Column("allow_channelback", Scalar.BOOL, "Whether replies may go back to the channel."),
    Column("url", Scalar.TEXT, "The ticket's address in the API."),
)

TICKET_EVENT_COLUMNS = (
    Column("id", Scalar.ID, "The event's ID."),
    Column("ticket_id", Scalar.ID, "The ticket ID."),
    Column("timestamp", Scalar.INTEGER, "When it happened, in epoch seconds; orders them."),
    Column("created_at", Scalar.TIMESTAMP, "When the event was created."),
    Column("updater_id", Scalar.ID, "Who updated the ticket; negative for the system."),
    Column("event_type", Scalar.TEXT, "Audit.", repeats=True),
    Column("child_events", Scalar.JSON, "What the update changed, as sent (JSON)."),
    Column("via", Scalar.JSON, "How the ticket was updated, as sent (JSON)."),
    Column("system", Scalar.JSON, "The updater's client and whereabouts, as sent (JSON)."),
    Column("metadata", Scalar.JSON, "What else is known of the update, as sent (JSON)."),
    Column("merged_ticket_ids", List(Scalar.ID), "Tickets that were merged into this one."),
)

TICKET_METRIC_EVENT_COLUMNS = (
    Column("id", Scalar.ID, "The event's ID."),
    Column("ticket_id", Scalar.ID, "The ticket ID."),
    Column("metric", Scalar.TEXT, "What is measured: reply_time, ...", repeats=True),
    Column("type", Scalar.TEXT, "activate, pause, fulfill, breach, ...", repeats=True),
    Column("time", Scalar.TIMESTAMP, "When the event happened; orders them."),
    Column("instance_id", Scalar.INTEGER, "Which time the ticket is measured so; counts up."),
    Column("status", Scalar.JSON, "Minutes the metric has been open, as sent (JSON)."),
    Column("sla", Scalar.JSON, "SLA policy and target, as sent (JSON)."),
    Column("group_sla", Scalar.JSON, "Group SLA policy and target, as sent (JSON)."),
    Column("deleted", Scalar.BOOL, "Whether the event is to be ignored."),
)

USER_COLUMNS = (
    Column("id", Scalar.ID, "The user ID."),
    Column("name", Scalar.TEXT, "The user's name."),
    Column("email", Scalar.TEXT, "The user's primary e-mail address."),
    Column("role", Scalar.TEXT, "end-user, agent or admin.", repeats=True),
    Column("active", Scalar.BOOL, "False if the user was deleted."),
    Column("created_at", Scalar.TIMESTAMP, "When the user was created."),
    Column("updated_at", Scalar.TIMESTAMP, "When the user was updated; orders them."),
    Column("last_login_at", Scalar.TIMESTAMP, "When the user last signed in."),
    Column("organization_id", Scalar.ID, "The user's default organization."),
    Column("default_group_id", Scalar.ID, "The agent's default group."),
    Column("custom_role_id", Scalar.ID, "The agent's custom role."),
    Column("role_type", Scalar.INTEGER, "The agent's kind of role: 0 custom, 1 light, ..."),
    Column("alias", Scalar.TEXT, "The name that end users see."),
    Column("phone", Scalar.TEXT, "The user's phone number."),
    Column("shared_phone_number", Scalar.BOOL, "Whether the phone number is others' too."),
    Column("external_id", Scalar.TEXT, "The user's ID in your own system."),
    Column("locale", Scalar.TEXT, "The user's language.", repeats=True),
    Column("locale_id", Scalar.ID, "The language's ID."),
    Column("time_zone", Scalar.TEXT, "The user's time zone.", repeats=True),
    Column("iana_time_zone", Scalar.TEXT, "The same, by its IANA name.", repeats=True),
    Column("tags", List(Scalar.TEXT), "The user's tags.", repeats=True),
    Column("user_fields", Scalar.JSON, "Custom fields by key, as sent (JSON)."),
    Column("details", Scalar.TEXT, "Details about the user."),
    Column("notes", Scalar.TEXT, "Notes about the user."),
    Column("signature", Scalar.TEXT, "The agent's signature."),
    Column("verified", Scalar.BOOL, "Whether one of the user's identities is verified."),
    Column("suspended", Scalar.BOOL, "Whether the user is suspended."),
    Column("permanently_deleted", Scalar.BOOL, "Whether nothing of the user can be restored."),
    Column("two_factor_auth_enabled", Scalar.BOOL, "Whether a second factor is asked for."),
    Column("chat_only", Scalar.BOOL, "Whether the agent may only chat."),
    Column("report_csv", Scalar.BOOL, "Whether the user may take reports out as CSV."),
    Column("moderator", Scalar.BOOL, "Whether the user may moderate forums."),
    Column("restricted_agent", Scalar.BOOL, "Whether the agent sees some tickets only."),
    Column("ticket_restriction", Scalar.TEXT, "Which tickets the user sees.", repeats=True),
    Column("only_private_comments", Scalar.BOOL, "Whether the user's comments are all private."),
    Column("shared", Scalar.BOOL, "Whether the user is shared from another account."),
    Column("shared_agent", Scalar.BOOL, "Whether it is an agent of another account."),
    Column("photo", _PHOTO, "The user's photo."),
    Column("url", Scalar.TEXT, "The user's address in the API."),
)

ORGANIZATION_COLUMNS = (
    Column("id", Scalar.ID, "The organization ID."),
    Column("name", Scalar.TEXT, "The organization's name."),
    Column("created_at", Scalar.TIMESTAMP, "When the organization was created."),
    Column("updated_at", Scalar.TIMESTAMP, "When the organization was updated; orders them."),
    Column("group_id", Scalar.ID, "The group that new tickets go to."),
    Column("domain_names", List(Scalar.TEXT), "Domains of the organization's users."),
    Column("external_id", Scalar.TEXT, "The organization's ID in your own system."),
    Column("tags", List(Scalar.TEXT), "The organization's tags.", repeats=True),
    Column("organization_fields", Scalar.JSON, "Custom fields by key, as sent (JSON)."),
    Column("details", Scalar.TEXT, "Details about the organization."),
    Column("notes", Scalar.TEXT, "Notes about the organization."),
    Column("shared_tickets", Scalar.BOOL, "Whether its users see each other's tickets."),
    Column("shared_comments", Scalar.BOOL, "Whether its users comment on each other's tickets."),
    Column("url", Scalar.TEXT, "The organization's address in the API."),
)

GROUP_COLUMNS = (
    Column("id", Scalar.ID, "The group ID."),
    Column("name", Scalar.TEXT, "The group's name."),
    Column("description", Scalar.TEXT, "What the group is for."),
    Column("default", Scalar.BOOL, "Whether it is the account's default group."),
    Column("is_public", Scalar.BOOL, "Whether the group is public."),
    Column("deleted", Scalar.BOOL, "Whether the group was deleted."),
    Column("created_at", Scalar.TIMESTAMP, "When the group was created."),
    Column("updated_at", Scalar.TIMESTAMP, "When the group was updated."),
    Column("url", Scalar.TEXT, "The group's address in the API."),
)

ROLE_COLUMNS = (
    Column("id", Scalar.ID, "The role's ID."),
    Column("name", Scalar.TEXT, "The role's name."),
    Column("description", Scalar.TEXT, "What the role is for."),
    Column("role_type", Scalar.INTEGER, "The kind of role: 0 custom, 1 light, ..."),
    Column("configuration", Scalar.JSON, "What the role allows, as sent (JSON)."),
    Column("team_member_count", Scalar.INTEGER, "How many have the role."),
    Column("created_at", Scalar.TIMESTAMP, "When the role was created."),
    Column("updated_at", Scalar.TIMESTAMP, "When the role was updated."),
)

ROUTING_ATTRIBUTE_COLUMNS = (
    Column("id", Scalar.TEXT, "The attribute's ID."),
    Column("name", Scalar.TEXT, "The attribute's name.", repeats=True),
    Column("type", Scalar.TEXT, "create, update or delete.", repeats=True),
    Column("time", Scalar.TIMESTAMP, "When the attribute changed; orders them."),
)

ROUTING_ATTRIBUTE_VALUE_COLUMNS = (
    Column("id", Scalar.TEXT, "The value's ID."),
    Column("attribute_id", Scalar.TEXT, "The ID of the attribute it is a value of."),
    Column("name", Scalar.TEXT, "The value's name.", repeats=True),
    Column("type", Scalar.TEXT, "create, update or delete.", repeats=True),
    Column("time", Scalar.TIMESTAMP, "When the value changed; orders them."),
)

ROUTING_INSTANCE_VALUE_COLUMNS = (
    Column("id", Scalar.TEXT, "The instance value's ID."),
    Column("attribute_value_id", Scalar.TEXT, "The ID of the attribute's value."),
    Column("instance_id", Scalar.ID, "The agent or ticket that has or had the value."),
    Column("type", Scalar.TEXT, "associate_agent, unassociate_ticket, ...", repeats=True),
    Column("time", Scalar.TIMESTAMP, "When it was associated or not any more; orders them."),
)
