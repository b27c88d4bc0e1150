"""The JSON Schema of a scheme, for editors: made from the same description that reads it."""

from __future__ import annotations

import json
import sys

from engine.document.rule import definitions
from engine.document.scheme import SCHEME, WRITING
from engine.model.values import Json


def schema() -> dict[str, Json]:
    """Shipped as docs/scheme.schema.json."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Duijie 对接：方案",
        **SCHEME.schema(),
        "dependentRequired": {key: [other for other in WRITING if other != key] for key in WRITING},
        "$defs": definitions(),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(schema(), ensure_ascii=False, indent=2) + "\n")
