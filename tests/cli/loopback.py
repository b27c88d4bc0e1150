"""A small vendor of tests/wire/vendor.py in a thread of its own, for commands that run their own event loop."""

from __future__ import annotations

import asyncio
import datetime as dates
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.wire.vendor import Answer, Vendor


@contextmanager
def listening(answer: Answer, tls: ssl.SSLContext | None = None) -> Iterator[Vendor]:
    """The vendor answers until the block ends."""
    vendor, up = Vendor(answer, tls), threading.Event()
    loop = asyncio.new_event_loop()
    over = asyncio.Event()

    async def serve() -> None:
        async with vendor:
            up.set()
            await over.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    try:
        assert up.wait(10)
        yield vendor
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(10)
        loop.close()


def self_signed(folder: Path, now: dates.datetime) -> ssl.SSLContext:
    """TLS with a certificate that nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "vendor.test")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now - dates.timedelta(days=1))
    signed = builder.not_valid_after(now + dates.timedelta(days=1)).sign(key, hashes.SHA256())
    pem = folder / "vendor.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem.write_bytes(private + signed.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context
