"""The password's way to the cloud, and the proof of whose token it is (dossier 2.3).

The shared secret of ECDH on P-256 is the AES key as it is, and its first half the
initial vector. Only the password is encrypted. Both take less than a millisecond.
"""

import base64
import hashlib
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

SERVER_KEY: Final = (
    "04c5c00c4f8d1197cc7c3167c52bf7acb054d722f0ef08dcd7e0883236e0d72a38"
    "68d9750cb47fa4619248f3d83f0f662671dadc6e2d31c2f41db0161651c7c076"
)
"""The public key of both servers, an uncompressed point."""
_BLOCK_BITS: Final = 128
_VECTOR_BYTES: Final = 16


class PasswordSeal:
    """Encrypts passwords for a server, with a key pair of its own."""

    def __init__(
        self,
        server_key: str = SERVER_KEY,
        private_key: ec.EllipticCurvePrivateKey | None = None,
    ) -> None:
        """Take the server's public key in hex; ValueError when it is none."""
        own = private_key or ec.generate_private_key(ec.SECP256R1())
        theirs = ec.EllipticCurvePublicKey.from_encoded_point(
            ec.SECP256R1(), bytes.fromhex(server_key)
        )
        self._secret = own.exchange(ec.ECDH(), theirs)
        self.public_key = (
            own.public_key()
            .public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
            .hex()
        )
        """Of this pair, as hex of an uncompressed point: 130 characters."""

    def seal(self, password: str) -> str:
        """Return a password encrypted, in base64."""
        padder = PKCS7(_BLOCK_BITS).padder()
        padded = padder.update(password.encode()) + padder.finalize()
        vector = modes.CBC(self._secret[:_VECTOR_BYTES])
        encryptor = Cipher(algorithms.AES(self._secret), vector).encryptor()
        sealed = encryptor.update(padded) + encryptor.finalize()
        return base64.b64encode(sealed).decode()


def gtoken(user_id: str) -> str:
    """Return what goes with a token: the MD5 of the user's id in hex."""
    return hashlib.md5(user_id.encode(), usedforsecurity=False).hexdigest()
