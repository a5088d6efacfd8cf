"""The small cloud that the tests of the ledger share."""

import pytest

from .model import INVERTER, NOW, SITE, Model

KINDS = {"inverter": INVERTER, "site": SITE}


@pytest.fixture(params=KINDS)
def model(request: pytest.FixtureRequest) -> Model:
    """Return an empty cloud, by its kind: one minds starts of the past."""
    return Model(NOW, KINDS[request.param])


@pytest.fixture
def inverter() -> Model:
    """Return an empty cloud that takes starts of the past."""
    return Model(NOW)
