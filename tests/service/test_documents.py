"""The HTTP reference says what the service does."""

import re
from pathlib import Path

from service.errors import STATUSES

REFERENCE = (Path(__file__).parents[2] / "docs" / "http.md").read_text(encoding="utf-8")


def test_the_reference_has_every_error_with_its_status() -> None:
    rows = re.findall(r"^\| (\d{3}) \| (`[^|]+) \|", REFERENCE, re.MULTILINE)
    documented = {
        (int(status), code) for status, codes in rows for code in re.findall(r"`(\w+)`", codes)
    }
    from_elsewhere = {(404, "not_found"), (405, "method_not_allowed"), (500, "internal")}
    assert documented == set(STATUSES.values()) | from_elsewhere
