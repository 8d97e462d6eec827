"""The pages around sign-in, rendered here without Streamlit and without any script."""

from functools import cache
from html import escape
from pathlib import Path
from string import Template

from router_core.security.first_secrets import LEAST_PASSWORD

__all__ = [
    "Notice",
    "invitation_page",
    "openid_trouble_page",
    "password_page",
    "sign_in_page",
    "sign_out_page",
    "spent_page",
    "trouble_page",
]

Notice = tuple[str, str]
"""A kind, ``bad`` or ``good``, and one sentence."""

_SIGN = {
    "bad": '<path d="M8 4.6v4.1M8 11.2v.1" stroke="currentColor" stroke-width="1.7" stroke-linecap="round"/>',
    "good": '<path d="m5 8.2 2.1 2.1L11 6.2" stroke="currentColor" stroke-width="1.7" stroke-linecap="round"/>',
}

_NEW_FIELDS = f"""<label for="new">New password</label>
<input id="new" name="new" type="password" autocomplete="new-password" required minlength="{LEAST_PASSWORD}" \
maxlength="1024" aria-describedby="rule">
<p class="rule" id="rule">At least {LEAST_PASSWORD} characters. A few words you can remember are fine.</p>
<label for="again">New password once more</label>
<input id="again" name="again" type="password" autocomplete="new-password" required maxlength="1024">
"""


def sign_in_page(
    *, token: str, wanted: str, email: str = "", notice: Notice | None = None, openid: str | None = None
) -> str:
    """Return the sign-in form; ``token`` is its form token, ``wanted`` the local page to go on to.

    ``openid`` is where signing in with a provider begins, None where there is none.
    """
    other = "" if openid is None else f'<a class="other" href="{escape(openid)}">Sign in with single sign-on</a>\n'
    focus_email, focus_password = ("", " autofocus") if email else (" autofocus", "")
    described = ' aria-describedby="notice"' if notice else ""
    return _page(
        "Sign in",
        f"""<h1>Sign in</h1>
<p class="lead">Use the account an admin made for you.</p>
{_notice(notice)}<form method="post" action="/auth/login">
<input type="hidden" name="csrf" value="{escape(token)}">
<input type="hidden" name="next" value="{escape(wanted)}">
<label for="email">E-mail address</label>
<input id="email" name="email" type="email" autocomplete="username" required maxlength="254" value="{escape(email)}"\
{focus_email}{described}>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required \
maxlength="1024"{focus_password}>
<button type="submit">Sign in</button>
</form>
{other}<p class="foot">Forgot your password? Ask an admin for a link to choose a new one.</p>""",
    )


def sign_out_page(*, token: str, notice: Notice | None = None) -> str:
    """Return the form that asks whether to sign out."""
    return _page(
        "Sign out",
        f"""<h1>Sign out?</h1>
<p class="lead">Your session ends in every tab of this browser.</p>
{_notice(notice)}<form method="post" action="/auth/logout">
<input type="hidden" name="csrf" value="{escape(token)}">
<button type="submit" autofocus>Sign out</button>
</form>
<p class="foot"><a href="/">Back to the console</a></p>""",
    )


def password_page(*, token: str, wanted: str, first: bool, notice: Notice | None = None) -> str:
    """Return the form that changes a password; ``first`` says that it was handed over and has to be changed."""
    lead = "The password you were given only serves to choose your own." if first else "You stay signed in here alone."
    return _page(
        "Change password",
        f"""<h1>{"Choose your password" if first else "Change password"}</h1>
<p class="lead">{lead}</p>
{_notice(notice)}<form method="post" action="/auth/password">
<input type="hidden" name="csrf" value="{escape(token)}">
<input type="hidden" name="next" value="{escape(wanted)}">
<label for="password">{"Password you were given" if first else "Current password"}</label>
<input id="password" name="password" type="password" autocomplete="current-password" required \
maxlength="1024" autofocus>
{_NEW_FIELDS}<button type="submit">Change password</button>
</form>
<p class="foot"><a href="{escape(wanted)}">Back to the console</a></p>""",
    )


def invitation_page(*, token: str, email: str, notice: Notice | None = None) -> str:
    """Return the form on which the invited person of that address chooses a password."""
    return _page(
        "Choose your password",
        f"""<h1>Choose your password</h1>
<p class="lead">You were invited as {escape(email)}.</p>
{_notice(notice)}<form method="post" action="/auth/invitation">
<input type="hidden" name="csrf" value="{escape(token)}">
<input type="hidden" name="email" autocomplete="username" value="{escape(email)}">
{_NEW_FIELDS}<button type="submit">Set password and sign in</button>
</form>""",
    )


def spent_page() -> str:
    """Return the page for an invitation that is not good any more."""
    return _page(
        "Invitation",
        f"""<h1>This link does not work any more</h1>
{_notice(("bad", "It was used, has ended, or was replaced by a newer one."))}\
<p class="lead">Ask an admin for a new link, or sign in with your password.</p>
<p class="foot"><a href="/auth/login">Sign in</a></p>""",
    )


def openid_trouble_page(*, sentence: str) -> str:
    """Return the page for a sign-in with a provider that came to nothing."""
    return _page(
        "Sign in",
        f"""<h1>You are not signed in</h1>
{_notice(("bad", sentence))}<p class="foot"><a href="/auth/login">Back to sign-in</a></p>""",
    )


def trouble_page(*, title: str, sentence: str) -> str:
    """Return a page that says what is in the way, for as long as it is."""
    return _page(
        title,
        f"""<h1>{escape(title)}</h1>
{_notice(("bad", sentence))}<p class="lead">This page goes on by itself.</p>""",
    )


def _notice(notice: Notice | None) -> str:
    if notice is None:
        return ""
    kind, sentence = notice
    role = "alert" if kind == "bad" else "status"
    return (
        f'<p class="note {kind}" id="notice" role="{role}"><svg width="16" height="16" viewBox="0 0 16 16" fill="none" '
        f'aria-hidden="true"><circle cx="8" cy="8" r="7" stroke="currentColor" stroke-width="1.4"/>{_SIGN[kind]}</svg>'
        f"<span>{escape(sentence)}</span></p>\n"
    )


def _page(title: str, content: str) -> str:
    return _template().substitute(title=title, content=content)


@cache
def _template() -> Template:
    return Template(Path(__file__).with_name("page.html").read_text(encoding="utf-8"))
