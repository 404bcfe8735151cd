"""The log as JSON: one object a line."""

import json
import logging
from datetime import UTC, datetime
from typing import Any

_LOGGERS = (None, "bentoml", "circus", "uvicorn.error")
"""The root, which `cutaway` hands its lines to, and those that BentoML gives handlers."""


class JsonLines(logging.Formatter):
    """Writes a record as an object; what its `facts` say of a request stands beside the rest."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        time = datetime.fromtimestamp(record.created, UTC)
        line: dict[str, Any] = {
            "time": time.isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "facts", {}),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)


def write_json_lines() -> None:
    """Have every handler of this process's logs write them so."""
    for name in _LOGGERS:
        for handler in logging.getLogger(name).handlers:
            handler.setFormatter(JsonLines())
