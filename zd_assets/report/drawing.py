"""What all charts share: the picture, its axis of days, and names that fonts can or can't write.

No pyplot and no settings of matplotlib are touched, so that threads can draw side by side.
"""

import io
import math
import unicodedata
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

import numpy as np
import pandas as pd
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke
from matplotlib.text import Text
from matplotlib.ticker import FuncFormatter, MaxNLocator
from PIL import Image

from zd_assets.engine.read import Rows

# Okabe and Ito's colours, which people of any colour vision can tell apart.
BLUE, ORANGE, GREEN, VERMILION = "#0072B2", "#E69F00", "#009E73", "#D55E00"
SKY, PURPLE, YELLOW, GREY = "#56B4E9", "#CC79A7", "#F0E442", "#8C8C8C"
INK, FAINT = "#24292F", "#D8DEE4"

#: Up to so many days, each has its figures written beside it.
FEW_DAYS = 10

_WIDTH_IN, _NARROW_IN, _DPI = 9.0, 5.0, 100
_COLORS = 48
_LEGEND_COLUMNS, _NARROW_LEGEND = 3, 9
_MOST_TICKS = 10
_SANS = (
    *("DejaVu Sans", "Noto Sans", "Arial", "Helvetica Neue"),
    *("Noto Sans CJK JP", "Noto Sans CJK SC", "Noto Sans JP", "Noto Sans SC", "Noto Sans KR"),
    *("Source Han Sans", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "Droid Sans Fallback"),
    *("IPAexGothic", "IPAGothic", "Hiragino Sans", "PingFang SC", "Yu Gothic", "MS Gothic"),
    *("Microsoft YaHei", "SimHei", "Malgun Gothic", "Apple SD Gothic Neo", "NanumGothic"),
    *("Noto Sans Hebrew", "Noto Sans Arabic", "Noto Sans Devanagari", "Noto Sans Thai"),
    "Arial Unicode MS",
)


@dataclass(frozen=True)
class Size:
    """How a picture is drawn: 900 pixels wide, or 500 for a narrow page, times `scale`."""

    narrow: bool = False
    scale: int = 1


WIDE = Size()


def picture(title: str, height_in: float, size: Size) -> Figure:
    """An empty picture; text in a narrow one is as large as in any."""
    width_in = _NARROW_IN if size.narrow else _WIDTH_IN
    figure = Figure(figsize=(width_in, height_in), dpi=_DPI, facecolor="white", layout=None)
    figure.set_layout_engine("constrained", h_pad=0.08, w_pad=0.06, hspace=0.04)
    points = 10.5 if size.narrow else 13
    figure.suptitle(title, x=0.008, ha="left", size=points, weight="bold", color=INK)
    return figure


def nothing(title: str, size: Size) -> bytes:
    """A picture that says that there is nothing to be seen, as a PNG."""
    figure = picture(title, 1.6, size)
    figure.text(0.5, 0.4, "Nothing in these days", ha="center", size=12, color=INK)
    return png(figure, size)


def png(figure: Figure, size: Size, colors: int = _COLORS) -> bytes:
    """The picture as a PNG of few colours."""
    for text in figure.findobj(Text):
        assert isinstance(text, Text)
        text.set_fontfamily(list(_families()))
        # A $ in a name is no formula.
        text.set_parse_math(False)
    figure.set_dpi(_DPI * size.scale)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call]
    pixels = np.asarray(canvas.buffer_rgba())  # type: ignore[no-untyped-call]
    image = Image.fromarray(pixels).convert("RGB")
    out = io.BytesIO()
    few = image.quantize(colors, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    few.save(out, "png", optimize=True)
    return out.getvalue()


def style(axes: Axes, title: str, left: Callable[[float], str] | None = None) -> None:
    """A panel with its title, a light grid, and the ticks at the left written by `left`."""
    axes.set_title(title, loc="left", size=10.5, color=INK)
    axes.tick_params(length=0, labelsize=9.5, labelcolor=INK)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(FAINT)
    axes.set_axisbelow(True)
    if left:
        axes.grid(axis="y", color=FAINT, linewidth=0.8)
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: left(value)))


def legend(axes: Axes, *, stacked: bool = False) -> None:
    """A legend at the panel's right, or above a narrow one; of stacked bars in their order."""
    entries = list(zip(*axes.get_legend_handles_labels(), strict=True))
    shades = [entry for entry in entries if isinstance(entry[0], Patch)]
    parts = [entry for entry in entries if entry not in shades]
    ordered = [*(reversed(parts) if stacked else parts), *shades]
    if not ordered:
        return
    narrow = _is_narrow(axes)
    place = (
        {"loc": "lower left", "bbox_to_anchor": (0, 1), "ncols": _LEGEND_COLUMNS}
        if narrow
        else {"loc": "upper left", "bbox_to_anchor": (1.005, 1.03)}
    )
    axes.legend(
        [handle for handle, _ in ordered],
        [label for _, label in ordered],
        **place,
        borderaxespad=0,
        frameon=False,
        fontsize=_NARROW_LEGEND if narrow else 9.5,
        labelcolor=INK,
        handlelength=1.2,
        columnspacing=1.2,
        labelspacing=0.3,
    )
    if narrow:
        rows = math.ceil(len(ordered) / _LEGEND_COLUMNS)
        axes.set_title(
            axes.get_title(loc="left"), loc="left", size=10, color=INK, pad=8 + 13 * rows
        )


def _is_narrow(axes: Axes) -> bool:
    figure = axes.get_figure(root=True)
    return figure is not None and figure.get_figwidth() < _WIDTH_IN


def calendar(rows: Rows) -> list[str]:
    """All days from the first to the last one that is there, also those between without a file.

    A fresh lake's picture isn't mostly empty; a gap stays a gap.
    """
    there = sorted(rows.footers)
    if not there:
        return []
    first, last = date.fromisoformat(there[0]), date.fromisoformat(there[-1])
    return [str(first + timedelta(days=n)) for n in range((last - first).days + 1)]


def period(days: Sequence[str], rows: Rows) -> str:
    """`2026-01-22 to 2026-01-28 (UTC)`, in the time zone of the rows' days."""
    zone = rows.footers[days[-1]].time_zone
    return f"{days[0]} to {days[-1]} ({zone})" if len(days) > 1 else f"{days[0]} ({zone})"


def days_axis(panels: Sequence[Axes], days: Sequence[str], incomplete: Collection[str]) -> None:
    """An axis of days for panels one above the other, its ticks thinned.

    Incomplete days are shaded; the first panel's legend can say so.
    """
    most = _MOST_TICKS if not _is_narrow(panels[0]) else _MOST_TICKS - 3
    step = math.ceil(len(days) / most)
    ticks = range(len(days) - 1, -1, -step)
    form = "%a\n%d %b" if step == 1 else "%d %b"
    panels[-1].set_xticks(list(ticks), [f"{date.fromisoformat(days[at]):{form}}" for at in ticks])
    # One day's bar shouldn't fill the picture.
    room = max(0.6, (5 - len(days)) / 2)
    panels[-1].set_xlim(-room, len(days) - 1 + room)
    shaded = [at for at, day in enumerate(days) if day in incomplete]
    for axes in panels:
        for at in shaded:
            first = axes is panels[0] and at == shaded[0]
            axes.axvspan(
                *(at - 0.5, at + 0.5),
                facecolor="#EFF2F5",
                edgecolor="#D3DAE1",
                hatch="///",
                linewidth=0,
                zorder=0,
                label="incomplete day" if first else "_",
            )


def stacked(
    axes: Axes, parts: pd.DataFrame, colors: Sequence[str], names: Sequence[str] | None = None
) -> None:
    """A stacked bar for each row, of one part for each column; few have their total written."""
    base = np.zeros(len(parts))
    # Gaps of less than a pixel would come and go.
    width = 0.82 if len(parts) <= 9 * FEW_DAYS else 1
    for place, (column, color) in enumerate(zip(parts.columns, colors, strict=True)):
        values = parts[column].fillna(0).to_numpy()
        label = names[place] if names else str(column)
        axes.bar(range(len(parts)), values, width, base, color=color, label=label, aa=width < 1)
        base += values
    axes.set_ylim(0, max(base.max() * 1.12, 1))
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    if len(parts) <= FEW_DAYS:
        there = parts.notna().any(axis=1)
        totals = zip(base.tolist(), there, strict=True)
        write(
            axes,
            [(at, total, f"{total:,.0f}") for at, (total, known) in enumerate(totals) if known],
        )


def line(
    axes: Axes, values: "pd.Series[float]", color: str, marker: str, label: str, dash: str = "-"
) -> None:
    """A line over the days, broken where there is nothing."""
    # A point between two gaps has no line.
    alone = values.notna() & values.shift().isna() & values.shift(-1).isna()
    few = len(values) <= 4 * FEW_DAYS
    axes.plot(
        range(len(values)),
        values.to_numpy(),
        color=color,
        marker=marker,
        markersize=5,
        markevery=None if few else list(np.flatnonzero(alone)),
        linewidth=1.8 if few else 1.3,
        label=label,
        linestyle=dash,
        clip_on=False,
    )


def write(axes: Axes, texts: Iterable[tuple[float, float, str]]) -> None:
    """Texts a little above points of a panel."""
    halo = [withStroke(linewidth=2.5, foreground="white")]
    for x, y, text in texts:
        axes.annotate(
            *(text, (x, y), (0, 4.5)),
            textcoords="offset points",
            ha="center",
            size=9,
            color=INK,
            path_effects=halo,
        )


def readable(text: object, otherwise: str, most: int = 26) -> str:
    """A name that the fonts at hand can write, cut to so many cells; else `otherwise`."""
    if text is None or text is pd.NA or text != text:
        return otherwise
    # Control characters and line breaks would spoil the picture.
    cleaned = "".join(c if unicodedata.category(c)[0] != "C" else " " for c in str(text))
    name = " ".join(cleaned.split())
    if not name or not all(ord(c) in _characters() for c in name if c != " "):
        return otherwise
    cells = 0
    for place, character in enumerate(name):
        cells += 2 if unicodedata.east_asian_width(character) in "WF" else 1
        if cells > most:
            return f"{name[: place - 1]}…"
    return name


@cache
def _families() -> tuple[str, ...]:
    """The fonts that this machine has, first choice first; asking for others fills the log."""
    there = set(font_manager.get_font_names())
    return tuple(name for name in _SANS if name in there)


@cache
def _characters() -> frozenset[int]:
    fonts = (font_manager.get_font(font_manager.findfont(name)) for name in _families())
    return frozenset().union(*(font.get_charmap() for font in fonts))
