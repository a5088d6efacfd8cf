"""How often an account may log in (dossier 2.6, 2.7, 13.9).

Some ten logins in a row lock an account, or its public address, for up to a day, and
two programs that throw each other out would make them in minutes. So each token that is
lost at once makes the pause before the next login longer, and what a login has failed
for is said again, without another one, until trying pays. All of it outlives a restart,
for Home Assistant tries a set-up that fails again and again.

Who uses the app now and then ends our session each time, which is no fight for it: only
tokens that were lost soon count as one.
"""

from collections import deque
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from ...core.errors import AuthError, RateLimited, TransientError, VendorError
from ...core.models import Clock
from ..parsing import integer, mapping, text, timestamp
from .codes import LOCKED, PAUSED, REFUSED_ONCE, SIGNED_OUT

LOSS_PAUSES: Final = tuple(timedelta(minutes=m) for m in (0, 0, 5, 15, 30, 60, 120))
"""From one login to the next, by the number of tokens lost early in a row."""
_SOON: Final = timedelta(minutes=15)
"""Who loses a token that was older has hardly a reason to be careful."""
_LONG_LIFE: Final = timedelta(hours=6)
"""Who loses a token that old has none at all."""
_MOST_AFTER_SOME_TIME: Final = 3
"""So many losses count at most, after a token that was not lost soon."""
_DAY: Final = timedelta(days=1)
_ALL: Final = ((timedelta(hours=1), 5), (_DAY, 48))
_FAILED: Final = ((timedelta(hours=1), 5), (_DAY, 15))
"""How many logins there may be in a time; it is failed ones that lock an account."""
_AFTER_REFUSAL: Final = timedelta(minutes=5)
_AFTER_REFUSALS: Final = timedelta(hours=6)
_UNSAID: Final = timedelta(minutes=15)
"""Where the cloud does not tell when it is to be tried again."""
_FIRST_RETRY: Final = timedelta(seconds=30)
_LAST_RETRY: Final = timedelta(minutes=30)
_LONGEST_HOLD: Final = timedelta(hours=24)


class LoginBudget:
    """Says whether there may be a login now."""

    def __init__(self, clock: Clock) -> None:
        """Take an account that has never logged in."""
        self._clock = clock
        self._attempts: deque[datetime] = deque()
        self._failed: deque[datetime] = deque()
        self._is_out = False
        self._losses = 0
        self._failures = self._refusals = 0
        self._held: VendorError | None = None
        self._held_until: datetime | None = None

    # -- what may be done --------------------------------------------------------

    def check(self) -> None:
        """Raise what stands in the way of a login, if anything does."""
        now = self._clock()
        if self._held is not None and (until := self._hold_end(now)) is not None:
            raise _said_again(self._held, (until - now).total_seconds())
        if (until := self._pause_end(now)) is not None:
            wait = (until - now).total_seconds()
            message = "login: not sent, for the session was ended from elsewhere"
            raise RateLimited(message, wait, reason=SIGNED_OUT)
        if (until := self._window_end(now)) is not None:
            left_s = (until - now).total_seconds()
            if self._held is not None:
                # That there were too many is not what has to be mended.
                raise _said_again(self._held, left_s)
            message = "login: not sent, for there were too many"
            raise RateLimited(message, left_s, reason=PAUSED)

    @property
    def locked_until(self) -> datetime | None:
        """Until when there is no login, None while there may be one."""
        now = self._clock()
        ends = (self._hold_end(now), self._pause_end(now), self._window_end(now))
        return max((end for end in ends if end is not None), default=None)

    @property
    def trouble(self) -> str | None:
        """The reason for which there is no login just now, None while there may be."""
        try:
            self.check()
        except VendorError as error:
            return error.reason
        return None

    @property
    def is_contested(self) -> bool:
        """Whether somebody else seems to log in with the same account all the time."""
        last = self._attempts[-1] if self._attempts else None
        recent = last is not None and self._clock() - last < timedelta(hours=1)
        return recent and self._losses > 2

    # -- what happened -----------------------------------------------------------

    def sending(self) -> None:
        """Take note of a login that is about to be sent."""
        self._attempts.append(self._clock())
        self._is_out = True

    def not_sent(self) -> None:
        """Take it back: nobody has answered."""
        if self._attempts:
            self._attempts.pop()
        self._is_out = False

    def succeeded(self) -> None:
        """Take note of a token."""
        self._is_out = False
        self._held = self._held_until = None
        self._failures = self._refusals = 0

    def failed(self, error: VendorError, *, worked_before: bool) -> VendorError:
        """Hold back further logins after one that failed; return what it means.

        Credentials that have worked before are refused only when they are refused
        twice in a row.
        """
        self._failures += 1
        if self._is_out and self._attempts:
            self._failed.append(self._attempts[-1])
        self._is_out = False
        if isinstance(error, AuthError):
            self._refusals += 1
            if worked_before and self._refusals == 1:
                error = TransientError(str(error), reason=REFUSED_ONCE)
                wait = _AFTER_REFUSAL
            else:
                wait = _AFTER_REFUSALS
        elif isinstance(error, RateLimited):
            wait = _UNSAID
            if error.retry_after is not None:
                wait = timedelta(seconds=error.retry_after)
        elif error.reason is not None:
            # The cloud has answered, so it was a login.
            wait = min(_UNSAID * 2 ** min(self._failures - 1, 4), timedelta(hours=4))
        else:
            retry = _FIRST_RETRY * 4 ** min(self._failures - 1, 4)
            wait = min(retry, _LAST_RETRY)
        self._held = error
        self._held_until = self._clock() + min(wait, _LONGEST_HOLD)
        return error

    def lost(self, age: timedelta) -> None:
        """Take note that the cloud no longer takes a token of that age."""
        if age >= _LONG_LIFE:
            self._losses = 1
        elif age >= _SOON:
            self._losses = max(1, min(self._losses, _MOST_AFTER_SOME_TIME))
        else:
            self._losses += 1

    def forget_refusals(self) -> None:
        """Start anew with other credentials; a lock stays, for it is the account's."""
        self._failures = self._refusals = 0
        if self._held is not None and self._held.reason != LOCKED:
            self._held = self._held_until = None

    # -- over restarts -----------------------------------------------------------

    def as_data(self) -> dict[str, Any]:
        """Return what has to be known after a restart."""
        held = None
        if self._held is not None and self._held_until is not None:
            held = {
                "kind": _kind_of(self._held).__name__,
                "reason": self._held.reason,
                "message": str(self._held),
                "until": self._held_until.isoformat(),
            }
        return {
            "attempts": [moment.isoformat() for moment in self._attempts],
            "failed": [moment.isoformat() for moment in self._failed],
            "losses": self._losses,
            "failures": self._failures,
            "refusals": self._refusals,
            "held": held,
        }

    def restore(self, data: Any) -> None:
        """Take what was known before a restart; what cannot be read is left out."""
        saved, now = mapping(data), self._clock()
        self._attempts = _moments(saved.get("attempts"), now)
        self._failed = _moments(saved.get("failed"), now)
        self._losses = max(0, integer(saved.get("losses")) or 0)
        self._failures = max(0, integer(saved.get("failures")) or 0)
        self._refusals = max(0, integer(saved.get("refusals")) or 0)
        held = mapping(saved.get("held"))
        kind = _KINDS.get(text(held.get("kind")) or "")
        until = timestamp(held.get("until"))
        if kind is not None and until is not None:
            message = text(held.get("message")) or "login: failed before"
            self._held = kind(message, reason=text(held.get("reason")))
            self._held_until = until

    # ----------------------------------------------------------------------------

    def _hold_end(self, now: datetime) -> datetime | None:
        if self._held_until is None:
            return None
        # A clock that was set back must not hold anything for years.
        self._held_until = min(self._held_until, now + _LONGEST_HOLD)
        return self._held_until if self._held_until > now else None

    def _pause_end(self, now: datetime) -> datetime | None:
        if not self._attempts:
            return None
        pause = LOSS_PAUSES[min(self._losses, len(LOSS_PAUSES) - 1)]
        end = min(self._attempts[-1], now) + pause
        return end if end > now else None

    def _window_end(self, now: datetime) -> datetime | None:
        ends = []
        for moments, windows in ((self._attempts, _ALL), (self._failed, _FAILED)):
            while moments and not now - _DAY < moments[0] <= now:
                moments.popleft()
            for window, most in windows:
                recent = [moment for moment in moments if moment > now - window]
                if len(recent) >= most:
                    ends.append(recent[-most] + window)
        return max(ends, default=None)


_KINDS: Final[Mapping[str, type[VendorError]]] = {
    kind.__name__: kind for kind in (AuthError, RateLimited, TransientError)
}


def _kind_of(error: VendorError) -> type[VendorError]:
    """Return what a failure of a login is: refused, to be waited for, or a trouble."""
    kinds = (kind for kind in _KINDS.values() if isinstance(error, kind))
    return next(kinds, TransientError)


def _moments(told: Any, now: datetime) -> deque[datetime]:
    """Return what can be read of moments; none is ahead of us."""
    moments = map(timestamp, told) if isinstance(told, list) else ()
    known = (moment for moment in moments if moment is not None and moment <= now)
    return deque(sorted(known))


def _said_again(error: VendorError, left_s: float) -> VendorError:
    """Return an error anew, for somebody who asks before asking again pays."""
    if isinstance(error, RateLimited):
        return RateLimited(str(error), left_s, reason=error.reason)
    return type(error)(str(error), reason=error.reason)
