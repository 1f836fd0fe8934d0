"""What a chapter shows: published results, the paper's figures beside them, verdicts, drawings."""

from nasutils.report.contrast import Contrast, all_of, gain_text, table_of_contrasts
from nasutils.report.paper_table import paper_table, printed_rows
from nasutils.report.prose import glue, glue_figures
from nasutils.report.published_results import PublishedResults, Summary
from nasutils.report.style import DASHES, MARKERS, PALETTE, WIDTH, figure_size, looks, use_style
from nasutils.report.table import Table, in_order, table_of
from nasutils.report.verdicts import Claim, Effect, Verdict, claims_table, verdict
