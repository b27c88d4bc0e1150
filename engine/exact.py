"""JSON without loss: numbers are int or Decimal, never binary float; the only JSON door there is.

Integers of any size are exact, fractions keep their digits ("30.0000" stays 30.0000). The decoder
refuses NaN and Infinity; a Decimal that is one cannot come from it, and mappings trap them.
"""

from __future__ import annotations

from decimal import Decimal
from typing import cast

import msgspec

from engine.model.values import Json

_decoder = msgspec.json.Decoder(float_hook=Decimal)
_encoder = msgspec.json.Encoder(decimal_format="number")
_canonical = msgspec.json.Encoder(decimal_format="number", order="sorted")


def decode(data: bytes | str) -> Json:
    """The value of a JSON text. Raises ValueError where it is none or is nested too deep."""
    try:
        return cast(Json, _decoder.decode(data))
    except RecursionError as deep:
        raise ValueError("JSON nested too deep") from deep


def encode(value: Json) -> bytes:
    """Compact JSON, keys in the order given."""
    return _encoder.encode(value)


def canonical(value: Json) -> bytes:
    """Compact JSON with sorted keys, digits as they are: equal bytes mean equal content."""
    return _canonical.encode(value)
