"""The password's way to the cloud (dossier 2.3)."""

from cryptography.hazmat.primitives.asymmetric import ec
import pytest

from custom_components.joulekeeper.vendors.anker.crypto import PasswordSeal, gtoken

OWN_KEY = ec.derive_private_key(0x1234567890ABCDEF, ec.SECP256R1())
OWN_POINT = (
    "049fad84aeae08bbef7f010014d82cef6a09de2b0cf871b5ce0c4f1d13a59a5934"
    "07cb45769f1070e2c2470fe5b1bfe63133c0b0cdc64ea4bf3791a8ec2a07fd4f"
)


@pytest.mark.parametrize(
    ("password", "sealed"),
    [
        ("Sample-Pw-1", "Jpxb1lGwe0vbDNoWPAn83w=="),
        (
            "Pässword with 30 bytes, or so",
            "pKjIDPaaQdgud922yFKli7yC7UW8gyh+DGsCq/2ilNs=",
        ),
    ],
)
def test_golden_vector(password: str, sealed: str) -> None:
    """For the vendor's own key, as OpenSSL's command line makes it of the same key."""
    seal = PasswordSeal(private_key=OWN_KEY)
    assert seal.public_key == OWN_POINT
    assert seal.seal(password) == sealed


def test_key_pairs_are_new() -> None:
    """Each client has its own, so that what was seen once opens nothing."""
    one, other = PasswordSeal(), PasswordSeal()
    assert one.public_key != other.public_key
    assert one.seal("Sample-Pw-1") != other.seal("Sample-Pw-1")
    with pytest.raises(ValueError, match="point|key|hex"):
        PasswordSeal("04" + "00" * 64)


def test_gtoken() -> None:
    """The dossier's own example (9.1)."""
    assert gtoken("a1" * 20) == "a4852d4b6a6c9bd917d4867513b69f62"
