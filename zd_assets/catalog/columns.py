"""The vocabulary in which an export's columns are described: no Arrow, no JSON library."""

from dataclasses import dataclass
from enum import StrEnum


class Scalar(StrEnum):
    """What a single value may be. Whatever doesn't fit goes to the `_extra` column."""

    TEXT = "text"
    INTEGER = "integer"
    #: An integer that the API sends as a number in one place and as a string in another.
    ID = "id"
    DOUBLE = "double"
    BOOL = "bool"
    #: ISO 8601 with a zone; kept in microseconds, UTC.
    TIMESTAMP = "timestamp"
    #: A value whose shape the document leaves open, kept as JSON text.
    JSON = "json"


@dataclass(frozen=True)
class Struct:
    """A nested object whose attributes the document names."""

    columns: "tuple[Column, ...]"


@dataclass(frozen=True)
class List:
    """An array whose elements the document describes."""

    of: "Scalar | Struct"


Type = Scalar | Struct | List


@dataclass(frozen=True)
class Column:
    """A documented attribute.

    `repeats` says that the values are few and recur (a status, a city): the file then keeps
    them in a dictionary.
    """

    name: str
    type: Type
    description: str
    repeats: bool = False


#: The column for what the schema doesn't know; every export has it.
EXTRA = Column(
    "_extra",
    Scalar.JSON,
    "Attributes that the schema doesn't know and values that don't fit their type, "
    "by their path. Null as a rule.",
)
