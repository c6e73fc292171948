"""The band of solve rates whose questions are kept, as figures shade it that only know tenths of the solve rate."""

from __future__ import annotations

from math import floor

Band = tuple[float, float]
NEARLY = 1e-9
"""As in `run.metrics.histogram`: 0.3 is in the bin from 0.3 on, whatever its last bit."""


def over_bins(band: Band, bins: int = 10) -> Band:
    """From the left end of the bin that the lower end of the band is in to the right end of that of the upper end.

    Bins are equal, over [0, 1], and closed at their left; 1.0 is in the last.
    """
    low, high = (min(bins - 1, floor(end * bins + NEARLY)) for end in band)
    return low / bins, (high + 1) / bins


def over_tenths(band: Band) -> Band:
    """Where points stand at solve rates rounded to tenths: half a tenth beyond the outermost points of kept ones."""
    low, high = (round(10 * end) for end in band)
    return (2 * low - 1) / 20, (2 * high + 1) / 20
