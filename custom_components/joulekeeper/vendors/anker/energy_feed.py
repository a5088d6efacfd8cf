"""What is asked for the energies of one system (dossier 4.9, 11.1)."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Final

from ...core.errors import (
    AuthError,
    ProtocolError,
    RateLimited,
    TransientError,
    VendorError,
)
from ...core.models import Clock
from .client import AnkerClient
from .energy import DayEnergy, EnergyAnalysis, EnergyKind
from .energy_days import Energies, EnergyDays, measured
from .models import Scene

_DAY: Final = timedelta(days=1)
_CONFIRMING: Final = timedelta(minutes=5)
"""How long an energy is good in a round that is tried again."""

type Today = Callable[[], tuple[date, datetime]]
type Midnight = Callable[[date], datetime]


class EnergyFeed:
    """What is asked for them; a kind that fails costs only itself."""

    def __init__(
        self, client: AnkerClient, site_id: str, today: Today, midnight: Midnight
    ) -> None:
        """Know nothing yet.

        `today` returns the day of the devices' calendar and when it began, `midnight`
        when any day of it begins.
        """
        self._client = client
        self._clock: Clock = client.clock
        self._site_id = site_id
        self._today = today
        self._midnight = midnight
        self._days = EnergyDays()
        self._known: dict[
            tuple[EnergyKind, date], tuple[datetime, EnergyAnalysis | None]
        ] = {}

    async def energies(self, scene: Scene) -> Energies:
        """Return the energies of today.

        A kind that is refused is unknown; one that fails stays what it was, and is
        asked again in the next round. Raises what keeps all of them from coming.
        """
        today, begins = self._today()
        kinds = self._days.kinds(scene)
        before = self._days.day_before(today, begins, self._clock())
        if before is not None:
            told = measured(await self._of_day(kinds, before), scene)
            self._days.learn(told, self._midnight(before))
        told = measured(await self._of_day(kinds, today), scene)
        return self._days.shown(
            Energies(today=told, begins=begins, ends=self._midnight(today + _DAY)),
            self._clock(),
        )

    async def _of_day(self, kinds: tuple[EnergyKind, ...], day: date) -> DayEnergy:
        answers: dict[EnergyKind, EnergyAnalysis | None] = {}
        failure: VendorError | None = None
        for kind in kinds:
            try:
                answers[kind] = await self._one(kind, day)
            except (ProtocolError, TransientError) as error:
                failure = failure or error
                if isinstance(error.__cause__, TimeoutError):
                    # The others would take as long.
                    break
        if failure is not None and not answers:
            raise failure
        self._days.found(answers, complete=failure is None)
        return DayEnergy.of(day, answers)

    async def _one(self, kind: EnergyKind, day: date) -> EnergyAnalysis | None:
        """Return one kind of energy of a day, None where it is refused.

        What was told just before is told again: the endpoint takes few calls, so not
        all that is wanted may come in one round. RateLimited goes through for it.
        """
        now = self._clock()
        if (known := self._known.get((kind, day))) is not None:
            asked_at, answer = known
            if asked_at <= now < asked_at + _CONFIRMING:
                return answer
        try:
            answer = await self._client.energy(self._site_id, kind, day)
        except AuthError, RateLimited, ProtocolError, TransientError:
            raise
        except VendorError:
            answer = None
        others = {key: item for key, item in self._known.items() if key[1] >= day}
        self._known = others | {(kind, day): (now, answer)}
        return answer
