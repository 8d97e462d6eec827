"""The bridge of a console that stands alone: what stands between it and its API is shown where the page would be."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

import streamlit as st

from console.bridge import Bridge
from console.format import literal
from console.remote.faults import ApiMismatchError, ApiUnreachableError
from console.remote.link import ApiLink, Outage
from console.remote.watch import draw_outage, is_watched
from console.session_ended import show_ended
from router_core.errors import UnauthorizedError

__all__ = ["RemoteBridge"]

T = TypeVar("T")
LOOK_S: Final = 1.0


class RemoteBridge(Bridge):
    """Makes calls as :class:`Bridge` does; where the API is lost, or the session is, it says so and ends the run."""

    def __init__(self, loop: asyncio.AbstractEventLoop, link: ApiLink) -> None:
        super().__init__(loop)
        self._link = link

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Return what ``work`` gives. Raises its errors, but for those that no page could do anything about."""
        try:
            return super().call(work)
        except ApiUnreachableError as error:
            _show_outage(self._link, error.message)
        except ApiMismatchError as error:
            st.error(
                f"**This console and its API do not fit.** {literal(error.message)}", icon=":material/sync_problem:"
            )
        except UnauthorizedError:
            show_ended()
        return st.stop()


def _show_outage(link: ApiLink, reason: str) -> None:
    if is_watched():
        st.caption(":material/cloud_off: Shown again once the API answers.")
    else:
        outage = link.outage or Outage(link.clock.utcnow(), reason)
        draw_outage(outage, link, "This page goes on by itself once it answers.")
    st.fragment(_go_on, run_every=LOOK_S)(link)


def _go_on(link: ApiLink) -> None:
    if link.outage is None:
        st.rerun()
