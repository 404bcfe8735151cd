"""How many of the images that wait go into the next run."""

from math import ceil

from engine.batching.curve import ServiceCurve

SPREADING = 1.25  # images are spread over free slots where that costs so many times more at most


def batch_size(curve: ServiceCurve, waiting: int, *, max_batch: int, free_slots: int) -> int:
    """Images of the next run.

    The smallest size that is as cheap per image as any: larger ones only make the first wait for
    the last. Where slots are free, what waits is spread over them, since two runs of one image side
    by side beat one run of two: unless the second image is nearly free, as on a GPU.

    Args:
        curve: what runs cost.
        waiting: images, at least 1.
        max_batch: images of a run at most.
        free_slots: that this model may take now, at least 1.
    """
    limit = min(waiting, max_batch)
    size = curve.cheapest(limit)
    share = ceil(waiting / free_slots)
    if share < size:
        together = curve.per_image_seconds(size)
        if curve.per_image_seconds(share) <= SPREADING * together:
            return share
    return size
