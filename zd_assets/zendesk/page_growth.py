"""How large the next page may be, after the server couldn't give one of full size."""

from dataclasses import dataclass

_LONGEST = 64


@dataclass
class PageGrowth:
    """Doubles the size of pages up to `most` again, less often where that failed before.

    A server that fails once costs one small page. One that fails at every larger page is tried
    with one after 2, 4, 8, ... small pages, since each trial may cost a time-out.
    """

    most: int
    _rest: int = 0
    _left: int = 0
    _shrank: bool = False

    def next(self, asked: int, got: int) -> int:
        """Return the size of the next page, after one for `asked` items came with `got` as its."""
        if got < asked:
            if self._shrank:
                self._rest = min(max(2, 2 * self._rest), _LONGEST)
            self._shrank, self._left = True, self._rest
        elif got >= self.most:
            self._rest, self._shrank = 0, False
        if self._left:
            self._left -= 1
            return min(got, self.most)
        return min(2 * got, self.most)
