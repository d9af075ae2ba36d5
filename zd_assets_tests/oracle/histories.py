"""Random histories, as exports would hold them: many small lives, with moments around midnights.

Lives share nothing, so that a difference names the one that it is in. Moments are seconds from
the start of the first of `DAYS`.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from zd_assets_tests.helpers.daily_lake import us
from zd_assets_tests.oracle.rows import SECOND_US, Item

DAYS = (2, 3, 4)
DAY_S = 86_400
_START_S = us("02 00:00") // SECOND_US
_MIDNIGHTS = [day * DAY_S + off for day in range(len(DAYS)) for off in (0, 1, DAY_S - 1)]

Items = dict[str, list[Item]]


def moment(chance: Random) -> int:
    """One of the days, often at midnight or a second off."""
    return chance.choice([*_MIDNIGHTS, *(chance.randrange(len(DAYS) * DAY_S) for _ in range(9))])


def moments(chance: Random, least: int, most: int) -> list[int]:
    """Some, in order."""
    return sorted(moment(chance) for _ in range(chance.randint(least, most)))


def epoch(at: int) -> int:
    """A moment in seconds since 1970."""
    return _START_S + at


def text(at: int) -> str:
    """A moment as most exports send it."""
    return f"{datetime.fromtimestamp(epoch(at), UTC):%Y-%m-%dT%H:%M:%SZ}"


def shifted(items: Items, by_s: int) -> Items:
    """The same history, so many seconds later."""

    def later(value: Any, name: str = "") -> Any:
        if isinstance(value, list):
            return [later(one) for one in value]
        if isinstance(value, dict):
            return {key: later(one, key) for key, one in value.items()}
        if name not in _TIMES or value is None:
            return value
        if isinstance(value, int):
            return value + by_s
        moved = datetime.fromisoformat(value) + timedelta(seconds=by_s)
        return moved.isoformat().replace("+00:00", "Z")

    return {export: later(of) for export, of in items.items()}


_TIMES = (
    *("timestamp", "update_timestamp", "generated_timestamp", "created_at"),
    *("start_time", "time", "chat_timestamp"),
)


def ticket_lives(chance: Random, count: int) -> Items:
    """Tickets in events and versions of the tickets export, some of them older than both."""
    events: list[Item] = []
    versions: dict[tuple[int, int], Item] = {}
    for ticket in range(1, count + 1):
        for at, child, version in _life(chance):
            if child:
                event = {"id": len(events), "ticket_id": ticket, "timestamp": epoch(at)}
                events.append(
                    event | {"updater_id": chance.choice([7, 8]), "child_events": [child]}
                )
            if version:
                item = {"id": ticket, "generated_timestamp": epoch(at)}
                versions[ticket, at] = {**item, **version}
    return {"ticket_events": events, "tickets": list(versions.values())}


_STATUSES = ["open", "pending", "solved", "solved", "closed", "deleted"]
_CHOICES: dict[str, list[Any]] = {
    "status": _STATUSES,
    "group_id": [5, 6, None],
    "assignee_id": [7, 8, None],
    "priority": ["low", "high"],
    # What no event tells: what an automation does, and a version for any other reason.
    "quietly": ["solved", "solved", "closed"],
    "version": [None],
    "comment": [None],
}


def _life(chance: Random) -> Iterator[tuple[int, Item | None, Item | None]]:
    """Moments, each with a child event or a version of the ticket."""
    at = moments(chance, 1, 8)
    is_old = chance.random() < 0.4
    now: Item = {"status": chance.choice(["new", "open", "solved"] if is_old else ["new", "open"])}
    now |= {"group_id": chance.choice([5, 6, None]), "assignee_id": chance.choice([7, None])}
    now["priority"] = None
    created = -chance.randint(1, 20 * DAY_S) if is_old else at.pop(0)
    if not is_old:
        yield created, {"event_type": "Create", **now}, None
    for moment in at:
        name = chance.choice(["status", "status", *_CHOICES])
        value = chance.choice(_CHOICES[name])
        is_over = now["status"] == "closed"
        is_deleted = now["status"] == "deleted"
        if (is_over and name != "version") or (is_deleted and (name, value) != ("status", "open")):
            continue
        if name == "comment":
            yield moment, {"event_type": "Comment"}, None
        elif name not in now:
            now |= {"status": value} if name == "quietly" else {}
            yield moment, None, {**now, "created_at": text(created)}
        elif now[name] != value:
            before = {} if now[name] is None else {"previous_value": now[name]}
            now[name] = value
            yield moment, {"event_type": "Change", name: value, **before}, None


_KINDS = ["activate", "activate", "pause", "fulfill", "breach", "apply_sla", "update_status"]


def measurements(chance: Random, count: int, first: int = 1) -> Items:
    """Metric events of tickets from the `first` on, in no order of their own."""
    events: list[Item] = []
    for ticket in range(first, first + count):
        for at in moments(chance, 1, 8):
            kind, extra = chance.choice(_KINDS), chance.randint(0, 2)
            event: Item = {"id": len(events), "ticket_id": ticket, "instance_id": 1}
            event |= {"metric": "reply_time", "type": kind, "time": text(at)}
            if kind == "apply_sla":
                target = {"target": 10 * extra, "target_in_seconds": 600 * extra} if extra else {}
                event["sla"] = {"policy": {"id": extra, "title": f"P{extra}"}, **target}
            if kind == "update_status":
                event["status"] = {"calendar": 10 * extra, "business": 4 * extra}
            if kind == "breach":
                event["deleted"] = extra == 2
            events.append(event)
    return {"ticket_metric_events": events}


def with_policies_first(items: Items) -> Items:
    """Measurements that each have the policy P from the first moment on, and no other."""
    events = [one for one in items["ticket_metric_events"] if one["type"] != "apply_sla"]
    applied = [
        {**one, "id": -one["id"] - 1, "type": "apply_sla", "time": text(0), "sla": {"policy": "P"}}
        for one in {one["ticket_id"]: one for one in events}.values()
    ]
    return {"ticket_metric_events": [*events, *applied]}


def chats(chance: Random, count: int) -> Items:
    """Chats, some of which were exported again on a later day in another version."""
    found = []
    for number in range(count):
        start = moment(chance)
        for updated in {max(start, at) for at in moments(chance, 1, 2)}:
            # Whose name came last isn't told by two of one moment.
            fraction = f".{len(found):06}Z"
            times = {
                "timestamp": text(start),
                "update_timestamp": text(updated).replace("Z", fraction),
            }
            found.append({"id": f"c{number}", **_chat(chance, start), **times})
    return {"chats": found}


def _chat(chance: Random, start: int) -> Item:
    chat = _drawn(
        chance,
        type=["chat", "chat", "offline_msg", None],
        message=["Call me", None],
        missed=_TRUTH,
        dropped=_TRUTH,
        deleted=[False, False, True, None],
        proactive=_TRUTH,
        abandon_time=[None, 0, 7.5, 60],
        duration=[None, 0, 10, 300.25],
        department_id=[3, 4, None],
        department_name=["Sales", "Help", None],
        rating=_RATINGS,
    )
    said = sorted(chance.randrange(DAY_S) for _ in range(chance.randint(0, 4)))
    history = [{**_drawn(chance, **_SAID), "timestamp": text(start + after)} for after in said]
    engagements = [
        {
            **_drawn(chance, **_ENGAGED),
            "id": f"e{place}",
            "timestamp": text(start + place)[:-1] + f".{chance.randrange(10**6):06}Z",
            "response_time": _times(chance),
            "count": {"agent": chance.randint(0, 9), "visitor": chance.randint(0, 9)},
        }
        for place in range(chance.randint(0, 3))
    ]
    return {
        **chat,
        "response_time": _times(chance),
        "history": chance.choice([history, history, None]),
        "engagements": chance.choice([engagements, engagements, None]),
        "visitor": {"name": "Vi"},
    }


_TRUTH = [True, False, None]
_RATINGS = ["good", "bad", None]
_SAID = {
    "type": ["chat.msg", "chat.msg", "chat.rating"],
    "msg": ["Hi", "", "Grüße 😀"],
    "sender_type": ["Visitor", "Agent"],
}
_ENGAGED = {
    "agent_id": [7, "8", None],
    "agent_name": ["Ann", "Bo", None],
    "started_by": ["visitor", "agent", "transfer", None],
    "accepted": _TRUTH,
    "department_id": [3, None],
    "duration": [None, 0, 90.5, 2 * DAY_S],
    "rating": _RATINGS,
}


def _drawn(chance: Random, **choices: list[Any]) -> Item:
    return {name: chance.choice(values) for name, values in choices.items()}


def _times(chance: Random) -> Item | None:
    times = _drawn(chance, first=[None, 4.5, 60], avg=[None, 5, 9], max=[None, 30, 99])
    return chance.choice([times, times, None])


def separate(items: Items) -> Items:
    """Timespans of which each ends before the next of its agent starts, and the days do."""
    spans = []
    for one in items["agent_timeline"]:
        starts = [
            _seconds(other["start_time"]) - _seconds(one["start_time"])
            for other in items["agent_timeline"]
            if other["agent_id"] == one["agent_id"]
        ]
        left = len(DAYS) * DAY_S + _START_S - _seconds(one["start_time"])
        longest = min([left, *(after for after in starts if after > 0)])
        spans.append(one | {"duration": min(one["duration"], longest)})
    return {"agent_timeline": spans}


def _seconds(time: str) -> int:
    return int(datetime.fromisoformat(time).timestamp())


def timespans(chance: Random, count: int) -> Items:
    """Timespans that may overlap; none of one agent start together."""
    return {
        "agent_timeline": [
            {"agent_id": agent, "start_time": text(at), "duration": chance.randint(1, 2 * DAY_S)}
            | _drawn(
                chance,
                status=["online", "away", "invisible", "busy", None],
                engagement_count=[0, 1, 3],
            )
            for agent in range(7, 7 + count)
            for at in set(moments(chance, 0, 5))
        ]
    }


def queues(chance: Random, count: int) -> Items:
    """Department events, and conversions."""
    sizes = [None, 0, 1, 2, 5]
    events: list[Item] = []
    for department in [None, *range(1, count)]:
        for at in moments(chance, 1, 6):
            now, before = chance.choice(sizes), chance.choice(sizes)
            event = {"id": f"q{len(events):05}", "department_id": department, "timestamp": text(at)}
            event |= {"field_name": "queue_sizes", "value": {"queue_size": now}}
            told = {} if before is None else {"previous_value": {"queue_size": before}}
            events.append(event | told)
    conversions = []
    for number in range(count):
        at, since = moment(chance), chance.randrange(DAY_S)
        owed = {"chat_id": "c", "chat_timestamp": text(at - since), "agent_id": 7}
        one = {"id": f"v{number}", "timestamp": text(at), "goal_id": 5, "goal_name": "buy"}
        conversions.append({**one, "attribution": chance.choice([owed, None])})
    return {"department_events": events, "conversions": conversions}


def skills(chance: Random, count: int) -> Items:
    """Routing attributes, their values, and which agents and tickets are given them."""
    exports: Items = {"routing_attributes": [], "routing_attribute_values": []}
    for number in range(count):
        of = {"attribute_id": chance.choice([f"a{number}", f"a{number}", "other", None])}
        for export, id, more in zip(exports, (f"a{number}", f"v{number}"), ({}, of), strict=True):
            for at in set(moments(chance, 0, 3)):
                told = _drawn(chance, type=["create", "update", "delete"], name=["E", "F", None])
                exports[export].append({"id": id, **more, **told, "time": text(at)})
    moves = [
        {
            "attribute_value_id": f"v{chance.choice([number, 0])}",
            "instance_id": str(number + 1),
            "type": chance.choice(["associate_", "unassociate_"]) + holder,
            "time": text(at),
        }
        for number in range(count)
        for holder in ("agent", "ticket")
        for at in moments(chance, 0, 6)
    ]
    numbered = [{"id": f"m{number}", **move} for number, move in enumerate(moves)]
    return {**exports, "routing_instance_values": numbered}
