"""What the trial of credentials in a form finds out."""

from typing import Any

import pytest

from custom_components.joulekeeper.core.errors import (
    AuthError,
    ProtocolError,
    RateLimited,
    TransientError,
    VendorError,
)
from custom_components.joulekeeper.vendors.anker.session import validate

from .conftest import BOUND, EMAIL, PAGE, SITES, Bench, Desk, Reply, error, ok

SITE = "11111111-2222-4333-8444-00000000000a"
LISTED = ok({"site_list": [{"site_id": SITE, "site_name": "Balcony"}]})
NONE = ok({"site_list": []})


@pytest.mark.parametrize(
    "answer",
    [Reply(PAGE, 502), error(-1), error(77777), error(10003), error(160003), ok(None)],
)
async def test_systems_are_enough(bench: Bench, desk: Desk, answer: Any) -> None:
    """The list of devices is not needed where there are systems."""
    desk.say(SITES, LISTED)
    desk.say(BOUND, answer)
    account = await validate(bench.connection())
    assert (account.id, account.title) == (EMAIL, "tes***")
    assert (account.systems, account.names) == ({SITE}, {SITE: "Balcony"})


@pytest.mark.parametrize(
    ("sites", "answer", "kind"),
    [
        (NONE, Reply(PAGE, 502), TransientError),
        (NONE, ok(None), ProtocolError),
        (LISTED, Reply("{}", 429), RateLimited),
        (LISTED, error(100053), RateLimited),
    ],
)
async def test_what_has_to_be_known(
    bench: Bench, desk: Desk, sites: Any, answer: Any, kind: type[VendorError]
) -> None:
    """Nobody is told that an account is empty which may not be."""
    desk.say(SITES, sites)
    desk.say(BOUND, answer)
    with pytest.raises(kind):
        await validate(bench.connection())


async def test_wrong_password(bench: Bench, desk: Desk) -> None:
    """It is said as such."""
    desk.say("login", error(26156))
    with pytest.raises(AuthError):
        await validate(bench.connection())
