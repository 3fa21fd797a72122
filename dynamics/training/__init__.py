"""Trainings of networks: mini-batches, the loop that records them, and what the records tell."""

from .batches import Batches, batched
from .course import Course, Curves, Progress, advance, look
from .judgement import Judgement, Record, judge

__all__ = [
    "Batches",
    "Course",
    "Curves",
    "Judgement",
    "Progress",
    "Record",
    "advance",
    "batched",
    "judge",
    "look",
]
