"""What Prometheus is shown of versions that come and go."""

from collections import Counter
from collections.abc import Callable, Iterable

from service.families import Counts, Family, Gauge
from service.loading import Failure


class VersionCounts:
    """Failures by reason, flips, and what fails now; models are as many as the repository has."""

    def __init__(self, failures: Callable[[], Iterable[Failure]]) -> None:
        """Count nothing yet.

        Args:
            failures: what cannot be served, asked when Prometheus does.
        """
        self._failures = Counts(
            "cutaway_version_failures",
            "Versions that did not load; what was served before went on.",
            ("model", "reason"),
        )
        self._flips = Counts(
            "cutaway_version_flips", "Times that another version became the default.", ("model",)
        )
        self.families: list[Family] = [
            self._failures,
            self._flips,
            Gauge(
                "cutaway_versions_failing",
                "Versions that are to be served and cannot be, now.",
                lambda: Counter(failure.name for failure in failures()).items(),
            ),
        ]

    def failed(self, failure: Failure) -> None:
        """A version did not load."""
        self._failures.add(failure.name, failure.reason)

    def flipped(self, name: str) -> None:
        """Another version became a model's default."""
        self._flips.add(name)
