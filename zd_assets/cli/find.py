"""Which files of a lake hold a text: `zd-assets find ada@example.com ...`.

It looks into every text of every column, into footers, and into what isn't Parquet, in the lake
at `ZD_LAKE`. Upper and lower case are the same. Numbers, such as ids, aren't looked at, nor are
hidden files: a run is still writing them, or the next one removes them.
"""

import html
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import click
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from zd_assets.cli.output import as_json, lake_of_environment, leave, print_json
from zd_assets.lake.errors import LakeError
from zd_assets.lake.lake import Lake, reading
from zd_assets.lake.location import Location, below, is_hidden, readable

_PARQUET = ".parquet"


def holders(lake: Lake, texts: Sequence[str]) -> Iterator[Location]:
    """Yield the files that hold any of the texts, in order of their names.

    Raises:
        LakeError: a file can't be read.
    """
    spellings = {spelling for text in texts for spelling in _spellings(text)}
    for path in sorted(_files(lake.root), key=str):
        look = _in_parquet if path.name.endswith(_PARQUET) else _in_bytes
        try:
            with reading(path):
                found = look(path, spellings)
        except FileNotFoundError:  # Replaced or removed meanwhile.
            continue
        if found:
            yield path


def _files(root: Location) -> list[Location]:
    found: Iterable[Location]
    if isinstance(root, Path):
        found = (path for path in root.rglob("*") if path.is_file())
    else:
        found = root.glob("*")
    return [file for file in found if not is_hidden(file, root)]


def _spellings(text: str) -> set[str]:
    """Return the text as it is, and as it is in JSON and HTML."""
    if not text.strip():
        raise LakeError("an empty text is everywhere; name one")
    in_json = {json.dumps(text, ensure_ascii=plain)[1:-1] for plain in (False, True)}
    return {text, html.escape(text), *in_json}


def _in_parquet(path: Location, spellings: set[str]) -> bool:
    with pq.ParquetFile(readable(path)) as file:
        footer = b"\n".join((file.metadata.metadata or {}).values())
        if _holds(footer, spellings):
            return True
        for number in range(file.num_row_groups):
            for column in file.schema_arrow.names:
                values = file.read_row_group(number, columns=[column]).column(0)
                for chunk in values.chunks:
                    for leaf in _texts(chunk):
                        if _any_matches(leaf, spellings):
                            return True
    return False


def _texts(values: pa.Array) -> Iterator[pa.Array]:
    """Yield the texts in an array, however deep they are."""
    if pa.types.is_struct(values.type):
        for child in values.flatten():
            yield from _texts(child)
    elif pa.types.is_list(values.type):
        yield from _texts(values.flatten())
    elif pa.types.is_string(values.type):
        yield values


def _any_matches(values: pa.Array, spellings: set[str]) -> bool:
    return any(
        pc.any(pc.match_substring(values, one, ignore_case=True)).as_py() for one in spellings
    )


def _in_bytes(path: Location, spellings: set[str]) -> bool:
    return _holds(path.read_bytes(), spellings)


def _holds(content: bytes, spellings: set[str]) -> bool:
    lower = content.decode(errors="replace").lower()
    return any(one.lower() in lower for one in spellings)


@click.command()
@click.argument("texts", nargs=-1, required=True, metavar="TEXT...")
@as_json
def main(texts: tuple[str, ...], as_json: bool) -> None:
    """Name the files of the lake that hold any of the texts.

    Every text of every column is looked at, and what isn't Parquet; upper and lower case are the
    same. Exits with 0 where a file holds one, 1 where none does, 2 where the lake can't be read.

    \b
    Example:
      zd-assets find ada@example.com "Ada Lovelace"
    """
    found = []
    try:
        lake = lake_of_environment()
        for path in holders(lake, texts):
            found.append(str(below(path, lake.root)))
            if not as_json:
                click.echo(found[-1])
    except LakeError as error:
        click.echo(error, err=True)
        sys.exit(2)
    if as_json:
        print_json({"files": found})
    leave(bool(found))


if __name__ == "__main__":
    main()
