"""TLS that the server ends itself."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
import subprocess
import sys
import time
from pathlib import Path

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from server_process import free_port


def certificate(directory: Path) -> tuple[Path, Path]:
    """A self-signed certificate for 127.0.0.1, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now - dt.timedelta(1)).not_valid_after(now + dt.timedelta(1))
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    signed = builder.add_extension(address, critical=False).sign(key, hashes.SHA256())
    files = directory / "cert.pem", directory / "key.pem"
    files[0].write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    files[1].write_bytes(key.private_bytes(encoding, form, serialization.NoEncryption()))
    return files


def test_a_server_with_a_certificate_may_be_public_and_answers_by_tls_only(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path)
    port = free_port()
    arguments = ["--data", str(tmp_path / "data"), "--listen", f"0.0.0.0:{port}"]
    command = [sys.executable, "-m", "clawforge_server", *arguments, "--tls-cert", str(cert), "--tls-key", str(key)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            context = ssl.create_default_context(cafile=str(cert))
            assert answered(f"https://127.0.0.1:{port}/health", context) == 200
            assert answered(f"http://127.0.0.1:{port}/health", context, seconds=1) is None
        finally:
            process.terminate()
            assert process.wait(10) == 0


def test_files_that_are_no_certificate_are_refused(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    foreign = certificate(other)[1]
    text = tmp_path / "text.pem"
    text.write_text("nothing")
    for pair in ((cert, foreign), (text, key), (cert, text), (key, cert)):
        arguments = ["--data", str(tmp_path / "data"), "--listen", "0.0.0.0:0"]
        arguments += ["--tls-cert", str(pair[0]), "--tls-key", str(pair[1])]
        command = [sys.executable, "-m", "clawforge_server", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 1
        assert done.stderr.startswith("error: ")
        assert "Traceback" not in done.stderr


def answered(url: str, context: ssl.SSLContext, seconds: float = 15) -> int | None:
    """The status, as soon as there is an answer."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            return httpx.get(url, verify=context, trust_env=False, timeout=2).status_code
        except httpx.TransportError:
            time.sleep(0.1)
    return None
