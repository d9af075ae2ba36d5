"""What a model is: its columns, the days of other tables that it is made of, its SQL."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources

from zd_assets.catalog.columns import Column
from zd_assets.catalog.export import Export
from zd_assets.catalog.reference import ReferenceList
from zd_assets.models.latest import GROUP, Latest
from zd_assets.models.macros import MACROS


@dataclass(frozen=True)
class Source:
    """The days of a table that a day is made of; the SQL finds them under the table's name.

    Of an export these are the items of the day's partition, by the time that orders them; of
    current state the items created on the day; of a model its own day. Where `lookback_column`
    names a column, later partitions count too, as long as its earliest value there lies before
    the day's end: an item belongs to every day from that time on to its own.

    An `optional` one is done without in a lake that holds nothing of it, whatever the day. A day
    that no day before is handed on to also gets the `ahead_days` after it, as far as they follow
    one another and are complete. Of items that come later than the day they belong to, `late_h`
    says for how many hours after its end the day waits for them before it is complete.

    With `only`, current state is read for few items of all times, and no day waits for them.
    A reference list is there whatever the day, with the columns that names depend on, as it was
    fetched last; it is always optional. Where its names change, all days are due.
    """

    table: "Export | Latest | Model | ReferenceList"
    lookback_column: str | None = None
    optional: bool = False
    ahead_days: int = 0
    late_h: int = 0
    only: "Only | None" = None

    def __post_init__(self) -> None:
        """Refuse a list that a day would wait for.

        Raises:
            ValueError: it isn't optional.
        """
        if isinstance(self.table, ReferenceList) and not self.optional:
            raise ValueError(f"{self.table.name}: accounts may refuse it; make it optional")


@dataclass(frozen=True)
class Only:
    """Of current state, few items of all times: those created before the day's end.

    Of these `column` has one of the `values`. A day is due again once what the columns in `reads`
    say of one of them changes.
    """

    column: str
    values: tuple[str, ...]
    reads: tuple[str, ...]


@dataclass(frozen=True)
class Reference:
    """A column of keys that should be in a table of current state.

    Only of rows since that table's export began: `since` is the column that tells, such as when
    what is referred to was there at the latest.
    """

    column: str
    to: Latest
    since: str


@dataclass(frozen=True)
class Model:
    """A table of which each day is made by itself, whenever what it is made of changed.

    `sql` selects the columns from the sources. It has `day_start()`, `day_end()`,
    `known_until()`, up to when the day is known, and `local_hour(moment)`, 0 to 23, and
    `local_weekday()`, 1 to 7 from Monday. If the table
    `depends_on_past`, it also has `yesterday`, the rows of the day before, and `begins()`, whether
    there is none: then the sources' days ahead are there. Every row is checked for the
    `assertions`, conditions by name, which know `longest_day_s()` of the run; `relationships` are
    what it refers to.
    """

    name: str
    description: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    sources: tuple[Source, ...]
    sql: str
    depends_on_past: bool = False
    assertions: Mapping[str, str] = field(default_factory=dict)
    relationships: tuple[Reference, ...] = ()

    @property
    def path(self) -> tuple[str, str]:
        """Group and name: the asset's key and the folder in the lake."""
        return (GROUP, self.name)

    @property
    def code_version(self) -> str:
        """Eight digits that change when the table is made in another way.

        Comments and indentation of the SQL don't count.
        """
        shapes = ",".join(f"{column.name}:{column.type}" for column in self.columns)
        sources = ",".join(
            f"{one.table.name}:{one.lookback_column}:{one.optional}:{one.ahead_days}:{one.late_h}:{one.only}"
            for one in self.sources
        )
        made = f"{shapes};{sources};{','.join(MACROS)};{_statement(self.sql)}"
        return hashlib.sha256(made.encode()).hexdigest()[:8]


def read_sql(path: str) -> str:
    """Read a model's SQL file by its path in this package: `facts/ticket_states`."""
    return resources.files(__package__).joinpath(f"{path}.sql").read_text("utf-8")


def _statement(sql: str) -> str:
    lines = (line.strip() for line in sql.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("--"))
