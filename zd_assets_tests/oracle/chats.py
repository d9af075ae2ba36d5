"""What the tables are to hold of chats, from chats, conversions and department events."""

import json
from collections.abc import Iterable
from statistics import median
from typing import Any

from zd_assets_tests.oracle.rows import (
    DAY_US,
    HOUR_US,
    SECOND_US,
    Item,
    Row,
    grouped,
    histogram,
    is_on,
    known,
    mean,
    moment,
    newest,
    quantile,
    seconds,
    share,
    there,
    whole,
)


def chats_of(chats: Iterable[Item], day: int) -> list[Item]:
    """The chats that started on the day, each in its newest version."""
    of_all = newest(chats, "update_timestamp")
    return [chat for chat in of_all if is_on(day, moment(chat.get("timestamp")))]


def chat_engagements(chats: Iterable[Item], day: int) -> list[Row]:
    """A row for each engagement of the day's chats."""
    return [
        _engagement(chat, ordinal, one)
        for chat in chats_of(chats, day)
        for ordinal, one in enumerate(chat.get("engagements") or [], 1)
    ]


def _engagement(chat: Item, ordinal: int, one: Item) -> Row:
    started, duration = moment(one.get("timestamp")), one.get("duration")
    times, count = one.get("response_time") or {}, one.get("count") or {}
    can_end = started is not None and duration is not None
    return {
        "chat_id": chat["id"],
        "ordinal": ordinal,
        "engagement_id": one.get("id"),
        "started_at": started,
        "ended_at": started + round(duration * SECOND_US) if can_end else None,
        "duration_s": duration,
        "started_by": one.get("started_by"),
        "is_transfer": one.get("started_by") == "transfer",
        "agent_id": whole(one.get("agent_id")),
        "agent_name": one.get("agent_full_name") or one.get("agent_name") or None,
        "department_id": whole(one.get("department_id")),
        "assigned": one.get("assigned"),
        "accepted": bool(one.get("accepted")),
        "first_response_s": times.get("first"),
        "mean_response_s": times.get("avg"),
        "max_response_s": times.get("max"),
        "agent_messages": count.get("agent"),
        "visitor_messages": count.get("visitor"),
        "rating": one.get("rating"),
        "skills_requested": _as_sent(one.get("skills_requested")),
        "skills_fulfilled": one.get("skills_fulfilled"),
        "is_proactive": bool(chat.get("proactive")),
        "is_deleted": bool(chat.get("deleted")),
    }


def _as_sent(value: Any) -> str | None:
    return None if value is None else json.dumps(value)


def chat_messages(chats: Iterable[Item], day: int) -> list[Row]:
    """A row for each thing said in the day's chats."""
    rows = []
    for chat in chats_of(chats, day):
        said = []
        if chat.get("type") == "offline_msg" and chat.get("message") is not None:
            name = (chat.get("visitor") or {}).get("name")
            text = {"timestamp": chat["timestamp"], "sender_type": "Visitor", "name": name}
            said.append((0, {**text, "msg": chat["message"]}))
        for ordinal, entry in enumerate(chat.get("history") or [], 1):
            if entry.get("type") == "chat.msg":
                said.append((ordinal, entry))
        before = None
        for ordinal, entry in said:
            at, text = moment(entry.get("timestamp")), entry.get("msg")
            can_wait = at is not None and before is not None
            rows.append(
                {
                    "chat_id": chat["id"],
                    "ordinal": ordinal,
                    "sent_at": at,
                    "sender_type": entry.get("sender_type"),
                    "agent_id": whole(entry.get("agent_id")),
                    "sender_name": entry.get("name"),
                    "text": text,
                    "characters": None if text is None else len(text),
                    "waited_s": seconds(at - before) if can_wait else None,
                    "is_offline": ordinal == 0,
                    "is_deleted": bool(chat.get("deleted")),
                }
            )
            before = at
    return rows


def chat_daily_summary(chats: Iterable[Item], day: int) -> list[Row]:
    """A row for each department."""
    by_department = grouped(chats_of(chats, day), lambda chat: whole(chat.get("department_id")))
    return [_summary(department, of, day) for department, of in by_department.items()]


def _summary(department: int | None, of: list[Item], day: int) -> Row:
    alive = [chat for chat in of if not chat.get("deleted")]
    real = [chat for chat in alive if chat.get("type") != "offline_msg"]
    missed = [chat for chat in real if chat.get("missed")]
    served = [chat for chat in real if not chat.get("missed")]
    dropped = [chat for chat in served if chat.get("dropped")]
    gone = [chat.get("abandon_time") for chat in missed + dropped]
    abandon = there(gone)
    first = there(_times(chat, "first") for chat in served if not chat.get("proactive"))
    response = there(_times(chat, "avg") for chat in served)
    longest = there(_times(chat, "max") for chat in served)
    durations = there(chat.get("duration") for chat in served)
    ratings = [chat.get("rating") for chat in real]
    hours = [(known(chat["timestamp"]) - day) // HOUR_US for chat in real]
    named = sorted(of, key=lambda chat: known(chat["update_timestamp"]))
    names = there(chat.get("department_name") for chat in named)
    return {
        "department_id": department,
        "department_name": names[-1] if names else None,
        "chats": len(real),
        "served": len(served),
        "completed": len(served) - len(dropped),
        "missed": len(missed),
        "dropped": len(dropped),
        "missed_share": share(len(missed), len(served)),
        "dropped_share": share(len(dropped), len(served) - len(dropped)),
        "proactive": sum(bool(chat.get("proactive")) for chat in real),
        "transferred": sum(
            any(one.get("started_by") == "transfer" for one in chat.get("engagements") or [])
            for chat in real
        ),
        "offline_messages": len(alive) - len(real),
        "deleted": len(of) - len(alive),
        "abandoned": len(abandon),
        "abandon_mean_s": mean(abandon),
        "abandon_median_s": quantile(abandon, 0.5),
        "abandon_p90_s": quantile(abandon, 0.9),
        "abandon_histogram": histogram(abandon),
        "abandon_max_s": max(abandon, default=None),
        "answered": len(first),
        "first_response_mean_s": mean(first),
        "first_response_median_s": median(first) if first else None,
        "first_response_p90_s": quantile(first, 0.9),
        "first_response_histogram": histogram(first),
        "first_response_max_s": max(first, default=None),
        "responded": len(response),
        "response_mean_s": mean(response),
        "response_max_s": max(longest, default=None),
        "timed": len(durations),
        "duration_mean_s": mean(durations),
        "good": ratings.count("good"),
        "bad": ratings.count("bad"),
        "satisfaction": share(ratings.count("good"), ratings.count("bad")),
        "chats_by_hour": [hours.count(hour) for hour in range(24)],
    }


def _times(chat: Item, name: str) -> float | None:
    found: float | None = (chat.get("response_time") or {}).get(name)
    return found


def conversion_attribution(conversions: Iterable[Item], day: int) -> list[Row]:
    """A row for each conversion of the day."""
    rows = []
    for one in conversions:
        at = moment(one.get("timestamp"))
        if not is_on(day, at):
            continue
        owed = one.get("attribution") or {}
        since = moment(owed.get("chat_timestamp"))
        rows.append(
            {
                "conversion_id": one["id"],
                "converted_at": at,
                "goal_id": whole(one.get("goal_id")),
                "goal_name": one.get("goal_name"),
                "is_attributed": owed.get("chat_id") is not None,
                "chat_id": owed.get("chat_id"),
                "chat_started_at": since,
                "after_s": seconds(at - since) if at is not None and since is not None else None,
                "agent_id": whole(owed.get("agent_id")),
                "department_id": whole(owed.get("department_id")),
            }
        )
    return rows


def department_queue(
    events: Iterable[Item], first: int, day: int, known_until: int | None = None
) -> list[Row]:
    """A row for each department whose queue is known; the lake's days begin with `first`."""
    end = min(day + DAY_US, known_until or day + DAY_US)
    sizes = [
        (known(one["timestamp"]), str(one["id"]), whole(one.get("department_id")), now, before)
        for one in events
        if one.get("field_name") == "queue_sizes" and (now := _size(one.get("value"))) is not None
        for before in [_size(one.get("previous_value"))]
    ]
    by_department = grouped(sorted(sizes), lambda one: one[2])
    rows = [_queue(department, of, first, day, end) for department, of in by_department.items()]
    return [row for row in rows if row]


def _size(value: Any) -> int | None:
    return whole(value.get("queue_size")) if isinstance(value, dict) else None


def _queue(
    department: int | None, changes: list[Any], first: int, day: int, end: int
) -> Row | None:
    past = [one for one in changes if first <= one[0] < day]
    today = [one for one in changes if day <= one[0] < end]
    at_start = past[-1][3] if past else today[0][4] if today else None
    course = [] if at_start is None else [(day, at_start)]
    course += [(at, now) for at, _, _, now, _ in today]
    if not course:
        return None
    ends = [at for at, _ in course[1:]] + [end]
    lasted = [(size, until - at) for (at, size), until in zip(course, ends, strict=True)]
    known_us = end - course[0][0]
    peak = max(size for _, size in course)
    return {
        "department_id": department,
        "at_start": at_start,
        "at_end": course[-1][1],
        "peak": peak,
        "peak_at": next(at for at, size in course if size == peak),
        "mean": sum(size * us for size, us in lasted) / known_us if known_us else None,
        "waiting_s": seconds(sum(us for size, us in lasted if size > 0)),
        "known_s": seconds(known_us),
        "events": len(today),
    }
