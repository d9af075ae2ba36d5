"""What a commit does with the file that is there at that moment."""

from collections import Counter
from dataclasses import dataclass, replace

from zd_assets.lake.footer import Footer
from zd_assets.lake.writer import Keep


@dataclass(frozen=True)
class Decision:
    """Leave the file as it is (`footer` None), or replace it under this footer."""

    footer: Footer | None
    keep: Keep = Keep.NOTHING


def decide(
    ours: Footer,
    there: Footer | None,
    planned: Footer | None,
    *,
    alike: bool,
    continues: bool,
) -> Decision:
    """Decide from our footer, the one that is there now, and the one when the run was planned.

    `alike` says that both hold rows such as today's parameters and columns bring, `continues` that
    ours go on where the file ended, or are to be compared with it. A part never takes the place of
    a whole, nor of what another run has committed since.
    """
    if there is None:
        return Decision(ours)
    if not alike:
        return Decision(None) if there.complete and not ours.complete else _replace(ours, there)
    if continues or not ours.complete or there != planned:
        # A full_refresh that ended early asks on where it ended; the rows of before stay meanwhile.
        refetched = there == planned and not continues and not ours.complete
        return Decision(_joined(there, ours, continues, refetched), Keep.ALL)
    return _replace(ours, there)


def _replace(ours: Footer, there: Footer) -> Decision:
    return Decision(
        replace(ours, late_items=there.late_items, lateness_s=there.lateness_s), Keep.ADDED
    )


def _joined(there: Footer, ours: Footer, continues: bool, refetched: bool) -> Footer:
    """Return what both hold; a walk from the window's start counts again what the other one did."""
    ahead = ours
    if there.complete_until_us > ours.complete_until_us and not refetched:
        ahead = there
    joined = replace(
        ours,
        complete=ours.complete or ahead.complete,
        complete_until_us=ahead.complete_until_us,
        resume_url=ahead.resume_url,
        resume_time=ahead.resume_time,
        last_page=ahead.last_page or ours.last_page,
        look_again_us=_look_again_us(there, ours),
        unordered_pages=there.unordered_pages + ours.unordered_pages,
        late_items=there.late_items,
        lateness_s=there.lateness_s,
        skipped=tuple(sorted({*there.skipped, *ours.skipped})),
    )
    if not continues:
        return joined
    return replace(
        joined,
        pages=there.pages + ours.pages,
        items_without_key=there.items_without_key + ours.items_without_key,
        items_without_time=there.items_without_time + ours.items_without_time,
        items_before_first=there.items_before_first + ours.items_before_first,
        system_updates=there.system_updates + ours.system_updates,
        system_updates_kept=there.system_updates_kept + ours.system_updates_kept,
        drift=dict(Counter(there.drift) + Counter(ours.drift)),
    )


def _look_again_us(there: Footer, ours: Footer) -> int | None:
    """Ours, as far as we came; beyond it, what the file says."""
    if there.complete_until_us <= ours.complete_until_us:
        return ours.look_again_us
    known = [us for us in (there.look_again_us, ours.look_again_us) if us is not None]
    return min([*known, ours.complete_until_us]) if known else None
