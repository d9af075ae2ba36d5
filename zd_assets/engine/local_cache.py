"""Objects of a store as local files, which is what DuckDB reads here."""

from collections.abc import Iterable
from pathlib import Path

from zd_assets.lake.lake import reading
from zd_assets.lake.location import Location, identity
from zd_assets.lake.objects import ObjectPath


class LocalCache:
    """LocalCache in a folder, each fetched once, when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        """Nothing is copied yet; the folder ends with its parent."""
        self._folder = folder
        self._paths: dict[tuple[ObjectPath, str], Path] = {}

    def local(self, location: Location) -> Path:
        """Return a file with the content; the file itself, where it is one.

        Raises:
            LakeError: there is none, or it can't be read.
        """
        if isinstance(location, Path):
            return location
        with reading(location):
            seen = (location, identity(location))
        if seen not in self._paths:
            path = self._folder / f"{len(self._paths)}.parquet"
            self._folder.mkdir(parents=True, exist_ok=True)
            with reading(location):
                location.get(path)
            self._paths[seen] = path
        return self._paths[seen]

    def all(self, locations: Iterable[Location]) -> list[Path]:
        """Files with the contents of all."""
        return [self.local(location) for location in locations]
