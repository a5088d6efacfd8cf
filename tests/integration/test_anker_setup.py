"""Anker: what an account has when it is set up."""

from .conftest import ANKER_BANK, AnkerHouse


async def test_all_is_known_when_set_up_ends(anker_house: AnkerHouse) -> None:
    """A system and its solarbank are there, with live values."""
    assert float(anker_house.value("sensor", "solar_power")) > 0
    assert float(anker_house.value("sensor", "state_of_charge", ANKER_BANK)) > 0


async def test_one_login_is_enough(anker_house: AnkerHouse) -> None:
    """The session that tried the form's credentials is the account's, over restarts."""
    await anker_house.reload()
    assert [login.code for login in anker_house.cloud.logins] == [0]
