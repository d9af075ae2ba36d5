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
    def fulfilled_at(self) -> int | None:
        """When it was last fulfilled, if it wasn't activated since."""
        ends = [turn for turn in self.turns if turn[1] in ("activate", "fulfill")]
        return ends[-1][0] if ends and ends[-1][1] == "fulfill" else None

    def ran_us(self, since: int, until: int) -> int:
        """For how long it ran in a window."""
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
        now: Measurement | None = None
        for day in sorted(states):
            today = [one for one in of if is_on(day, known(one["time"]))]
            state = by_day[day].get(key[0], {})
            if now and _is_gone(now, state, today, day):
                now = None
            if now is None and not today:
                continue
            now = now or Measurement()
            for one in _in_order(today, runs=bool(_is_running(now))):
                _happened(now, one)
            _goes_with_its_ticket(now, state, day)
            row = dict(zip(("ticket_id", "metric", "instance_id"), key, strict=True))
            rows[day].append({**row, **_row(now, day + DAY_US), "events": len(today)})
    return rows


def _is_gone(now: Measurement, state: Row, today: list[Item], day: int) -> bool:
    ended_with_it = now.ended_at is not None and not state
    since = min((known(one["time"]) for one in today), default=day)
    return ended_with_it or (
        now.fulfilled_at is not None and since > now.fulfilled_at + FULFILLED_US
    )


def _in_order(events: list[Item], runs: bool) -> list[Item]:
    """By time and ID, but of one second the breach first; then what runs stops, or else begins."""
    found: list[Item] = []
    for _, of in sorted(grouped(events, lambda one: known(one["time"])).items()):
        of.sort(
            key=lambda one, runs=runs: (
                one["type"] != "breach",
                (one["type"] == "activate") == runs,
                one["id"],
            )
        )
        found += of
        kinds = {one["type"] == "activate" for one in of if one["type"] in _TURNS}
        if len(kinds) == 1:
            runs = kinds.pop()
    return found


def _goes_with_its_ticket(now: Measurement, state: Row, day: int) -> None:
    """End what is measured of a ticket that is closed or deleted, until it is restored."""
    if not state.get("is_closed"):
        now.ended_at = None
        return
    begun = [at for at, kind in now.turns if kind in ("activate", "pause")]
    ended_at = max([state["status_since"] or day, now.ended_at or 0, *begun])
    if ended_at != now.ended_at:
        now.ended_at = ended_at
        now.turns.append((ended_at, "end"))
        now.turns.sort(key=lambda turn: turn[0])


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


def _is_running(now: Measurement) -> bool | None:
    if now.ended_at is not None or now.fulfilled_at is not None:
        return False
    # Whether it goes on when its ticket is restored isn't told.
    return now.turns[-1][1] == "activate" if now.turns and now.turns[-1][1] != "end" else None


def _row(now: Measurement, end: int) -> Row:
    turns = [turn for turn in now.turns if turn[1] != "end"]
    activated = turns[0][0] if turns and turns[0][1] == "activate" else None
    since, said_s = now.calendar or (0, 0.0)
    return {
        "activated_at": activated,
        "fulfilled_at": now.fulfilled_at,
        "ended_at": now.ended_at,
        "is_running": _is_running(now),
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
