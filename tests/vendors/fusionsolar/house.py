"""A plant's readings from true powers, for whatever convention the cloud follows."""

from dataclasses import dataclass

from custom_components.joulekeeper.vendors.fusionsolar.readings import (
    Battery,
    Inverter,
    Meter,
    parse_reading,
)


@dataclass
class Truth:
    """What a house really does: W, import and discharge positive, no losses."""

    pv: float
    load: float
    discharge: float = 0.0
    inside: bool = True

    @property
    def inverter(self) -> float:
        """What the inverter gives on AC."""
        return self.pv + (self.discharge if self.inside else 0.0)

    @property
    def grid(self) -> float:
        """What comes from the grid."""
        return self.load - self.pv - self.discharge

    def inverter_reading(self) -> Inverter:
        """Return the inverter."""
        reading = parse_reading(
            {"active_power": self.inverter / 1000, "mppt_power": self.pv / 1000}, 38
        )
        assert isinstance(reading, Inverter)
        return reading

    def meter_reading(
        self,
        kind: int,
        *,
        kilowatts: bool,
        export_positive: bool,
        counters: tuple[float, float] = (0.0, 0.0),
        currents: bool = False,
    ) -> Meter:
        """Return a meter; `counters` are active_cap and reverse_active_cap."""
        power = -self.grid if export_positive else self.grid
        items = {
            "active_power": power / (1000 if kilowatts else 1),
            "active_cap": counters[0],
            "reverse_active_cap": counters[1],
        }
        if currents:
            items |= {"a_u": 240.0, "a_i": abs(self.grid) / 240 / 0.97}
            items |= {"meter_u": items["a_u"], "meter_i": items["a_i"]}
        reading = parse_reading(items, kind)
        assert isinstance(reading, Meter)
        return reading

    def battery_reading(
        self, kind: int, charge_positive: bool, soc: float = 50.0
    ) -> Battery:
        """Return the battery."""
        power = -self.discharge if charge_positive else self.discharge
        items = {"ch_discharge_power": power, "battery_soc": soc}
        reading = parse_reading(items, kind)
        assert isinstance(reading, Battery)
        return reading
