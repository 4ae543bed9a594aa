"""Statistics of a satisfaction survey, from frozen answers to figures with honest intervals.

It stands alone: nothing here knows the web application. In reading order:

    Codebook, Design             what the columns mean, and how the sample came about
    read_snapshot, write_snapshot  the frozen data set, one Parquet file with its codebook
    tabulate -> Cells            one pass over the rows: integer sums that add up over any parts
    weights and calibration      design_weights, frame_weights, poststratify, rake, calibrate
    estimate -> Estimates        shares with standard error, degrees of freedom, design effect, interval, words
"""

from analysis.calibration import calibrate, poststratify, rake
from analysis.cells import Cells
from analysis.codebook import NOT_APPLICABLE, Codebook, CodebookItem
from analysis.design import Design
from analysis.errors import AnalysisError
from analysis.estimation import VARIANCES, Estimates, estimate
from analysis.frame import frame_weights
from analysis.intervals import INTERVALS
from analysis.snapshot import Snapshot, read_snapshot, write_snapshot
from analysis.tabulation import tabulate
from analysis.weights import Weights, design_weights

__all__ = [
    "INTERVALS",
    "NOT_APPLICABLE",
    "VARIANCES",
    "AnalysisError",
    "Cells",
    "Codebook",
    "CodebookItem",
    "Design",
    "Estimates",
    "Snapshot",
    "Weights",
    "calibrate",
    "design_weights",
    "estimate",
    "frame_weights",
    "poststratify",
    "rake",
    "read_snapshot",
    "tabulate",
    "write_snapshot",
]
