"""What keys and tokens look like, vendor by vendor; what is said to be a secret is in ``named_secrets``.

Every pattern runs in linear time: repeats are bounded, or nothing that may fail follows them. Nearly all begin with
letters that stand for themselves, which are found at the speed of a plain search; what may not stand before them is
looked at afterwards.
"""

import re

__all__ = ["without_halves", "without_marked"]

# A key that a line break cut in two goes on with a word that holds a digit.
_REST = r"(?:(?:\r?\n|\\n)[ \t>|]{0,16}(?=[\w-]{0,200}\d)[\w-]{8,})*"

# What begins every key of a kind, and what the rest looks like. The beginning is shown.
_MARKED: tuple[tuple[str, str], ...] = (
    # OpenAI, Anthropic, OpenRouter, DeepSeek and others with keys of the form sk-…
    ("sk-", r"(?:ant-[a-z]{3,8}\d\d-|ant-|proj-|svcacct-|admin-|or-v1-))([\w*-]{3,}"),
    ("sk-", r")(?!(?:ant|proj|svcacct|admin)-\*)((?:[\w*-]{12,}|(?=[\w-]{0,12}[\d*])[\w*-]{3,})"),
    ("sbx_", r")([\w-]{4,}"),
    # Google, Groq, xAI, Hugging Face, Replicate, Perplexity, Together, Fireworks, NVIDIA, Cerebras, Databricks
    ("AIza", r")([\w-]{6,}"),
    ("GOCSPX-", r")([\w-]{6,}"),
    ("ya29.", r")([\w.-]{6,}"),
    *((each, r")([A-Za-z0-9]{16,}") for each in ("gsk_", "xai-", "hf_", "r8_", "pplx-", "fw_", "csk-")),
    *((each, r")([\w-]{16,}") for each in ("tgp_v1_", "nvapi-")),
    ("lsv2_", r"(?:pt|sk)_)([\w-]{16,}"),
    ("dapi", r")([0-9a-f]{32}"),
    # AWS
    *((each, r")([A-Z0-9]{12,}") for each in ("AKIA", "ASIA", "ABIA", "ACCA")),
    # GitHub, GitLab, Slack, npm, PyPI, DigitalOcean, Shopify
    ("gh", r"[opsru]_)([\w-]{12,}"),
    ("gl", r"(?:pat|ptt|dt|rt|ft|cbt)-)([\w-]{12,}"),
    ("xox", r"[abceoprs]-)([\w-]{12,}"),
    *((each, r")([\w-]{12,}") for each in ("github_pat_", "xapp-", "dop_v1_", "shpat_", "pypi-")),
    ("npm_", r")([A-Za-z0-9]{16,}"),
    ("hooks.slack.com/", r"[a-z]{1,20}/)([\w/-]{8,}"),
    # Stripe
    *((each, r"(?:live|test)_)([A-Za-z0-9+/=]{10,}") for each in ("sk_", "rk_")),
    ("whsec_", r")([A-Za-z0-9+/=]{10,}"),
    # SendGrid, Twilio
    ("SG.", r")([\w-]{16,64}\.[\w-]{16,}"),
    ("SK", r")([0-9a-f]{32}\b"),
)
_FIRST: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(
            r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:(?!-----)[\s\S])*"
            r"(?:-----END [A-Z0-9 ]{0,50}-----)?"
        ),
        "***",
    ),
    (re.compile(r"eyJ(?<![\w-]eyJ)[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?"), "eyJ***"),
)
_LAST: tuple[tuple[re.Pattern[str], str], ...] = (
    # Telegram, Azure
    (re.compile(r":(?<=\d{8}:)[\w-]{35}(?![\w-])"), ":***"),
    (re.compile(r"Q~(?<=[\w.~-]{3}\dQ~)[\w.~-]{31,34}(?![\w~-])"), "Q~***"),
    # Whoever stands in a URL before its host
    (re.compile(r"://(?<=\w://)(?:[^\s/]{1,128}@|[^\s/@:]{0,64}:[^\s@]{1,128}@)"), "://***@"),
)
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    *_FIRST,
    *(
        (re.compile(rf"({re.escape(mark)}(?<!\w{re.escape(mark)}){tail}){_REST}"), r"\1***")
        for mark, tail in _MARKED
    ),
    *_LAST,
)  # fmt: skip
# A vendor's own mask still shows both ends.
_MASK_LETTERS = "****"
_HALF_MASKED = re.compile(r"(?<![\w.-])[\w.-]{0,64}\*{4,}[\w.-]{0,64}")


def without_marked(text: str) -> str:
    """Return ``text`` without what looks like a key of one of the vendors, a token or a private key."""
    for pattern, shown in _PATTERNS:
        text = pattern.sub(shown, text)
    return text


def without_halves(text: str) -> str:
    """Return ``text`` without what somebody else has masked in the middle only."""
    return _HALF_MASKED.sub("***", text) if _MASK_LETTERS in text else text
