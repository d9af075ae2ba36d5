"""What the UI shows of an export and of each table's columns."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import dagster as dg

from zd_assets.catalog.columns import Column, List, Scalar, Struct, Type
from zd_assets.catalog.export import Export
from zd_assets.defs.namespace import Namespace

if TYPE_CHECKING:
    from zd_assets.engine.lineage import Origins

#: The names of the Arrow types of the columns.
TYPE_NAMES = {
    Scalar.TEXT: "string",
    Scalar.INTEGER: "int64",
    Scalar.ID: "int64",
    Scalar.DOUBLE: "double",
    Scalar.BOOL: "bool",
    Scalar.TIMESTAMP: "timestamp[us, tz=UTC]",
    Scalar.JSON: "string",
}


def definition_metadata(export: Export) -> dict[str, Any]:
    """Tell of an export before it ever ran: its columns, and where it is documented."""
    return {
        "dagster/column_schema": column_schema(export.all_columns),
        "documentation": dg.MetadataValue.url(export.documentation),
        "key": ", ".join(export.key) or "the whole row",
        "ordered by": " + ".join(filter(None, (export.time.column, export.time.plus_seconds))),
    }


def column_schema(columns: Sequence[Column]) -> dg.TableSchema:
    """Columns as the UI shows them."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(column.name, _type_text(column.type), _description(column))
            for column in columns
        ]
    )


def column_lineage(origins: "Origins", namespace: Namespace) -> dict[str, Any]:
    """Return where columns come from; the open-source UI doesn't draw it, GraphQL tells it."""
    return {
        "dagster/column_lineage": dg.TableColumnLineage(
            {
                column: [
                    dg.TableColumnDep(asset_key=namespace.key(path), column_name=origin)
                    for path, origin in found
                ]
                for column, found in origins.items()
            }
        )
    }


def _type_text(kind: Type) -> str:
    if isinstance(kind, Struct):
        return "struct"
    if isinstance(kind, List):
        return f"list<{_type_text(kind.of)}>"
    return TYPE_NAMES[kind]


def _description(column: Column) -> str:
    inner = column.type.of if isinstance(column.type, List) else column.type
    if not isinstance(inner, Struct):
        return column.description
    return f"{column.description} Attributes: {', '.join(one.name for one in inner.columns)}."
