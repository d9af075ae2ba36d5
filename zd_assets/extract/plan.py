"""What a run has to fetch: segments of partitions, each to be walked with one cursor."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from zd_assets.catalog.export import Export
from zd_assets.lake.footer import Footer, schema_id
from zd_assets.lake.partition import Partition


@dataclass(frozen=True)
class Target:
    """A partition that was asked for, and the footer of its file, if there is one."""

    partition: Partition
    footer: Footer | None


@dataclass(frozen=True)
class Segment:
    """Contiguous partitions for one walk.

    It resumes the first one's file if `resumes`; of a stream by arrival, the files of all of them.
    """

    targets: tuple[Target, ...]
    resumes: bool = False

    @property
    def partitions(self) -> tuple[Partition, ...]:
        """The partitions, in order."""
        return tuple(target.partition for target in self.targets)

    @property
    def from_us(self) -> int:
        """Where its items begin: what the first file holds already isn't fetched again."""
        first = self.targets[0]
        if self.resumes and first.footer:
            return first.footer.complete_until_us
        return first.partition.start_us

    @property
    def until_us(self) -> int:
        """Where its items end."""
        return self.targets[-1].partition.end_us


@dataclass(frozen=True)
class Plan:
    """Segments to walk, partitions to adopt as they are, and those with nothing settled yet."""

    segments: tuple[Segment, ...]
    adopted: tuple[Target, ...]
    unsettled: tuple[Target, ...]


def plan(
    export: Export,
    targets: Sequence[Target],
    *,
    parameters: Mapping[str, str],
    should_adopt: Callable[[Footer], bool],
    full_refresh: bool,
    horizon_us: int,
    windows: int,
    by_arrival: bool = False,
) -> Plan:
    """Decide what becomes of each partition (given in order of time).

    If they were asked for with the same `parameters`, a complete one that `adopts` accepts
    (committed by a run that couldn't report it) stays, and an incomplete one is resumed; the rest
    is fetched whole. Contiguous ones form a segment, and segments are cut until `windows` can be
    walked side by side. With `full_refresh` all is fetched whole.
    """
    adopted, unsettled = [], []
    segments: list[Segment] = []
    for target in targets:
        footer = None if full_refresh else target.footer
        if (
            footer
            and footer.complete
            and is_alike(export, footer, parameters)
            and should_adopt(footer)
        ):
            adopted.append(target)
        elif target.partition.start_us >= horizon_us:
            unsettled.append(target)
        else:
            resumes = footer is not None and is_resumable(export, footer, parameters)
            if segments and _goes_on(segments[-1], target, resumes, by_arrival):
                segments[-1] = replace(segments[-1], targets=(*segments[-1].targets, target))
            else:
                segments.append(Segment((target,), resumes))
    return Plan(_cut(segments, windows), tuple(adopted), tuple(unsettled))


def _goes_on(segment: Segment, target: Target, resumes: bool, by_arrival: bool) -> bool:
    """Return whether one walk can fill a further partition, too."""
    if segment.until_us != target.partition.start_us:
        return False
    if not by_arrival:
        return not resumes
    # By arrival, rows of any partition may come before a cursor: all must go on from the same one.
    before = segment.targets[-1].footer
    if not resumes or not before or not target.footer:
        return resumes == segment.resumes
    return segment.resumes and before.resume_url == target.footer.resume_url


def is_resumable(export: Export, footer: Footer, parameters: Mapping[str, str]) -> bool:
    """Return whether a file holds a part that need not be fetched again."""
    began = footer.complete_until_us > footer.start_us or footer.resume_url is not None
    return not footer.complete and began and is_alike(export, footer, parameters)


def is_alike(export: Export, footer: Footer, parameters: Mapping[str, str]) -> bool:
    """Return whether a file holds rows such as a walk with these parameters would bring."""
    return footer.schema == schema_id(export) and footer.parameters == parameters


def _cut(segments: list[Segment], windows: int) -> tuple[Segment, ...]:
    while 0 < len(segments) < windows:
        longest = max(range(len(segments)), key=lambda i: len(segments[i].targets))
        segment = segments[longest]
        half = (len(segment.targets) + 1) // 2
        if half == len(segment.targets):
            break
        segments[longest : longest + 1] = [
            replace(segment, targets=segment.targets[:half]),
            Segment(segment.targets[half:]),
        ]
    return tuple(segments)
