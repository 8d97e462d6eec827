"""API keys put together: who checks them, who changes them, and who writes down their uses."""

from contextlib import AsyncExitStack
from typing import NamedTuple

from router_core.admin.action_trail import ActionTrail
from router_core.admin.key_desk import KeyDesk, KeyDeskParts
from router_core.admin.key_keeper import KeyKeeper
from router_core.api.app import KEY_ROUTES
from router_core.clock import Clock
from router_core.security.api_keys import KeyAuthenticator
from router_core.security.key_throttle import KeyThrottle, ThrottlePolicy
from signalbox.ground import Ground
from signalbox.store import Store
from signalbox.tasks import background

__all__ = ["KeyRoom", "key_desk", "open_keys"]


class KeyRoom(NamedTuple):
    """What checks API keys, the facade over them, and who writes their uses down."""

    authenticator: KeyAuthenticator
    desk: KeyDesk
    keeper: KeyKeeper

    def start(self, stack: AsyncExitStack) -> None:
        """Write uses down until ``stack`` ends it, the last ones too."""
        stack.push_async_callback(self.keeper.write)
        background(stack, self.keeper.run())


def open_keys(ground: Ground, pepper: bytes, trail: ActionTrail) -> KeyRoom:
    """Return what a process does with API keys."""
    store, clock = ground.store, ground.clock
    throttle = KeyThrottle(clock, ThrottlePolicy(attempts=ground.settings.bad_keys_per_minute))
    authenticator = KeyAuthenticator(store.api_keys, store.accounts, pepper, clock, throttle)
    keeper = KeyKeeper(authenticator, store.api_keys, trail, clock)
    return KeyRoom(authenticator, key_desk(store, pepper, trail, clock, authenticator), keeper)


def key_desk(
    store: Store, pepper: bytes, trail: ActionTrail, clock: Clock, authenticator: KeyAuthenticator | None = None
) -> KeyDesk:
    """Return the facade over the keys in ``store``; an end is felt by ``authenticator`` at once."""
    return KeyDesk(
        KeyDeskParts(
            keys=store.api_keys,
            lives=store.api_keys,
            accounts=store.accounts,
            config=store.config,
            routes=KEY_ROUTES,
            pepper=pepper,
            trail=trail,
            forget=_nobody if authenticator is None else authenticator.forget,
            clock=clock,
        )
    )


def _nobody(_: str) -> None:
    """No process here knows keys."""
