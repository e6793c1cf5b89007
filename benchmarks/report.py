"""Results as JSON, stamped with the machine, the versions and the date."""

from __future__ import annotations

import datetime
import json
import re
from pathlib import Path
from typing import Any

from foretell.lab.machine import machine


def write_report(path: Path, results: dict[str, Any], *, one_line_rows: bool = False, **settings: Any) -> None:
    """Write `results` and the settings they were made with; with `one_line_rows`, what is innermost on one line."""
    report = {"date": datetime.date.today().isoformat(), **settings, "machine": machine(), "results": results}
    text = json.dumps(report, indent=1)
    if one_line_rows:  # none of our strings holds a bracket
        text = re.sub(r"[\[{][^\[\]{}]*[\]}]", lambda found: re.sub(r"\n\s*", " ", found[0]), text)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n")
