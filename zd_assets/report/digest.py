"""The report in few lines of Markdown, for where a page can't be opened."""

from zd_assets.report.summary import Summary, long_period


def digest(summary: Summary) -> str:
    """The headline figures with their changes as a table, and what isn't there."""
    days = summary.span.days
    before = long_period(summary.span.before)
    rows = [
        f"| {_plain(one.head)} | **{one.value}** | {one.also} | {_change(one.change, one.tone)} "
        f"| {one.before.removeprefix('before: ')} |"
        for one in summary.headlines
    ]
    notes = [f"- {_plain(note)}" for note in summary.notes]
    return "\n".join(
        [
            f"**{long_period(days)}** ({summary.span.length}, {days[-1].time_zone})",
            "",
            f"| | | | change | {before} |",
            "|---|--:|---|---|---|",
            *rows,
            *(["", *notes] if notes else []),
        ]
    )


def _change(change: str, tone: str) -> str:
    return f"{change} ({tone})" if tone else change


def _plain(text: str) -> str:
    """Text that Markdown shows as it is."""
    return "".join(f"\\{char}" if char in r"\`*_[]<>|#" else char for char in text)
