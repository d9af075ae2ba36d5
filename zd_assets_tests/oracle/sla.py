"""What is measured of tickets, and SLAs, from ticket metric events and the tickets' states."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from zd_assets_tests.oracle.rows import (
    DAY_US,
    Item,
    Row,
    grouped,
    histogram,
    is_on,
    known,
    mean,
    quantile,
    seconds,
    share,
    there,
    whole,
)

FULFILLED_US = 30 * DAY_US
_TURNS = ("activate", "pause", "fulfill")


@dataclass
class Measurement:
    """What is known of a measurement by a moment; `ran_us` counts until `since`, if it runs."""

    turns: list[tuple[int, str]] = field(default_factory=list)
    breached_at: int | None = None
    met_at: int | None = None
    late_at: int | None = None
    policy: str | None = None
    target_s: float | None = None
    reported_at: int | None = None
    calendar: tuple[int, float] | None = None
    business_s: float | None = None
    ended_at: int | None = None

    @property
    def is_fulfilled(self) -> bool:
        return bool(self.turns) and self.turns[-1][1] == "fulfill"

    def ran_us(self, since: int, until: int) -> int:
        """For how long it ran in a window."""
        until = min(until, self.ended_at or until)
        ends = [at for at, _ in self.turns[1:]] + [until]
        return sum(
            max(0, min(end, until) - max(at, since))
            for (at, kind), end in zip(self.turns, ends, strict=False)
            if kind == "activate"
        )


def ticket_metrics(
    events: Iterable[Item], states: Mapping[int, Iterable[Row]]
) -> dict[int, list[Row]]:
    """A row for each measurement that is there, by day; `states` are the tickets' rows by day."""
    by_day = {day: {row["ticket_id"]: row for row in of} for day, of in states.items()}
    measured = grouped(
        (one for one in {one["id"]: one for one in events}.values() if not one.get("deleted")),
        lambda one: (whole(one.get("ticket_id")), one.get("metric"), one.get("instance_id")),
    )
    rows: dict[int, list[Row]] = {day: [] for day in states}
    for key, of in measured.items():
        if None in key:
            continue
        of = _in_order(of)
        now: Measurement | None = None
        for day in sorted(states):
            today = [one for one in of if is_on(day, known(one["time"]))]
            if now is None and not today:
                continue
            now = now or Measurement()
            for one in today:
                _happened(now, one)
            state = by_day[day].get(key[0], {})
            now.ended_at = state["status_since"] if state.get("is_closed") else None
            row = dict(zip(("ticket_id", "metric", "instance_id"), key, strict=True))
            rows[day].append({**row, **_row(now, day + DAY_US), "events": len(today)})
            if not _stays(now, state, day + DAY_US):
                now = None
    return rows


def _in_order(events: list[Item]) -> list[Item]:
    """By time; in a moment that starts and stops it, what runs stops first, else it starts first."""
    found: list[Item] = []
    runs = False
    for _, of in sorted(grouped(events, lambda one: known(one["time"])).items()):
        starts_late = runs
        of.sort(key=lambda one: ((one["type"] == "activate") == starts_late, one["id"]))
        found += of
        kinds = {one["type"] == "activate" for one in of if one["type"] in _TURNS}
        if len(kinds) == 1:
            runs = kinds.pop()
    return found


def ticket_times_daily(metrics: Iterable[Row], states: Iterable[Row], day: int) -> list[Row]:
    """A row for each group and measure, from the measurements' and the tickets' rows of the day."""
    state = {row["ticket_id"]: row for row in states}

    def key(row: Row) -> tuple[int | None, bool, str]:
        of = state.get(row["ticket_id"], {})
        first = {1: "first_reply_time"}.get(row["instance_id"], "next_reply_time")
        measure = first if row["metric"] == "reply_time" else row["metric"]
        return of.get("group_id"), of.get("is_group_known", False), measure

    fulfilled = [row for row in metrics if is_on(day, row["fulfilled_at"])]
    return [
        {
            **dict(zip(("group_id", "is_group_known", "measure"), names, strict=True)),
            **_times(of),
        }
        for names, of in grouped(fulfilled, key).items()
    ]


def _times(of: list[Row]) -> Row:
    calendar = [row["calendar_s"] for row in of]
    business = there(row["business_s"] for row in of)
    return {
        "fulfilled": len(of),
        "tickets": len({row["ticket_id"] for row in of}),
        "mean_s": mean(calendar),
        "median_s": quantile(calendar, 0.5),
        "p90_s": quantile(calendar, 0.9),
        "max_s": max(calendar),
        "histogram": histogram(calendar),
        "in_business_hours": len(business),
        "business_mean_s": mean(business),
        "business_median_s": quantile(business, 0.5),
        "business_p90_s": quantile(business, 0.9),
        "business_histogram": histogram(business),
    }


def _stays(now: Measurement, state: Row, end: int) -> bool:
    if now.is_fulfilled:
        return state.get("status") != "closed" and end <= now.turns[-1][0] + FULFILLED_US
    return state.get("status") != "closed"


def _happened(now: Measurement, one: Item) -> None:
    at, kind = known(one["time"]), one["type"]
    if kind in _TURNS:
        now.turns.append((at, kind))
    if kind == "fulfill":
        if now.breached_at is None:
            now.met_at = now.met_at or at
        else:
            now.late_at = now.late_at or at
    if kind == "breach":
        now.breached_at = now.breached_at or at
    applied = one.get("sla") or one.get("group_sla")
    if applied:
        policy = applied.get("policy")
        now.policy = (policy.get("title") if isinstance(policy, dict) else policy) or now.policy
        minutes = applied.get("target")
        target = applied.get("target_in_seconds", minutes * 60 if minutes is not None else None)
        now.target_s = now.target_s if target is None else float(target)
    said = one.get("status") or {}
    if said.get("calendar") is not None:
        now.calendar = (at, said["calendar"] * 60.0)
    if said.get("business") is not None:
        now.business_s = said["business"] * 60.0
    if there(said.values()):
        now.reported_at = at


def _row(now: Measurement, end: int) -> Row:
    activated = now.turns[0][0] if now.turns and now.turns[0][1] == "activate" else None
    turn = now.turns[-1][1] if now.turns else None
    since, said_s = now.calendar or (0, 0.0)
    return {
        "activated_at": activated,
        "fulfilled_at": now.turns[-1][0] if now.is_fulfilled else None,
        "ended_at": now.ended_at,
        "is_running": False if now.ended_at else turn and turn == "activate",
        "pauses": sum(kind == "pause" for _, kind in now.turns),
        "calendar_s": said_s + seconds(now.ran_us(since, end)),
        "business_s": now.business_s,
        "reported_at": now.reported_at,
        "reported_s": said_s if now.calendar else None,
        "measured_s": seconds(now.ran_us(0, end)),
        "policy": now.policy,
        "target_s": now.target_s,
        "breached_at": now.breached_at,
        "met_at": now.met_at,
        "late_at": now.late_at,
    }


def sla_breaches_daily(metrics: Iterable[Row], day: int) -> list[Row]:
    """A row for each metric and policy, from the measurements' rows of the day."""
    targets = [row for row in metrics if row["policy"] or row["breached_at"]]
    by_policy = grouped(targets, lambda row: (row["metric"], row["policy"]))
    rows = [_breaches(*key, of, day) for key, of in by_policy.items()]
    return [row for row in rows if any(row[name] for name in _FIGURES)]


_FIGURES = ("breaches", "met", "late", "still_late", "ended")


def _breaches(metric: str, policy: str | None, of: list[Row], day: int) -> Row:
    def on_it(name: str) -> list[Row]:
        return [row for row in of if is_on(day, row[name])]

    met, late = len(on_it("met_at")), len(on_it("late_at"))
    breached = [row for row in of if row["breached_at"] is not None]
    return {
        "metric": metric,
        "policy": policy,
        "breaches": len(on_it("breached_at")),
        "met": met,
        "late": late,
        "still_late": sum(
            row["fulfilled_at"] is None and row["ended_at"] is None for row in breached
        ),
        "ended": sum(row["met_at"] is None and row["late_at"] is None for row in on_it("ended_at")),
        "met_share": share(met, late),
        "tickets": len({row["ticket_id"] for row in on_it("breached_at")}),
    }
