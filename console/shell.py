"""The frame around every page: navigation by role, logo, the person and the way out."""

from dataclasses import dataclass
from html import escape

import streamlit as st

from console.access.orders import close as close_access
from console.access.words import role_name
from console.assets import page_script, static_file
from console.budgets.alert_dialogs import forget_dialog
from console.budgets.change import forget_change
from console.health.orders import close_orders
from console.identity import Visitor, current_visitor
from console.live.page import leave_page
from console.own_sessions import offer_own_sessions
from console.providers.page import leave_providers
from console.remote.watch import begin_frame, watch_api
from console.session_ended import show_ended
from signalbox.screens.backend import Screen

__all__ = ["run_console"]


@dataclass(frozen=True)
class _Entry:
    section: str
    screen: Screen
    title: str
    icon: str
    help: str
    default: bool = False


ENTRIES = (
    _Entry("Operate", "overview", "Overview", ":material/monitoring:", "The last hour at a glance.", default=True),
    _Entry("Operate", "live", "Live", ":material/show_chart:", "Figures of all processes, to the moment."),
    _Entry("Operate", "health", "Health", ":material/ecg_heart:", "Providers, their breakers, and drills."),
    _Entry("Review", "budgets", "Budgets", ":material/savings:", "What was spent, and what may be."),
    _Entry("Review", "audit", "Audit log", ":material/receipt_long:", "Every request and every act."),
    _Entry("Build", "playground", "Playground", ":material/forum:", "One prompt through the real router."),
    _Entry("Set up", "providers", "Providers", ":material/hub:", "Who serves what, and every change of it."),
    _Entry("Set up", "access", "Access", ":material/badge:", "People, accounts, sessions and API keys."),
)

_LIKE_A_BUTTON = "display:flex;align-items:center;min-height:2.5rem;padding:0;color:inherit;font:inherit"


def run_console() -> None:
    """Let a signed-in person in and run the page they asked for; anyone else sees that the session ended."""
    begin_frame()
    visitor = current_visitor(touch=True)
    st.set_page_config(
        page_title="Signalbox", page_icon=static_file("icon.svg"), layout="wide", initial_sidebar_state="auto"
    )
    if visitor is None:
        st.navigation([st.Page(show_ended, title="Session ended")], position="hidden").run()
        return
    page = st.navigation(_pages(visitor), position="sidebar", expanded=True)
    st.set_page_config(page_title=f"{page.title} · Signalbox")
    close_orders(page.url_path)
    leave_page(page.url_path)
    leave_providers(page.url_path)
    if page.url_path != "access":
        close_access()
    if page.url_path != "budgets":
        forget_change()
        forget_dialog()
    _logo()
    with st.sidebar:
        _person(visitor)
    if visitor.stage.api is not None:
        watch_api(visitor.stage.api)
    page.run()


def _pages(visitor: Visitor) -> dict[str, list[st.Page]]:
    """Return the sections; screens that the role lacks can be reached by URL only, and say which role they need."""
    sections: dict[str, list[st.Page]] = {}
    for entry in ENTRIES:
        allowed = visitor.stage.backend.may(visitor.person, entry.screen)
        page = st.Page(
            page_script(entry.screen),
            title=entry.title,
            icon=entry.icon,
            url_path=entry.screen,
            help=entry.help,
            default=entry.default,
            visibility="visible" if allowed else "hidden",
        )
        sections.setdefault(entry.section, []).append(page)
    return sections


def _logo() -> None:
    shade = "dark" if st.context.theme.type == "dark" else "light"
    st.logo(static_file(f"logo-{shade}.svg"), icon_image=static_file("icon.svg"), size="large")


def _person(visitor: Visitor) -> None:
    name, role = visitor.person.name, role_name(visitor.person)
    with st.container(gap=None):
        st.html(
            f'<div style="font-size:.86rem;line-height:1.45;padding-bottom:.35rem">'
            f'<div title="{escape(name)}" style="font-weight:550;overflow:hidden;'
            f'text-overflow:ellipsis;white-space:nowrap">{escape(name)}</div>'
            f'<div style="opacity:.72">{escape(role)}</div></div>'
        )
        offer_own_sessions()
        st.html(
            f'<div style="font-size:.875rem;line-height:1.6">'
            f'<a href="/auth/password" target="_self" style="{_LIKE_A_BUTTON};text-decoration:none">Change password</a>'
            f'<form method="post" action="/auth/logout" target="_self" style="margin:0">'
            f'<input type="hidden" name="csrf" value="{escape(visitor.sign_out_token)}">'
            f'<button type="submit" style="{_LIKE_A_BUTTON};background:none;border:0;cursor:pointer">'
            "Sign out</button></form></div>"
        )
