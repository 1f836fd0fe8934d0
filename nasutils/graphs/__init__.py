"""Computation graphs: a network as primitive operators and what flows between them."""

from nasutils.graphs.darts import darts_graph
from nasutils.graphs.graph import FEATURES, ComputationGraph
from nasutils.graphs.nasbench101 import nasbench101_graph
from nasutils.graphs.nasbench201 import nasbench201_graph
from nasutils.graphs.ofa_mbv3 import ofa_mbv3_graph
from nasutils.graphs.operators import OPERATORS
from nasutils.graphs.tracing import trace
