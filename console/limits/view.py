"""Rate limits: what holds for whom, what is left of it now, who was throttled lately."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

import streamlit as st

from console.format import count
from console.identity import Visitor
from console.limits.dialogs import FLASH_KEY, offer_edit, offer_reset
from console.limits.words import bucket_words, owner_of, share_left
from console.palette import paint
from router_core.admin.limit_desk import BucketView, LimitView
from router_core.rate_limiting.memory_limiter import LimiterStats
from router_core.types import Limit

__all__ = ["draw_limits", "in_need_first"]

MOST_SHOWN: Final = 200
NEAR: Final = 0.2
EVERY: Final = 2.0


def draw_limits(visitor: Visitor, names: Mapping[str, str]) -> None:
    """Draw the view; its figures follow every two seconds."""
    flash = st.session_state.pop(FLASH_KEY, None)
    if flash:
        st.toast(flash, icon=":material/check:")
    backend, person = visitor.stage.backend, visitor.person
    views = in_need_first(visitor.stage.bridge.call(backend.limiting.limits(person)), names)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.subheader("Rate limits", anchor=False)
        if backend.may_control(person, "limits"):
            with st.container(horizontal=True, width="content"):
                offer_edit(visitor, names, views)
                offer_reset(visitor, names, views)
    st.caption(
        "What each bucket has left now, and how many requests it refused in the last 10 to 15 minutes. A change is in "
        "force in every process within 2 seconds; what was taken stays taken."
    )
    st.fragment(run_every=EVERY)(_figures)(visitor, names)


def in_need_first(views: Sequence[LimitView], names: Mapping[str, str]) -> list[LimitView]:
    """Return ``views`` with those that refused most first, then those with least left."""

    def need(view: LimitView) -> tuple[int, float, str]:
        refused = sum(each.throttled for each in view.buckets)
        return (-refused, min((share_left(each) for each in view.buckets), default=1.0), owner_of(view, names))

    return sorted(views, key=need)


def _figures(visitor: Visitor, names: Mapping[str, str]) -> None:
    call, backend, person = visitor.stage.bridge.call, visitor.stage.backend, visitor.person
    views = in_need_first(call(backend.limiting.limits(person)), names)
    _tiles(views, call(backend.limiting.report(person)))
    st.html(
        '<div role="list" aria-label="Rate limits" style="display:flex;flex-direction:column;gap:.9rem">'
        + "".join(_line(each, names) for each in views[:MOST_SHOWN])
        + "</div>"
    )
    if len(views) > MOST_SHOWN:
        st.caption(f"{len(views) - MOST_SHOWN:,} more: signalbox limits list")


def _tiles(views: Sequence[LimitView], stats: LimiterStats) -> None:
    throttled = sum(each.throttled for view in views for each in view.buckets)
    with st.container(horizontal=True):
        st.metric("Throttled lately", count(throttled), border=True, help="Requests refused in the last 15 minutes.")
        st.metric("Admitted", count(stats.admitted), border=True, help="By this process since it began.")
        st.metric("Refused", count(stats.refused), border=True, help="By this process since it began.")
        st.metric("Kept", *_kept(stats), border=True, help=_kept_help(stats))


def _kept(stats: LimiterStats) -> tuple[str]:
    return ({"redis": "in Redis", "local": "here, Redis is away"}.get(stats.kind, "in this process"),)


def _kept_help(stats: LimiterStats) -> str:
    if stats.kind == "redis":
        return f"All processes share every limit; {stats.local:,} requests were decided without Redis."
    if stats.share > 1:
        return f"Each of {stats.share} processes gives its part of every limit."
    return "This process has every limit to itself."


def _line(view: LimitView, names: Mapping[str, str]) -> str:
    kind = "" if view.own else '<span style="font-weight:400;opacity:.72"> · default</span>'
    bars = "".join(_bar(each, view.limit) for each in view.buckets) or '<div style="opacity:.72">no limit in time</div>'
    if view.limit.scope == "provider" and view.limit.concurrency is not None:
        bars += f'<div style="opacity:.72">{view.limit.concurrency:,} calls at once in each process</div>'
    return (
        '<div role="listitem" style="font-size:.9rem;line-height:1.45">'
        f'<div style="font-weight:550;overflow-wrap:anywhere">{escape(owner_of(view, names))}{kind}</div>{bars}</div>'
    )


def _bar(bucket: BucketView, limit: Limit) -> str:
    share = share_left(bucket)
    colour = paint("red" if share <= 0 else "orange" if share < NEAR or bucket.throttled else "green")
    refused = f' · <strong style="color:{colour}">{bucket.throttled:,} refused</strong>' if bucket.throttled else ""
    return (
        '<div style="display:flex;flex-wrap:wrap;justify-content:space-between;gap:.1rem 1rem">'
        f'<span style="opacity:.72">{escape(bucket_words(bucket, limit))}</span>'
        f'<span style="font-variant-numeric:tabular-nums">{max(0.0, bucket.left):,.0f} of '
        f"{bucket.capacity:,.0f} left{refused}</span></div>"
        '<div style="height:.4rem;border-radius:.2rem;margin:.15rem 0 .35rem;overflow:hidden;'
        'background:color-mix(in srgb, currentColor 12%, transparent)">'
        f'<div style="width:{100 * share:.1f}%;height:100%;background:{colour}"></div></div>'
    )
