"""Room for what isn't finished."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from zd_assets.lake.lake import writing
from zd_assets.lake.location import Location
from zd_assets.lake.locks import claim, sweep
from zd_assets.lake.staging import SCRATCH, in_staging, leave_staging, remove_folder, tidy


@contextmanager
def scratch(location: Location) -> Iterator[Path]:
    """Give a hidden folder below a table's, where there is room; its process's, and ends with it.

    Nobody else can enter it. What killed runs left is swept. Of an object store, it is in a
    private folder of this machine.

    Raises:
        LakeError: it can't be made.
    """

    def make(parent: Path) -> Path:
        return Path(tempfile.mkdtemp(prefix=SCRATCH, dir=parent))

    with writing(location):
        if isinstance(location, Path):
            sweep(location.glob(f"{SCRATCH}*"), remove_folder)
        else:
            tidy()
        folder, lock = claim(lambda: in_staging(location, make))
    try:
        yield folder
    finally:
        remove_folder(folder)
        os.close(lock)
        leave_staging(location, folder.parent)
