"""Scales, jobs and results: how a chapter is run, repeated and published."""

from nasutils.study.results import Recorder, load_results
from nasutils.study.run import Experiment, Run, experiment
from nasutils.study.scales import Scale
