"""What is to be told of agents, from timespans, chats and ticket events."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import zip_longest

from zd_assets_tests.oracle.chats import chat_engagements
from zd_assets_tests.oracle.rows import (
    DAY_US,
    HOUR_US,
    SECOND_US,
    Item,
    Row,
    grouped,
    histogram,
    mean,
    moment,
    newest,
    quantile,
    seconds,
    share,
    there,
    whole,
)
from zd_assets_tests.oracle.tickets import comments, ticket_field_changes

_DOCUMENTED = ("online", "away", "invisible")


def agent_activity(timespans: Iterable[Item], day: int) -> list[Row]:
    """A row for each agent who was seen on the day."""
    spans = {
        (whole(one["agent_id"]), start, end, one.get("status"), one.get("engagement_count") or 0)
        for one in timespans
        if (start := moment(one.get("start_time"))) is not None
        and (end := start + round(one["duration"] * SECOND_US)) > start
    }
    by_agent = grouped(sorted(spans, key=lambda one: one[:3]), lambda one: one[0])
    rows = [_activity(agent, of, day) for agent, of in by_agent.items()]
    return [row for row in rows if row]


def _activity(agent: int, spans: list[tuple], day: int) -> Row | None:
    row: Row = {f"{status}_s": 0 for status in (*_DOCUMENTED, "other")}
    row |= {"engaged_s": 0, "engagement_s": 0, "overlap_s": 0, "most_engagements": 0}
    by_hour = [0] * 24
    seen = []
    spans = [one for one in spans if one[1] < day + DAY_US and one[2] > day]
    for one, following in zip_longest(spans, spans[1:]):
        _, start, end, status, engaged = one
        counts_until = min(end, following[1]) if following else end
        seen.append((max(start, day), min(end, day + DAY_US)))
        us = _within(start, counts_until, day, DAY_US)
        row[f"{status}_s" if status in _DOCUMENTED else "other_s"] += us
        row["engaged_s"] += us if engaged else 0
        row["engagement_s"] += us * engaged
        row["overlap_s"] += _within(counts_until, end, day, DAY_US)
        row["most_engagements"] = max(row["most_engagements"], engaged)
        if status == "online":
            for hour in range(24):
                by_hour[hour] += _within(start, counts_until, day + hour * HOUR_US, HOUR_US)
    if not seen:
        return None
    return {
        "agent_id": agent,
        **{name: seconds(us) if name.endswith("_s") else us for name, us in row.items()},
        "first_seen_at": seen[0][0],
        "last_seen_at": max(end for _, end in seen),
        "timespans": len(seen),
        "online_s_by_hour": [seconds(us) for us in by_hour],
    }


def _within(start: int, end: int, window: int, length: int) -> int:
    """Microseconds of a stretch that lie in a window."""
    return max(0, min(end, window + length) - max(start, window))


@dataclass(frozen=True)
class AgentsDay:
    """What a day knows of agents: what they did, and who is one."""

    activity: dict[int, Row]
    engagements: dict[int, list[Row]]
    changes: dict[int | None, list[Row]]
    comments: dict[int, list[Row]]
    names: dict[int, str | None]

    @property
    def did(self) -> set[int]:
        """Who did something."""
        return {
            *self.activity,
            *self.engagements,
            *(one for one in (*self.changes, *self.comments) if one in self.names),
        } - {None}


def agents_day(known: "Mapping[str, list[Item]]", states: Iterable[Row], day: int) -> AgentsDay:
    """Agents are who was in Chat, has such a role, or is the assignee of a ticket."""
    activity = {
        row["agent_id"]: row for row in agent_activity(known.get("agent_timeline", []), day)
    }
    alive = [one for one in chat_engagements(known.get("chats", []), day) if not one["is_deleted"]]
    engagements = grouped(alive, lambda one: one["agent_id"])
    events = known.get("ticket_events", [])
    names: dict[int, str | None] = dict.fromkeys(
        [*activity, *engagements, *(row["assignee_id"] for row in states)]
    )
    for user in newest(known.get("users", []), "updated_at"):
        created = moment(user.get("created_at"))
        if user.get("role") in ("agent", "admin") and (created is None or created < day + DAY_US):
            names[user["id"]] = user.get("name")
    return AgentsDay(
        activity,
        engagements,
        grouped(
            ticket_field_changes(events, day),
            lambda one: None if one["is_automatic"] else one["updater_id"],
        ),
        grouped(comments(events, day), lambda one: one["author_id"]),
        {one: name for one, name in names.items() if one is not None and one >= 0},
    )


def agent_daily_scorecard(of: AgentsDay) -> list[Row]:
    """A row for each agent who did something, and one of automation."""
    rows = [
        _card(
            agent,
            of.activity.get(agent, {}),
            of.engagements.get(agent, []),
            of.changes.get(agent, []),
            of.comments.get(agent, []),
            of.names.get(agent),
        )
        for agent in of.did
    ]
    if automatic := [one for one in of.changes.get(None, []) if one["is_automatic"]]:
        rows.append({**_card(None, {}, [], automatic, [], None), "is_automation": True})
    return rows


def team_daily_summary(of: AgentsDay) -> list[Row]:
    """A row of all agents, and one of automation."""
    changes = [one for agent in of.did for one in of.changes.get(agent, [])]
    said = [one for agent in of.did for one in of.comments.get(agent, [])]
    chats = [one for agent in of.did for one in of.engagements.get(agent, [])]
    automatic = [one for one in of.changes.get(None, []) if one["is_automatic"]]
    rows = [
        _team(False, len(of.did), chats, changes, said),
        _team(True, 0, [], automatic, []),
    ]
    return [row for row in rows if row["agents"] or row["tickets_updated"]]


def _team(
    is_automation: bool, agents: int, chats: list[Row], changes: list[Row], said: list[Row]
) -> Row:
    return {
        "is_automation": is_automation,
        "agents": agents,
        "chats": len({one["chat_id"] for one in chats if one["accepted"]}),
        "tickets_updated": len({one["ticket_id"] for one in changes}),
        "tickets_solved": len(_solved(changes)),
        "tickets_replied": len({one["ticket_id"] for one in said if one["is_public"]}),
    }


def _solved(changes: list[Row]) -> set[int]:
    return {
        one["ticket_id"]
        for one in changes
        if one["field"] == "status" and one["value"] == "solved" != one["previous_value"]
    }


def _card(
    agent: int | None,
    activity: Row,
    offered: list[Row],
    changes: list[Row],
    said: list[Row],
    name: str | None,
) -> Row:
    accepted = [one for one in offered if one["accepted"]]
    first = there(one["first_response_s"] for one in accepted if not one["is_proactive"])
    durations = there(one["duration_s"] for one in accepted)
    ratings = [one["rating"] for one in offered]
    named = [one for one in offered if one["agent_name"] is not None]
    named.sort(key=lambda one: one["started_at"] or 0)
    engaged_s, engagement_s = (activity.get(name, 0.0) for name in ("engaged_s", "engagement_s"))
    public = [one for one in said if one["is_public"]]
    times = ("online_s", "away_s", "invisible_s", "engaged_s", "engagement_s")
    return {
        "agent_id": agent,
        "is_automation": False,
        "agent_name": name or (named[-1]["agent_name"] if named else None),
        **{name: activity.get(name, 0.0) for name in times},
        "concurrency": engagement_s / engaged_s if engaged_s else None,
        "most_engagements": activity.get("most_engagements", 0),
        "offered": len(offered),
        "accepted": len(accepted),
        "not_accepted": len(offered) - len(accepted),
        "taken_over": sum(one["is_transfer"] for one in accepted),
        "proactive": sum(one["is_proactive"] for one in accepted),
        "chats": len({one["chat_id"] for one in accepted}),
        "messages": sum(there(one["agent_messages"] for one in accepted)),
        "answered": len(first),
        "first_response_mean_s": mean(first),
        "first_response_median_s": quantile(first, 0.5),
        "first_response_p90_s": quantile(first, 0.9),
        "first_response_histogram": histogram(first),
        "timed": len(durations),
        "duration_mean_s": mean(durations),
        "good": ratings.count("good"),
        "bad": ratings.count("bad"),
        "satisfaction": share(ratings.count("good"), ratings.count("bad")),
        "tickets_updated": len({one["ticket_id"] for one in changes}),
        "tickets_solved": len(_solved(changes)),
        "tickets_replied": len({one["ticket_id"] for one in public}),
        "public_replies": len(public),
        "internal_notes": sum(one["is_public"] is False for one in said),
        "online_s_by_hour": activity.get("online_s_by_hour", [0.0] * 24),
    }
