"""What one visitor has under way on the page on networks; it ends when the page is closed."""

from __future__ import annotations

from typing import Final

from dynamics.sweep import reason
from dynamics.training import Curves
from landscapes.landscape import Array
from landscapes.networks import Table
from pages.shared import jobs
from pages.shared.belongings import belonging
from pages.shared.logged import Judged
from pages.shared.scene import Scene
from pages.shared.sweeping import CaseResult, SweepJob
from pages.shared.trained import Seen, Trained, train_in_worker
from pages.shared.training import Training

_KEPT: Final = 4  # results of a visitor


class TrainingJob:
    """A training that a worker does or will do, and what has come of it so far."""

    def __init__(self, training: Training) -> None:
        """Queue it.

        Raises:
            jobs.Busy: as many jobs wait as may.
        """
        self.training = training
        self.curves = tuple(Curves.empty() for _ in training.names)
        self.scene: Scene | None = None
        self.classes: Array | None = None  # that the runs' networks give to its places
        self.share = 0.0
        self.doing = ""  # empty until a worker has it in hand
        self._taken = 0
        self._job = jobs.submit(train_in_worker, training)

    def update(self) -> None:
        """Take in what the worker has reported."""
        fresh = self._job.reports[self._taken :]
        self._taken += len(fresh)
        for progress in fresh:
            self.curves = tuple(a.after(b) for a, b in zip(self.curves, progress.pieces, strict=True))
            self.share, self.doing = progress.done / progress.of, progress.doing
            if isinstance(progress, Seen):
                self.scene = progress.scene or self.scene
                self.classes = progress.classes if progress.classes is not None else self.classes

    @property
    def done(self) -> bool:
        """Whether it has ended, in whichever way."""
        return self._job.future.done()

    @property
    def ahead(self) -> int:
        """How many jobs are before it in the queue."""
        return self._job.ahead

    def result(self) -> Trained:
        """Return what came of it; to be called when it is done.

        Raises:
            jobs.Busy: nothing did, being withdrawn or its worker dead.
            Exception: whatever it failed by.
        """
        trained: Trained = self._job.result()
        return trained

    def stop(self) -> None:
        """End it; what it has by then is its result. In the queue it is withdrawn."""
        self._job.stop()


class Desk:
    """A visitor's running training, sweep, and last results."""

    def __init__(self) -> None:
        """Begin with nothing under way."""
        self.training: TrainingJob | None = None
        self.sweep: SweepJob[Training, CaseResult] | None = None
        self.logs: dict[str, Judged] = {}  # the last logs, by their digests
        self.table: tuple[str, str, Table] | None = None  # the visitor's own data, after their file's id and name
        self.failure = ""
        self._results: dict[Training, Trained] = {}

    def train(self, training: Training) -> None:
        """Begin a training in place of the one under way."""
        self.failure = ""
        if self.training is not None:
            self.training.stop()
            self.training = None
        try:
            self.training = TrainingJob(training)
        except jobs.Busy as error:
            self.failure = str(error)

    def collect(self) -> bool:
        """Take in a training that has ended; say whether one had."""
        job = self.training
        if job is None or not job.done:
            return False
        job.update()
        self.training = None
        try:
            trained = job.result()
        except jobs.Busy as error:
            self.failure = str(error)
        except Exception as error:
            self.failure = f"It failed: {reason(error)}."
        else:
            self._results.pop(job.training, None)
            self._results[job.training] = trained
            while len(self._results) > _KEPT:
                del self._results[next(iter(self._results))]
        return True

    def result(self, training: Training) -> Trained | None:
        """Return what a training of this visitor's left, if it was done."""
        return self._results.get(training)

    def close(self) -> None:
        """End everything under way."""
        for work in (self.training, self.sweep):
            if work is not None:
                work.stop()


def desk() -> Desk:
    """Return this visitor's desk."""
    return belonging("desk", Desk)
