"""What a tree of processes costs: CPU seconds, also of children that ended, and memory."""

import os
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_s(root: int) -> float:
    """CPU seconds that a process, its children and those that ended have taken so far."""
    total = 0
    for pid in tree(root):
        fields = _stat(pid)
        # utime, stime, and the same of children that were waited for.
        total += sum(int(number) for number in fields[11:15])
    return total / _TICKS


def rss_mb(root: int) -> float:
    """Resident memory of a tree in MB; shared pages count for each process."""
    kb = 0
    for pid in tree(root):
        try:
            status = Path(f"/proc/{pid}/status").read_text()
        except OSError:
            continue
        kb += sum(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
    return kb / 1024


def tree(root: int) -> list[int]:
    """A process and all below it."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    found, waiting = [], [root]
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        waiting += children.get(pid, [])
    return found


def _stat(pid: int) -> list[str]:
    """The fields of a process from its state on; none if it has ended."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ["0"] * 15
    return text[text.rindex(")") + 2 :].split()
