"""What a run has to fetch: stretches of partitions, each to be walked with one cursor."""

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
class Stretch:
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
    """Stretches to walk, partitions to adopt as they are, and those with nothing settled yet."""

    stretches: tuple[Stretch, ...]
    adopted: tuple[Target, ...]
    unsettled: tuple[Target, ...]


def plan(
    export: Export,
    targets: Sequence[Target],
    *,
    parameters: Mapping[str, str],
    adopts: Callable[[Footer], bool],
    refetch: bool,
    horizon_us: int,
    windows: int,
    by_arrival: bool = False,
) -> Plan:
    """Decide what becomes of each partition (given in order of time).

    If they were asked for with the same `parameters`, a complete one that `adopts` accepts
    (committed by a run that couldn't report it) stays, and an incomplete one is resumed; the rest
    is fetched whole. Contiguous ones form a stretch, and stretches are cut until `windows` can be
    walked side by side. With `refetch` all is fetched whole.
    """
    adopted, unsettled = [], []
    stretches: list[Stretch] = []
    for target in targets:
        footer = None if refetch else target.footer
        if footer and footer.complete and is_alike(export, footer, parameters) and adopts(footer):
            adopted.append(target)
        elif target.partition.start_us >= horizon_us:
            unsettled.append(target)
        else:
            resumes = footer is not None and is_resumable(export, footer, parameters)
            if stretches and _goes_on(stretches[-1], target, resumes, by_arrival):
                stretches[-1] = replace(stretches[-1], targets=(*stretches[-1].targets, target))
            else:
                stretches.append(Stretch((target,), resumes))
    return Plan(_cut(stretches, windows), tuple(adopted), tuple(unsettled))


def _goes_on(stretch: Stretch, target: Target, resumes: bool, by_arrival: bool) -> bool:
    """Whether one walk can fill a further partition, too."""
    if stretch.until_us != target.partition.start_us:
        return False
    if not by_arrival:
        return not resumes
    # By arrival, rows of any partition may come before a cursor: all must go on from the same one.
    before = stretch.targets[-1].footer
    if not resumes or not before or not target.footer:
        return resumes == stretch.resumes
    return stretch.resumes and before.resume_url == target.footer.resume_url


def is_resumable(export: Export, footer: Footer, parameters: Mapping[str, str]) -> bool:
    """Whether a file holds a part that need not be fetched again."""
    began = footer.complete_until_us > footer.start_us or footer.resume_url is not None
    return not footer.complete and began and is_alike(export, footer, parameters)


def is_alike(export: Export, footer: Footer, parameters: Mapping[str, str]) -> bool:
    """Whether a file holds rows such as a walk with these parameters would bring."""
    return footer.schema == schema_id(export) and footer.parameters == parameters


def _cut(stretches: list[Stretch], windows: int) -> tuple[Stretch, ...]:
    while 0 < len(stretches) < windows:
        longest = max(range(len(stretches)), key=lambda i: len(stretches[i].targets))
        stretch = stretches[longest]
        half = (len(stretch.targets) + 1) // 2
        if half == len(stretch.targets):
            break
        stretches[longest : longest + 1] = [
            replace(stretch, targets=stretch.targets[:half]),
            Stretch(stretch.targets[half:]),
        ]
    return tuple(stretches)
