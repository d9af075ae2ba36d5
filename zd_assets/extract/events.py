"""What an extraction says while it runs."""

from dataclasses import dataclass
from enum import StrEnum

from zd_assets.lake.footer import Footer
from zd_assets.lake.location import Location
from zd_assets.lake.partition import Partition


class Action(StrEnum):
    """What became of a partition."""

    FETCHED = "fetched whole"
    RESUMED = "resumed"
    ADOPTED = "adopted: committed by an earlier run that isn't known to have reported it"
    KEPT = "kept as it was: the walk ended before it"
    NOT_REACHED = "not reached: the run had spent its page budget"
    LOOKED_AGAIN = "looked at again: nothing new"
    ADDED_TO = "rows were added that came with pages of other partitions"
    STOPPED = "committed while the run was being stopped"
    UNSETTLED = "nothing is settled yet"


@dataclass(frozen=True)
class PartitionReport:
    """A partition's file as it is now; `added` rows of it came with pages of other partitions."""

    partition: Partition
    action: Action
    footer: Footer
    path: Location
    added: int = 0


@dataclass(frozen=True)
class PageReport:
    """One page of one segment was taken in; positions are microseconds of server time."""

    segment: int
    items: int
    from_us: int
    position_us: int
    until_us: int


@dataclass(frozen=True)
class Notice:
    """Something a person should know: a wait, or a page that isn't as the document says."""

    message: str


Report = PartitionReport | PageReport | Notice
