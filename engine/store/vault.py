"""Secrets at rest: AES-256-GCM under a master key that lives in a file of its own (mode 0600)."""

from __future__ import annotations

import base64
import hashlib
import os
import stat
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from engine.errors import Wrong
from engine.model.values import Problem
from engine.say import Say

_VERSION = "v1."


class Vault:
    """Seals and opens short texts. `what` binds a sealed text to its place, so it cannot be moved."""

    def __init__(self, key: bytes) -> None:
        self._box = AESGCM(key)
        self.fingerprint = hashlib.sha256(b"duijie master key\0" + key).hexdigest()[:16]
        """Tells one key from another, and nothing of the key itself."""

    @classmethod
    def at(cls, path: Path) -> Vault:
        """The vault of a key file, made on first use."""
        if not path.exists():
            _make(path)
        raw = path.read_bytes().strip()
        try:
            key = base64.b64decode(raw, validate=True)
        except ValueError:
            key = b""
        if len(key) != 32:
            says = Say("密钥文件 {path} 不是 32 字节的 base64。", path=path)
            do = Say("从备份恢复它；没有它，已保存的密码无法打开。")
            raise Wrong([Problem("DUIJIE_KEY_FILE", "key_file", says, do)])
        return cls(key)

    def seal(self, text: str, what: str) -> str:
        nonce = os.urandom(12)
        sealed = nonce + self._box.encrypt(nonce, text.encode(), what.encode())
        return _VERSION + base64.b64encode(sealed).decode()

    def open(self, sealed: str, what: str) -> str:
        """Raises Wrong where the key is another one or the text was altered."""
        raw = base64.b64decode(sealed.removeprefix(_VERSION))
        try:
            return self._box.decrypt(raw[:12], raw[12:], what.encode()).decode()
        except InvalidTag:
            says = Say("{what} 的密码打不开：密钥文件换过或数据被改动。", what=what)
            do = Say("恢复原来的密钥文件，或重新录入密码。")
            raise Wrong([Problem(what, "sealed", says, do)]) from None


def _make(path: Path) -> None:
    """A new key, readable by its owner only; two processes starting at once agree on one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(
        os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, stat.S_IRUSR | stat.S_IWUSR), "wb"
    ) as file:
        file.write(base64.b64encode(AESGCM.generate_key(256)) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(fresh, path)
    except FileExistsError:
        return  # the other process was first; its key is the one
    finally:
        fresh.unlink()
