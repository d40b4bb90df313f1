"""Pictures in one style: readable labels, and colours that colour-blind readers tell apart."""

from typing import Any

try:
    import matplotlib
except ImportError as error:
    raise ImportError("the experiments draw with matplotlib: pip install -e '.[experiments]'") from error

matplotlib.use("Agg")
import matplotlib.pyplot as plt

# Okabe and Ito (2008)
BLUE, VERMILION, GREEN, ORANGE, SKY, PURPLE, BLACK = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#E69F00",
    "#56B4E9",
    "#CC79A7",
    "#222222",
)
COLOURS = (BLUE, VERMILION, GREEN, ORANGE, PURPLE, SKY, BLACK)
STYLE: dict[str, Any] = {
    "figure.dpi": 110,
    "savefig.dpi": 110,
    "figure.constrained_layout.w_pad": 0.1,
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e6e6e6",
    "legend.frameon": False,
    "lines.linewidth": 1.8,
}
plt.style.use(STYLE)


def panels(rows: int, columns: int, *, width: float, height: float, **options: Any) -> tuple[Any, Any]:
    """A figure of `rows` by `columns` axes; sizes in inches."""
    return plt.subplots(rows, columns, figsize=(width, height), layout="constrained", squeeze=False, **options)
