"""What leaves the house holds no secret and no identity."""

from hypothesis import given, strategies as st

from custom_components.joulekeeper.core.redact import REDACTED, Redactor

SECRET, LONGER = "s3cret", "s3cret-and-more"
SERIAL, SITE = "RB20000000000101", "S4a1c07e92d5b3"


def redactor() -> Redactor:
    """Return one that knows two secrets, of which one holds the other."""
    return Redactor(["location", "NMI"], [SECRET, "", LONGER], [SERIAL, SITE, SERIAL])


def test_known_values() -> None:
    """Keys in any case, values inside texts, identities as stable aliases."""
    data = {
        "Location": {"Suburb": "Exampleville"},
        "nmi": "41000000002",
        "Nmi": None,
        f"dynamic {SERIAL}": [f"{SITE}/{SERIAL}", (LONGER, 5, None, True)],
        "url": f"https://host/?key={SECRET}",
        "location": SITE,
        "Lists": [{"nmi": SECRET}],
    }
    assert redactor().data(data) == {
        "Location": REDACTED,
        "nmi": REDACTED,
        "Nmi": None,
        "dynamic **ID-1**": ["**ID-2**/**ID-1**", [REDACTED, 5, None, True]],
        "url": f"https://host/?key={REDACTED}",
        # Whose it is stays to be seen, also where anything else is hidden.
        "location": "**ID-2**",
        "Lists": [{"nmi": REDACTED}],
    }


json_like = st.recursive(
    st.none()
    | st.integers()
    | st.text()
    | st.sampled_from([SECRET, LONGER, SERIAL, SITE, f"x{LONGER}{SERIAL}y"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["Location", "a", SERIAL, f"k {SECRET}"]), inner, max_size=3
        )
    ),
    max_leaves=20,
)


@given(json_like)
def test_nothing_gets_through(data: object) -> None:
    """Wherever they are, in keys and values at any depth."""
    shown = repr(redactor().data(data))
    assert not any(hidden in shown for hidden in (SECRET, SERIAL, SITE))


def test_identity_that_is_told_as_a_number() -> None:
    """It gets its alias; a number that only holds its digits is another one."""
    hides = Redactor(identities=["1000000071000012", "7"])
    data = {"devId": 1000000071000012, "sn": "1000000071000012", "power": 71, "n": 7}
    assert hides.data(data) == {
        "devId": "**ID-1**",
        "sn": "**ID-1**",
        "power": 71,
        "n": "**ID-2**",
    }
    assert hides.data([True, 0, 7.0]) == [True, 0, 7.0]
