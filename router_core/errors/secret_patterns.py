"""What keys, tokens and passwords look like, vendor by vendor.

Every pattern runs in linear time: repeats are bounded, or nothing that may fail follows them.
"""

import re

__all__ = ["SECRET_PATTERNS"]

# A key that a line break cut in two goes on with a word that holds a digit.
_REST = r"(?:(?:\r?\n|\\n)[ \t>|]{0,16}(?=[\w-]{0,200}\d)[\w-]{8,})*"
_NO_VALUE = (
    r"(?!\*\*\*|(?:invalid|missing|required|incorrect|expired|revoked|not|must|cannot|unknown|none|null|true|false|"
    r"empty|wrong|provided|undefined|bearer|basic|sk|sbx)(?![\w-]))"
)
_STRONG_NAMES = (
    r"x-api-key|api[-_ ]?key(?: provided)?|apikey|subscription[-_]?key|account[-_]?key|shared[-_]?access[-_]?key|"
    r"(?:aws[-_])?secret[-_ ]?access[-_ ]?key|client[-_]?secret|app[-_]?secret|private[-_]?key|encryption[-_]?key|"
    r"(?:access|auth|refresh|id|session|security|bot)[-_]?token|pass(?:word|wd|phrase)|pwd"
)
_QUERY_NAMES = (
    r"(?:x-(?:amz|goog)-(?:signature|credential|security-token)|api[-_]?key|subscription[-_]key|"
    r"(?:access|auth|id|refresh)_token|client_secret|password|passwd|signature|secret|token|auth|code|key|sig|pwd)"
)
_SEPARATOR = r"[\"']?\s{0,8}[=:]\s{0,8}[\"']?"

_MARKED: tuple[str, ...] = (
    # OpenAI, Anthropic, OpenRouter, DeepSeek and others with keys of the form sk-…
    r"\b(sk-(?:ant-[a-z]{3,8}\d\d-|ant-|proj-|svcacct-|admin-|or-v1-))[\w*-]{3,}",
    r"\b(sk-)(?!(?:ant|proj|svcacct|admin)-\*)(?:[\w*-]{12,}|(?=[\w-]{0,12}[\d*])[\w*-]{3,})",
    r"\b(sbx_)[\w-]{4,}",
    # Google, Groq, xAI, Hugging Face, Replicate, Perplexity, Together, Fireworks, NVIDIA, Cerebras, Databricks
    r"\b(AIza|GOCSPX-)[\w-]{6,}",
    r"\b(ya29\.)[\w.-]{6,}",
    r"\b(gsk_|xai-|hf_|r8_|pplx-|fw_|csk-)[A-Za-z0-9]{16,}",
    r"\b(tgp_v1_|nvapi-|lsv2_(?:pt|sk)_)[\w-]{16,}",
    r"\b(dapi)[0-9a-f]{32}",
    # AWS
    r"\b(AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{12,}",
    # GitHub, GitLab, Slack, npm, PyPI, DigitalOcean, Shopify
    r"\b(gh[opsru]_|github_pat_|gl(?:pat|ptt|dt|rt|ft|cbt)-|xox[abceoprs]-|xapp-|dop_v1_|shpat_|pypi-)[\w-]{12,}",
    r"\b(npm_)[A-Za-z0-9]{16,}",
    # Stripe
    r"\b([sr]k_(?:live|test)_|whsec_)[A-Za-z0-9+/=]{10,}",
    # SendGrid, Twilio
    r"\b(SG\.)[\w-]{16,64}\.[\w-]{16,}",
    r"\b(SK)[0-9a-f]{32}\b",
)
_WHOLE: tuple[tuple[str, str], ...] = (
    (
        r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:(?!-----)[\s\S])*(?:-----END [A-Z0-9 ]{0,50}-----)?",
        "***",
    ),
    (r"(?<![\w-])eyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?", "eyJ***"),
    (r"\b(\d{8,10}:)[\w-]{35}(?![\w-])", r"\1***"),
)
_NAMED: tuple[tuple[str, str], ...] = (
    (rf"([?&;]{_QUERY_NAMES}=)(?!\*\*\*)[^\s&#\"'<>]{{1,4096}}", r"\1***"),
    (
        (
            rf"(?<![A-Za-z])(authorization{_SEPARATOR})(?!\*\*\*)(bearer\s{{1,8}}|basic\s{{1,8}}|token\s{{1,8}})?"
            r"(?!\*\*\*)[^\s\"',;}]{6,}"
        ),
        r"\1\2***",
    ),
    (rf"(?<![A-Za-z])((?:{_STRONG_NAMES}){_SEPARATOR}){_NO_VALUE}[^\s\"'&,;}}]{{6,}}", r"\1***"),
    (
        (
            rf"(?<![A-Za-z])((?:secret|token|key|sig|signature|credential){_SEPARATOR})"
            r"(?:(?=[A-Za-z+/_=-]{0,64}\d)(?!\d+\b)[\w+/=-]{16,}|[\w+/=-]{32,})"
        ),
        r"\1***",
    ),
    (
        (
            r"\b(bearer\s{1,8})(?!(?:authentication|authorization|credentials?|tokens?|scheme|header)\b)"
            r"(?:[\w.~+/=-]{12,}|(?=[\w.~+/=-]{0,12}\d)[\w.~+/=-]{6,})"
        ),
        r"\1***",
    ),
    (r"([a-z][a-z0-9+.-]{1,20}://)(?:[^\s/]{1,128}@|[^\s/@:]{0,64}:[^\s@]{1,128}@)", r"\1***@"),
)

SECRET_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    *((re.compile(pattern), shown) for pattern, shown in _WHOLE[:2]),
    *((re.compile(pattern + _REST), r"\1***") for pattern in _MARKED),
    *((re.compile(pattern), shown) for pattern, shown in _WHOLE[2:]),
    *((re.compile(pattern, re.IGNORECASE), shown) for pattern, shown in _NAMED),
    # Base64 tells itself from a plain word by a digit, a sign or a capital inside.
    (
        re.compile(r"\b([Bb]asic\s{1,8})(?=[A-Za-z]{0,200}(?:[0-9+/=]|[a-z][A-Z]))[A-Za-z0-9+/=]{6,}"),
        r"\1***",
    ),
    # A vendor's own mask still shows both ends.
    (re.compile(r"[\w.-]{1,64}\*{4,}[\w.-]{0,64}"), "***"),
)
