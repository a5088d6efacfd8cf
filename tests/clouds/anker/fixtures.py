"""The invented systems of dossier 9.2 to 9.5, and what others have beside."""

from collections.abc import Mapping
from dataclasses import replace

from ..sun import Panels
from .plans import day_profile, rate_plan, use_time
from .specs import (
    METER,
    MI80,
    PLUG,
    POWER_PANEL,
    POWER_STATION,
    SB1,
    SB2_AC,
    SB2_PLUS,
    SB2_PRO,
    SB3,
    SHELLY,
    ZERO_SWITCH,
    BankSpec,
    DeviceSpec,
    InverterSpec,
    SiteSpec,
)

_SB1_MODELS = (SB1, MI80, "A1771")
_SB2_MODELS = (SB2_PRO, METER, PLUG, "SHEM3", SHELLY)

_MI80 = DeviceSpec("FAKEMI800001", MI80, "Fence inverter", "31", "v0.0.1")

A = SiteSpec(
    letter="a",
    name="Balcony",
    kind=2,
    banks=(BankSpec("FAKESB1A00000001", SB1, "Balcony bank", "01", signal=72),),
    before=412.35,
    unit="kwh",
    models=_SB1_MODELS,
    params={
        "4": day_profile(
            ("FAKESB1A00000001",), (("00:00", "08:00", 200), ("08:00", "24:00", 300))
        )
    },
)
B = SiteSpec(
    letter="b",
    name="Garage",
    kind=2,
    banks=(
        BankSpec("FAKESB1B00000001", SB1, "Left bank", "11", signal=64, soc=0.55),
        BankSpec(
            "FAKESB1B00000002",
            SB1,
            "Right bank",
            "12",
            signal=58,
            soc=0.48,
            panels=(Panels(400, 30, 200), Panels(380, 30, 200)),
        ),
    ),
    load_w=420,
    before=220.40,
    price=0.32,
    unit="kwh",
    models=_SB1_MODELS,
    params={
        "4": day_profile(
            ("FAKESB1B00000001", "FAKESB1B00000002"),
            (("00:00", "10:00", 200), ("10:00", "24:00", 300)),
        )
    },
)
B_MI80 = replace(B, letter="7", name="Garage with inverter", inverter=_MI80)
C = SiteSpec(
    letter="c",
    name="Roof",
    kind=5,
    banks=(
        BankSpec(
            "FAKESB2C00000001",
            SB2_PRO,
            "Roof bank",
            "21",
            "v1.0.3.30",
            panels=(
                Panels(440, 25, 170),
                Panels(420, 25, 170),
                Panels(430, 25, 190),
                Panels(420, 25, 190),
            ),
            packs=1,
            soc=0.57,
        ),
    ),
    meter=DeviceSpec("FAKEMETER0000001", METER, "Main meter", "22", "v0.1.7", 83),
    load_w=430,
    before=301.10,
    price=0.32,
    models=_SB2_MODELS,
    params={
        "6": rate_plan(
            1,
            ((0, 6), (("00:00", "24:00", 150),)),
            ((1, 2, 3, 4, 5), (("00:00", "07:00", 100), ("07:00", "24:00", 250))),
        )
    },
)
D = InverterSpec("FAKEMI800001", MI80, "Fence inverter", "31", "v0.0.1")

_SB3_BANK = BankSpec(
    "FAKESB3E000000001",
    SB3,
    "Terrace bank",
    "41",
    "v1.0.5.12",
    panels=(
        Panels(500, 30, 180),
        Panels(500, 30, 180),
        Panels(450, 30, 220),
        Panels(450, 30, 220),
    ),
    soc=0.45,
)
_SB3_METER = DeviceSpec("FAKESHELLY0001", SHELLY, "Grid meter", "42", "", 80)
E = SiteSpec(
    letter="e",
    name="Terrace",
    kind=12,
    banks=(_SB3_BANK,),
    meter=_SB3_METER,
    load_w=520,
    before=198.61,
    price=0.4,
    price_type="dynamic",
    models=(SB3, METER, "SHEM3", SHELLY, PLUG, "SHPPS"),
    params={
        "6": rate_plan(
            7,
            ((0, 1, 2, 3, 4, 5, 6), (("00:00", "24:00", 200),)),
            max_load=1200,
            newest=True,
            use_time=use_time(),
            manual_backup={
                "ranges": [{"start_time": 1751840220, "end_time": 1751851020}],
                "switch": False,
            },
        )
    },
)
AC = SiteSpec(
    letter="f",
    name="Cellar",
    kind=11,
    banks=(
        BankSpec(
            "FAKESB2F00000001",
            SB2_AC,
            "Cellar bank",
            "51",
            "v1.0.1.20",
            panels=(Panels(600, 35, 180), Panels(500, 35, 180)),
            packs=2,
            soc=0.4,
        ),
    ),
    meter=DeviceSpec("FAKEMETER0000002", METER, "Cellar meter", "52", "v0.1.7", 77),
    load_w=480,
    before=150.0,
    models=(SB2_AC, METER, PLUG),
    params={
        "6": rate_plan(
            1,
            ((0, 1, 2, 3, 4, 5, 6), (("00:00", "24:00", 200),)),
            newest=True,
            use_time=use_time(),
            manual_backup={"ranges": None, "switch": False},
        )
    },
)
PLUS = SiteSpec(
    letter="1",
    name="Workshop",
    kind=10,
    banks=(
        BankSpec(
            "FAKESB2P00000001",
            SB2_PLUS,
            "Workshop bank",
            "61",
            "v1.0.3.30",
            panels=(Panels(450, 30, 180), Panels(450, 30, 180)),
            soc=0.7,
        ),
    ),
    plugs=(
        DeviceSpec("FAKEPLUG00000001", PLUG, "Fridge", "62", "v0.0.9", 66, 85),
        DeviceSpec("FAKEPLUG00000002", PLUG, "Server", "63", "v0.0.9", 61, 140),
    ),
    before=88.0,
    models=(SB2_PLUS, METER, PLUG),
    params={
        "6": rate_plan(
            2,
            ((0, 1, 2, 3, 4, 5, 6), (("00:00", "24:00", 180),)),
            blend_plan=[
                {
                    "index": 0,
                    "week": [0, 1, 2, 3, 4, 5, 6],
                    "ranges": [
                        {"start_time": "00:00", "end_time": "24:00", "power": 50}
                    ],
                }
            ],
        )
    },
)
CASCADE = replace(
    C,
    letter="2",
    name="Barn",
    banks=(replace(C.banks[0], serial="FAKESB2K00000001", mac="71"),),
    cascaded=(
        BankSpec("FAKESB1K00000001", SB1, "Barn first bank", "72", signal=55, soc=0.5),
    ),
    meter=replace(C.meter or _SB3_METER, serial="FAKEMETER0000003", mac="73"),
)
STATION = SiteSpec(
    letter="3",
    name="Camp",
    kind=1,
    stations=(
        DeviceSpec("FAKEPPS000000001", POWER_STATION, "Camp station", "81", "v1.1.0"),
    ),
    before=12.0,
    models=(POWER_STATION,),
)
PANEL = SiteSpec(
    letter="4",
    name="Main house",
    kind=4,
    panels=(
        DeviceSpec("FAKEPANEL0000001", POWER_PANEL, "House panel", "91", "v1.2.0"),
    ),
    zone="America/Chicago",
    latitude=32.0,
    longitude=-97.0,
    load_w=900,
    before=130.0,
    models=(POWER_PANEL,),
)
X1 = SiteSpec(
    letter="6",
    name="Cellar",
    kind=3,
    load_w=700,
    before=2500.0,
)
ZERO = replace(
    A,
    letter="5",
    name="Shed",
    banks=(replace(A.banks[0], serial="FAKESB1Z00000001", mac="05"),),
    fittings=(DeviceSpec("FAKESWITCH000001", ZERO_SWITCH, "Zero switch", "99"),),
    params={
        "4": day_profile(
            ("FAKESB1Z00000001",), (("00:00", "08:00", 200), ("08:00", "24:00", 300))
        )
    },
)

FIXTURES: Mapping[str, SiteSpec | InverterSpec] = {
    "A": A,
    "B": B,
    "B80": B_MI80,
    "C": C,
    "D": D,
    "E": E,
    "AC": AC,
    "PLUS": PLUS,
    "CASCADE": CASCADE,
    "STATION": STATION,
    "PANEL": PANEL,
    "X1": X1,
    "ZERO": ZERO,
}
"""By name: A to D of the dossier, E a Solarbank 3 with meter, and variants."""

OWNED = ("A", "B", "C", "D", "E")
"""What the first account owns if nothing else is said."""


def neighbours(
    names: tuple[str, ...], zone: str, latitude: float, longitude: float
) -> tuple[SiteSpec | InverterSpec, ...]:
    """Return fixtures that stand elsewhere."""
    return tuple(
        replace(FIXTURES[name], zone=zone, latitude=latitude, longitude=longitude)
        for name in names
    )
