"""Trainings of networks: mini-batches, the loop that records them, and what the records tell."""

from .batches import Batches, batched
from .course import Course, Curves, Progress, advance, look

__all__ = ["Batches", "Course", "Curves", "Progress", "advance", "batched", "look"]
