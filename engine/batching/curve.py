"""How long a run takes: measured by batch size at warm-up, scaled by what is really seen."""

from bisect import bisect_left
from collections.abc import Mapping

WEIGHT = 0.1  # of one run in pace and spread: they follow the last ten runs or so
EXTREME = 20.0  # one run counts as at most so many times too slow or fast: a stall is no trend
NEAR = 1.05  # a size is as cheap as another that costs an image so much more at most


class ServiceCurve:
    """Seconds of a run by its images; the runs that end correct it."""

    def __init__(self, measured: Mapping[int, float]) -> None:
        """Take what warm-up measured.

        Args:
            measured: seconds of one run by batch size; sizes between are padded up to the next.

        Raises:
            ValueError: nothing was measured, or a size or a time is not positive.
        """
        if not measured or min(measured) < 1 or min(measured.values()) <= 0:
            raise ValueError(
                f"a service curve needs a positive time for at least one batch size, got "
                f"{dict(measured)}; measure the run at 1, 2, 4, … images"
            )
        self.sizes = tuple(sorted(measured))
        self._largest = self.sizes[-1]
        self._seconds = [0.0] + [measured[self.padded(n)] for n in range(1, self._largest + 1)]
        self._cheapest = [0] + [self._find_cheapest(n) for n in range(1, self._largest + 1)]
        self.best = self._cheapest[-1]
        self.pace = 1.0
        self.spread = 0.1

    def padded(self, images: int) -> int:
        """The measured size that so many images are run as; above the largest, themselves."""
        index = bisect_left(self.sizes, images)
        return self.sizes[index] if index < len(self.sizes) else images

    def measured_seconds(self, images: int) -> float:
        """Of one run as it was at warm-up; above the largest measured size in proportion."""
        if images <= self._largest:
            return self._seconds[images]
        return self._seconds[-1] * images / self._largest

    def seconds(self, images: int) -> float:
        """Of one run of so many images at the pace really seen."""
        return self.measured_seconds(images) * self.pace

    def measured_work_seconds(self, images: int, size: int) -> float:
        """Slot seconds, as at warm-up, of so many images in runs of `size`."""
        runs, rest = divmod(images, size)
        work = runs * self.measured_seconds(size)
        return work + self.measured_seconds(rest) if rest else work

    def per_image_seconds(self, images: int) -> float:
        """As at warm-up: what an image costs in a run of so many."""
        return self.measured_seconds(images) / images

    def cheapest(self, limit: int) -> int:
        """The smallest run of at most `limit` images (1 or more) that is as cheap as any."""
        return self._cheapest[min(limit, self._largest)]

    def _find_cheapest(self, limit: int) -> int:
        sizes = [size for size in self.sizes if size < limit] + [limit]
        costs = [self.per_image_seconds(size) for size in sizes]
        bound = min(costs) * NEAR
        return next(size for size, cost in zip(sizes, costs, strict=True) if cost <= bound)

    def observe(self, images: int, seconds: float) -> None:
        """Learn from a run that ended: `pace` is seen/measured, `spread` how far runs stray."""
        seen = seconds / self.measured_seconds(images)
        seen = min(max(seen, 1 / EXTREME), EXTREME)
        self.spread += WEIGHT * (min(abs(seen / self.pace - 1), 1.0) - self.spread)
        self.pace += WEIGHT * (seen - self.pace)
