"""AlphaESS houses: one plan, taken as a whole, that ends nothing by itself."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any, ClassVar, Final, override
from zoneinfo import ZoneInfo

from tests.clouds import AlphaEssCloud
from tests.clouds.alphaess import Period
from tests.clouds.alphaess.inverter import Action, Settings, decide

from ...simulated import SimulatedClock
from .base import GAP, NO_TOKENS, SHOWN_WITHIN, Doing, House, most_within

ACTS_WITHIN: Final = timedelta(minutes=7)
LAYS_AHEAD: Final = timedelta(minutes=20)
GRANULARITY: Final = timedelta(minutes=15)
_WRITE_GAP: Final = timedelta(seconds=29.5)
"""The cloud's 30 s, less what a request takes on its way."""
_WRITES_PER_DAY: Final = 48
_MIDDLE_SOC: Final = 50.0
_ACTIONS: Final = {
    Action.CHARGE: "charge",
    Action.DISCHARGE: "discharge",
    Action.HOLD: "hold",
    Action.AUTO: "auto",
}

type Item = tuple[Any, ...]


class AlphaHouse(House):
    """What both kinds of plan have in common."""

    vendor: ClassVar[str] = "alphaess"
    writes: ClassVar[str] = "update(Dis)?ChargeConfigInfo|setTimeChargeBySn"
    write_labels: ClassVar[tuple[str, ...]] = (
        *("updateChargeConfigInfo", "updateDisChargeConfigInfo", "setTimeChargeBySn"),
    )
    # Each call is signed anew.
    spared: ClassVar[frozenset[str]] = NO_TOKENS
    by_wall: ClassVar[bool] = True
    grain: ClassVar[timedelta] = GRANULARITY
    lag: ClassVar[timedelta] = SHOWN_WITHIN
    grace: ClassVar[timedelta] = ACTS_WITHIN
    grace_why: ClassVar[str] = (
        "ACTS_WITHIN: a write waits for the minute of the one before, maybe of a process"
        " that died, and takes up to five to the inverter"
    )
    fixture: ClassVar[str]

    def __init__(self, clock: SimulatedClock, random: Random, zone: str) -> None:
        """Make the cloud, with what the owner has set."""
        self.cloud: AlphaEssCloud = AlphaEssCloud(
            clock=clock, seed=random.randrange(1000), fixture=self.fixture
        )
        self.device = self.cloud.serials[0]
        self._zone = ZoneInfo(zone)
        self.serials = frozenset(self.cloud.serials)
        self._prepare()
        self._owned = self.cloud.stores(self.device)
        self._edits = 0

    def _prepare(self) -> None:
        """Set what the owner has set, some of which ours will cut."""
        raise NotImplementedError

    def _plan(self, stores: Any) -> set[Item]:
        """Return all that the stores hold of a plan."""
        raise NotImplementedError

    def _told(self, stores: Any, now: datetime) -> tuple[str, float]:
        settings = Settings(stores.charge, stores.discharge, stores.periodic)
        spec = self.cloud.system(self.device).spec
        local = now.astimezone(self._zone)
        doing = decide(spec, settings, local, _MIDDLE_SOC, self.cloud.behaviour)
        return _ACTIONS[doing.action], doing.power_w

    @override
    def ours(self, now: datetime) -> Doing | None:
        stores = self.cloud.stores(self.device)
        told, owned = self._told(stores, now), self._told(self._owned, now)
        return None if told == owned else Doing(told[0])

    @override
    def does(self, now: datetime) -> str | None:
        return self._told(self.cloud.stores(self.device), now)[0]

    @override
    def leftovers(self, now: datetime) -> list[str]:
        held = self._plan(self.cloud.stores(self.device))
        return sorted(str(item) for item in held - self._plan(self._owned))

    @override
    def not_restored(self, now: datetime) -> Iterator[str]:
        held = self._plan(self.cloud.stores(self.device))
        for item in sorted(map(str, self._plan(self._owned) - held)):
            yield f"{item} of the owner's is gone"

    @override
    def beyond_limits(self, births: Sequence[datetime]) -> Iterator[str]:
        spec = self.cloud.system(self.device).spec
        for write in self.cloud.writes:
            for name in ("chargeTimeList", "dischargeTimeList"):
                for item in write.body.get(name) or ():
                    if item.get("chargePower", 0) > spec.inverter_kw * 1000:
                        yield f"{item['chargePower']} W"
        sent = [
            entry
            for entry in self.cloud.requests.entries
            if entry.label in self.write_labels
        ]
        most = most_within([entry.at for entry in sent], timedelta(days=1))
        if most > _WRITES_PER_DAY:
            yield f"{most} writes in a day"
        last: dict[str, datetime] = {}
        for entry in sent:
            before = last.get(entry.label)
            last[entry.label] = entry.at
            if before is None or any(before < birth <= entry.at for birth in births):
                continue
            if entry.at - before < _WRITE_GAP:
                gap = (entry.at - before).total_seconds()
                yield f"two writes of {entry.label} within {gap:.1f} s"

    @override
    def delete_ours(self, random: Random, now: datetime) -> Doing | None:
        doing = self.ours(now)
        if doing is None or random.random() < 0.3:
            return None
        owned = self._owned
        cloud, device = self.cloud, self.device
        if cloud.system(device).spec.periodic:
            periodic = owned.periodic
            cloud.app_set_periodic(device, periodic.charge, periodic.discharge)
        else:
            cloud.app_set_charge(
                device,
                *owned.charge.windows,
                grid_charge=bool(owned.charge.grid_charge),
                bat_high_cap=owned.charge.bat_high_cap,
            )
            cloud.app_set_discharge(
                device,
                *owned.discharge.windows,
                ctr_dis=bool(owned.discharge.ctr_dis),
                bat_use_cap=owned.discharge.bat_use_cap,
            )
        return Doing(doing.action)


class PeriodicHouse(AlphaHouse):
    """A weekly plan with powers."""

    name: ClassVar[str] = "alphaess-periodic"
    actions: ClassVar[tuple[str, ...]] = ("charge", "discharge", "hold")
    powered: ClassVar[frozenset[str]] = frozenset({"charge", "discharge"})
    fixture: ClassVar[str] = "B"

    @override
    def _prepare(self) -> None:
        self.cloud.app_set_periodic(
            self.device,
            charge=[
                Period("01:00", "05:00", 90, 5000, (6, 5, 4, 3, 2, 1, 7)),
                Period("09:30", "11:00", 80, 2500, (1, 3, 5, 6)),
            ],
            discharge=[Period("12:00", "21:00", 20, 3000, (1, 2, 3, 4, 5))],
        )

    @override
    def _plan(self, stores: Any) -> set[Item]:
        periodic = stores.periodic
        return {
            ("flags", periodic.cycle, periodic.grid_charge, periodic.ctr_dis),
            *(("charge", *_item(item)) for item in periodic.charge),
            *(("discharge", *_item(item)) for item in periodic.discharge),
        }

    @override
    def app_edit(self, random: Random, now: datetime) -> str | None:
        if self._edits >= 3:
            return None
        begin = 21 * 60 + 30 * self._edits
        self._edits += 1
        new = Period(_clock(begin), _clock(begin + 15), 30, 700, (7,))
        held = self.cloud.stores(self.device).periodic
        self.cloud.app_set_periodic(self.device, (*held.charge, new), held.discharge)
        owned = self._owned.periodic
        changed = type(owned)(
            owned.cycle,
            owned.grid_charge,
            owned.ctr_dis,
            (*owned.charge, new),
            owned.discharge,
        )
        self._owned = type(self._owned)(
            self._owned.charge, self._owned.discharge, changed, True
        )
        return f"a period {new.begin} to {new.end}"


class DailyHouse(AlphaHouse):
    """Two windows a day to charge, two to discharge, without powers."""

    name: ClassVar[str] = "alphaess-daily"
    ahead: ClassVar[timedelta] = LAYS_AHEAD
    actions: ClassVar[tuple[str, ...]] = ("charge", "hold")
    fixture: ClassVar[str] = "A"

    @override
    def _prepare(self) -> None:
        self.cloud.app_set_charge(
            self.device, ("01:00", "05:00"), ("20:00", "20:30"), bat_high_cap=95
        )
        self.cloud.app_set_discharge(
            self.device, ("18:15", "19:45"), ("21:00", "23:00")
        )

    @override
    def _plan(self, stores: Any) -> set[Item]:
        charge, discharge = stores.charge, stores.discharge
        return {
            *(("charge", *span) for span in charge.windows),
            *(("discharge", *span) for span in discharge.windows),
            ("gridCharge", charge.grid_charge),
            ("target", charge.bat_high_cap),
            ("ctrDis", discharge.ctr_dis),
            ("floor", discharge.bat_use_cap),
        }

    @override
    def ours(self, now: datetime) -> Doing | None:
        """Return what we do; there is one target for all windows to charge."""
        doing = super().ours(now)
        held, local = self.cloud.stores(self.device), now.astimezone(self._zone)
        wall = f"{local:%H:%M}"
        shared = held.charge.bat_high_cap != self._owned.charge.bat_high_cap
        own = any(begin <= wall < end for begin, end in self._owned.charge.windows)
        return Doing(GAP) if doing is not None and shared and own else doing

    @override
    def app_edit(self, random: Random, now: datetime) -> str | None:
        self._edits += 1
        floor = 10 + self._edits
        held = self.cloud.stores(self.device).discharge
        self.cloud.app_set_discharge(
            self.device,
            *held.windows,
            ctr_dis=bool(held.ctr_dis),
            bat_use_cap=floor,
        )
        owned = self._owned.discharge
        changed = type(owned)(owned.ctr_dis, owned.windows, floor)
        self._owned = type(self._owned)(
            self._owned.charge, changed, self._owned.periodic, True
        )
        return f"a floor of {floor} %"


def _item(item: Period) -> Item:
    return item.begin, item.end, frozenset(item.weeks), item.limit, item.power


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
