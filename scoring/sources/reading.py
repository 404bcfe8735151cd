"""The pictures of a shard, wherever they lie."""

from collections.abc import Generator

from scoring.errors import InputError
from scoring.settings import InputSettings
from scoring.shards import Shard
from scoring.sources.files import read_files
from scoring.sources.locations import parse_location
from scoring.sources.parquets import read_parquet
from scoring.sources.picture import Picture
from scoring.sources.root import Archive, root_of
from scoring.sources.tars import read_tar
from scoring.sources.zips import read_zip

ARCHIVE_READERS = {"tar": read_tar, "zip": read_zip, "parquet": read_parquet}


class ShardReader:
    """Reads shards of one input, in whichever process; several threads may, a shard each."""

    def __init__(self, settings: InputSettings) -> None:
        self._settings = settings
        self._root = root_of(parse_location(settings.location))

    def read(self, shard: Shard) -> Generator[Picture]:
        """Its pictures in order, read ahead by threads of its own as they are taken.

        Returns:
            `shard.count` pictures; what is wrong with one of them is in it. Close it (or take
            them all) to end its threads.

        Raises:
            InputError: the place fails, or an archive is no longer what was planned.
        """
        if shard.kind == "files":
            pictures = read_files(self._root, shard, self._settings)
        else:
            archive = Archive(self._root, shard.path)
            pictures = ARCHIVE_READERS[shard.kind](archive, shard, self._settings)
        count = 0
        for picture in pictures:
            count += 1
            yield picture
        if count != shard.count:
            raise InputError(
                f"{shard.path or self._settings.location} has changed since it was planned: "
                f"expected {shard.count} pictures, found {count}; use a new output"
            )
