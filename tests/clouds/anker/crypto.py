"""The server's half of the login's key exchange (2.3)."""

import base64
import hashlib
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

VENDOR_KEY: Final = (
    "04c5c00c4f8d1197cc7c3167c52bf7acb054d722f0ef08dcd7e0883236e0d72a38"
    "68d9750cb47fa4619248f3d83f0f662671dadc6e2d31c2f41db0161651c7c076"
)
"""The public key of the real servers; nobody here has its private half."""

_BLOCK = 16
_POINT_HEX = 130


class BadKeyError(ValueError):
    """What the client sent is no point of P-256."""


class ServerKey:
    """A P-256 key of its own, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        """Make the key."""
        digest = hashlib.sha256(f"anker {seed}".encode()).digest()
        # Any number below the order will do; 31 bytes always are.
        number = int.from_bytes(digest[:31]) + 1
        self._private = ec.derive_private_key(number, ec.SECP256R1())
        point = self._private.public_key().public_bytes(
            Encoding.X962, PublicFormat.UncompressedPoint
        )
        self.public_hex = point.hex()

    def decrypt(self, client_key: str, text: str) -> str | None:
        """Return the password, None where nothing sensible comes out.

        Raises BadKeyError for a client's key that is none.
        """
        if len(client_key) != _POINT_HEX or client_key != client_key.lower():
            raise BadKeyError
        try:
            point = ec.EllipticCurvePublicKey.from_encoded_point(
                ec.SECP256R1(), bytes.fromhex(client_key)
            )
        except ValueError as error:
            raise BadKeyError from error
        cipher_text = decode(text)
        if cipher_text is None:
            return None
        secret = self._private.exchange(ec.ECDH(), point)
        plain = Cipher(algorithms.AES(secret), modes.CBC(secret[:_BLOCK])).decryptor()
        unpadder = PKCS7(_BLOCK * 8).unpadder()
        try:
            padded = plain.update(cipher_text) + plain.finalize()
            return (unpadder.update(padded) + unpadder.finalize()).decode()
        except ValueError:
            return None


def decode(text: str) -> bytes | None:
    """Return the whole blocks behind base64, None where there are none."""
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        return None
    return data if data and len(data) % _BLOCK == 0 else None
