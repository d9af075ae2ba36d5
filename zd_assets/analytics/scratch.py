"""Room for what is in the making."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from zd_assets.lake.lake import writing
from zd_assets.lake.location import Location, workplace
from zd_assets.lake.locks import claim, sweep

_PREFIX = ".spill-"


@contextmanager
def scratch(location: Location) -> Iterator[Path]:
    """A hidden folder below a table's, where there is room; its process's, and ends with it.

    What killed runs left is swept. Of an object store, it is in this machine's workplace.

    Raises:
        LakeError: it can't be made.
    """
    parent = workplace(location)
    with writing(parent):
        parent.mkdir(parents=True, exist_ok=True)
        sweep(parent.glob(f"{_PREFIX}*"), partial(shutil.rmtree, ignore_errors=True))
        folder, lock = claim(lambda: Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent)))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)
