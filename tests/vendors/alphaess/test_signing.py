"""The signature and the clock that it hangs on."""

from datetime import timedelta

import pytest

from custom_components.joulekeeper.core.errors import AuthError
from custom_components.joulekeeper.vendors.alphaess.signing import Signer, sign
from tests.clouds.clock import SetClock

from .conftest import APP_ID, APP_SECRET, NOW

SIGN = (
    "598a1826550ca977d69ed8b8482f58fee1e5c7133b7cfac09e2f163a74049e28"
    "e5c1dff7cd4af3c37e253f418c122a79f037553367d61a9331d5e23c6b34a8a6"
)


def test_vector() -> None:
    """The dossier's own vector (1.1)."""
    assert sign(APP_ID, APP_SECRET, "1700000000") == SIGN


def test_headers() -> None:
    """Whole seconds of our clock, whatever was pasted around the credentials."""
    clock = SetClock(NOW.fromtimestamp(1700000000.9, NOW.tzinfo))
    signer = Signer(f" {APP_ID}\n", f"{APP_SECRET} ", clock)
    assert signer.sign().headers == {
        "appId": APP_ID,
        "timeStamp": "1700000000",
        "sign": SIGN,
    }
    assert set(signer.secrets) == {APP_ID, APP_SECRET, SIGN}
    assert not any(secret in repr(signer.sign()) for secret in signer.secrets)


@pytest.mark.parametrize("app_id", ["alpha\ntest", "alph\xe4", "a\x00"])
def test_app_id_that_no_header_can_hold(app_id: str) -> None:
    """It is the user's matter, not a crash."""
    with pytest.raises(AuthError):
        Signer(app_id, APP_SECRET, SetClock(NOW)).sign()


def test_skew_counts_only_when_it_has_to() -> None:
    """It is measured with every answer, and used once the cloud has refused us."""
    clock = SetClock(NOW)
    signer = Signer(APP_ID, APP_SECRET, clock)
    assert signer.skew is None
    signer.measure(None)
    assert signer.skew is None
    signer.measure(NOW + timedelta(minutes=10))
    assert signer.skew == timedelta(minutes=10, milliseconds=500)
    assert signer.sign().stamp == NOW
    signer.corrects = True
    assert signer.sign().stamp == NOW + timedelta(minutes=10, milliseconds=500)


@pytest.mark.parametrize(
    ("off", "explains"), [(-400, True), (-61, True), (-59, False), (301, True)]
)
def test_what_the_date_explains(off: int, explains: bool) -> None:
    """A stamp that is near the cloud's clock was not refused for its time."""
    signer = Signer(APP_ID, APP_SECRET, SetClock(NOW))
    refused = signer.sign()
    assert signer.explains(refused, NOW + timedelta(seconds=off)) is explains
    assert not signer.explains(refused, None)
