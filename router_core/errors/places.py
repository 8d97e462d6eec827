"""Takes out of a provider's words what is not ours to show: its files, its hosts, its tracebacks."""

import re

__all__ = ["strip_places"]

_HOST = "[host]"
_PATH = "[path]"
# What vendors write for their customers to follow stays.
_PUBLIC = r"(?:openai|anthropic|claude|azure|microsoft|aka)\.(?:com|ai|ms)"
_PUBLIC_HOST = rf"(?:[a-z0-9-]{{1,63}}\.){{0,3}}{_PUBLIC}(?![\w.-]*\w@|[\w-]|\.[a-z0-9])"
_TOP = (
    r"(?:com|net|org|io|ai|dev|cloud|app|co|internal|intranet|local|localhost|lan|corp|home|svc|test|invalid|example)"
)

_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\s*Traceback \(most recent call last\)[\s\S]*"), " [traceback]"),
    (re.compile(rf"\b(?:https?|wss?|grpc|tcp|unix)://(?!{_PUBLIC_HOST})[^\s\"'<>)\]]+", re.IGNORECASE), _HOST),
    (re.compile(r"\bfile://[^\s\"'<>)\]]+", re.IGNORECASE), _PATH),
    (re.compile(r"(?<![\w:/\\.])[A-Za-z]:\\(?:[^\s\\\"'<>|]{1,200}\\)*[^\s\\\"'<>|,;)]*"), _PATH),
    # An absolute path of a file system, not a route such as /v1/models.
    (
        re.compile(
            r"(?<![\w:/\\.*\])-])(?:~|\.{1,2})?/(?!v\d|openai/|api/)"
            r"(?:usr|var|home|root|opt|app|srv|etc|tmp|mnt|data|proc|dev|run|code|workspaces?|work|build|Users|"
            r"[\w.@+-]{1,100}(?:/[\w.@+-]{1,100}){0,40}/[\w.@+-]{1,100}\.\w{1,8}(?![\w/]))(?:/[\w.@+-]{1,100}){0,40}/?"
        ),
        _PATH,
    ),
    (re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?::\d{1,5})?(?![\w.]*\w)"), _HOST),
    (re.compile(r"\[[0-9a-f:]{2,39}(?:%\w{1,16})?\](?::\d{1,5})?", re.IGNORECASE), _HOST),
    (re.compile(r"\blocalhost(?::\d{1,5})?\b", re.IGNORECASE), _HOST),
    (
        re.compile(
            rf"(?<![\w.@/-])(?!{_PUBLIC_HOST})(?:[a-z0-9](?:[a-z0-9-]{{0,61}}[a-z0-9])?\.){{1,6}}{_TOP}"
            r"(?::\d{1,5})?(?![\w-]|\.\w)",
            re.IGNORECASE,
        ),
        _HOST,
    ),
    (re.compile(r"(?<![\w.@/-])[a-z][a-z0-9-]{0,62}(?:\.[a-z][a-z0-9-]{0,62}){0,6}:\d{4,5}(?![\w.:])"), _HOST),
)


def strip_places(text: str, host: str = "") -> str:
    """Return ``text`` without file paths, tracebacks, addresses and host names, ``host`` among them.

    Public pages of the vendors and routes of their APIs stay readable.
    """
    if host:
        text = text.replace(host, _HOST)
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text
