"""The public API for connector authors: everything a connector may import, and nothing else."""

from engine.errors import Fault
from engine.exact import canonical, decode, encode
from engine.model.values import Call, Json, Record, Reply
from engine.say import Say
from engine.wire.auth import Auth, Settings, Signing, Tokens

__all__ = [
    "Auth",
    "Call",
    "Fault",
    "Json",
    "Record",
    "Reply",
    "Say",
    "Settings",
    "Signing",
    "Tokens",
    "canonical",
    "decode",
    "encode",
]
