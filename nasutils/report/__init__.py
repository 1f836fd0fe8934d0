"""What a chapter shows: published results, the paper's figures beside them, verdicts, drawings."""

from nasutils.report.numbers import format_number
from nasutils.report.paper_table import PaperTable, paper_table
from nasutils.report.published import Summary, glue, published
from nasutils.report.style import DASHES, PALETTE, WIDTH, figure_size, use_style

__all__ = [
    "DASHES",
    "PALETTE",
    "WIDTH",
    "PaperTable",
    "Summary",
    "figure_size",
    "format_number",
    "glue",
    "paper_table",
    "published",
    "use_style",
]
