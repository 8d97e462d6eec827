"""What the description says in words: sections, fields of requests and answers, examples."""

from collections.abc import Mapping
from typing import Any, Final

__all__ = ["ABOUT", "EXAMPLES", "FIELD_WORDS", "SECTIONS", "STREAM_WORDS", "section_of"]

ABOUT: Final = """
One prompt goes in; Signalbox sends it to the best of several models for its use case, fails over when a provider does
not answer, and says what it cost.

**Credentials.** An API key as `Authorization: Bearer sbx_…` or `x-api-key`, or the console's session cookie. A service
key acts for its own account only.

**Fields** are camelCase. Unknown fields and parameters are refused by name, and no answer echoes a value that came.

**Limits.** `RateLimit-Policy` and `RateLimit` say how the caller's limits stand; 429 and 503 carry `Retry-After`, in
whole seconds. What is not `retryable` comes out the same when it is asked again.
"""

# The first that a path begins with is its section.
_PREFIXES: Final[tuple[tuple[str, str], ...]] = (
    ("/api/llm/budget", "Own account"),
    ("/api/llm/usage", "Own account"),
    ("/api/llm/metrics", "Figures"),
    ("/api/llm/health", "Health"),
    ("/api/llm", "Requests"),
    ("/v1/", "Compatible protocols"),
    ("/livez", "Health"),
    ("/readyz", "Health"),
    ("/metrics", "Figures"),
    ("/api/openapi.json", "Description"),
    ("/api/docs", "Description"),
    ("/api/console", "Consoles elsewhere"),
    ("/api/admin/breakers", "Operation"),
    ("/api/admin/drills", "Operation"),
    ("/api/admin/health", "Operation"),
    ("/api/admin/dependencies", "Operation"),
    ("/api/admin/nodes", "Operation"),
    ("/api/admin/actions", "Operation"),
    ("/api/admin/cache", "Operation"),
    ("/api/admin/stats", "Figures"),
    ("/api/admin/limits", "Rate limits"),
    ("/api/admin/audit", "Audit"),
    ("/api/admin/retention", "Audit"),
    ("/api/admin/keys", "Access"),
    ("/api/admin/users", "Access"),
    ("/api/admin/accounts", "Access"),
    ("/api/admin/sessions", "Access"),
    ("/api/admin/encryption", "Access"),
    ("/api/admin/providers", "Configuration"),
    ("/api/admin/config", "Configuration"),
    ("/api/admin/tools", "Configuration"),
    ("/api/admin/use-cases", "Configuration"),
    ("/api/admin/", "Money"),
)
SECTIONS: Final[Mapping[str, str]] = {
    "Requests": "Prompts, and where they would go.",
    "Compatible protocols": "What clients of the vendors speak, to any model.",
    "Own account": "What the caller's account may spend, and what it spent.",
    "Health": "For load balancers and monitors; none of it calls a provider.",
    "Figures": "How much, how fast, how often it failed.",
    "Operation": "Breakers, drills, processes, the cache of answers.",
    "Money": "Budgets, top-ups, prices, bills, alerts.",
    "Rate limits": "How fast accounts, keys, use cases and providers may ask.",
    "Configuration": "Providers, their keys, use cases, tool servers; every change is a version.",
    "Access": "Accounts, people, sessions, API keys, and how secrets are sealed.",
    "Audit": "Every request and every act, in hash chains.",
    "Consoles elsewhere": "What a console of the same version asks for; no interface for other programs.",
    "Description": "This interface, for machines and for people.",
}

FIELD_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "LLMRequest": {
        "useCase": "What the answer is for; it decides who is asked. One of the standard ones (`draft`, `summary`, "
        "`complex`, `vision`, `general`, `voice`) or one that an administrator added.",
        "prompt": "The question, alone. Either this or `messages`.",
        "messages": "The conversation so far.",
        "systemPrompt": "How the model is to answer.",
        "accountId": "Who pays, for those who may act for several accounts.",
        "maxTokens": "The longest answer; left out, the provider's own maximum.",
        "temperature": "How freely the model words it. Providers that cannot take the value are not asked.",
        "modelOverride": "A model, which fails over among its providers, or the name of one provider, which does not "
        "fail over.",
        "stream": "Answer in parts while the answer is made.",
        "tools": "What the model may call, by name.",
        "toolChoice": "Whether it may, must not or must call one, or which.",
        "maxSteps": "How many calls of models the request may take, where tools run on the server.",
        "images": "`data:` or `https:` URLs, attached to the last turn of the user; never fetched by the router.",
        "responseFormat": "A JSON schema that the answer's text must fit.",
        "cache": "How long the answer may serve equal requests of the account; false for not at all.",
        "explain": "Return the decision with the answer.",
        "streamProtocol": "The AI SDK's UI message stream, or its older data stream.",
        "metadata": "What the caller wants to find again in the audit log.",
    },
    "LLMResponse": {
        "success": "Always true; failures are errors.",
        "requestId": "The request's name in every record.",
        "text": "The answer.",
        "provider": "Who answered.",
        "model": "Which model it was.",
        "toolCalls": "What the model wants to be called by the caller, with whole arguments.",
        "finishReason": "Why it ended.",
        "steps": "How many calls of models it took.",
        "cached": "The answer was there already, and cost nothing.",
        "usage": "Tokens.",
        "cost": "What it cost, exactly.",
        "latencyMs": "Milliseconds from admission to the last byte.",
        "decision": "What was considered and done; with `explain`.",
        "cache": "What the cache had, where it was asked.",
        "similarity": "How similar the question was whose answer this is, where it was not the same.",
        "messages": "Where tools ran on the server: what the conversation has gained, to go on with.",
    },
    "WireUsage": {
        "promptTokens": "What the model read, cached tokens included.",
        "completionTokens": "What it wrote, reasoning included.",
        "totalTokens": "Both.",
        "cachedTokens": "Of those read, what the provider had in its cache.",
        "reasoningTokens": "Of those written, what is reasoning.",
    },
    "Cost": {
        "usd": "Dollars, exactly; null for a model whose price nobody knows.",
        "estimated": "The provider gave no usable figures, so tokens were counted here.",
    },
    "BudgetAnswer": {
        "budgetStatus": "The account's own budgets in dollars: `dailyUsed`, `dailyBudget`, `dailyPercentage`, "
        "`monthlyUsed`, `monthlyBudget`, `monthlyPercentage` (null where there is none), and `alerts` in words.",
        "budgets": "Every budget that a request of the caller counts in, in nano-dollars.",
        "forecasts": "Where each will stand at the end of its period, by its id.",
    },
    "Message": {"role": "Who speaks.", "content": "Text, or parts."},
    "ToolFormat": {"description": "What it does, for the model.", "parameters": "JSON schema of its arguments."},
    "ResponseFormat": {
        "type": "Always `json_schema`.",
        "schema": "The schema.",
        "name": "What the schema is called towards the provider.",
    },
    "CachePolicy": {"ttlSeconds": "Seconds; at most 31 days."},
    "ToolCall": {
        "toolCallId": "What the result must name.",
        "toolName": "The tool.",
        "args": "Its arguments.",
    },
}

_DRAFT: Final = {"useCase": "draft", "prompt": "Write a two-line reply that confirms Tuesday at ten.", "maxTokens": 200}
EXAMPLES: Final[Mapping[str, Any]] = {
    "LLMRequest": _DRAFT,
    "LLMResponse": {
        "success": True,
        "requestId": "01K8Z5WQ9GJ3M3T2B1S6X7N4RV",
        "text": "Tuesday at ten works well for us.\nSee you then!",
        "provider": "anthropic-claude-haiku-4-5",
        "model": "claude-haiku-4-5",
        "toolCalls": [],
        "finishReason": "stop",
        "steps": 1,
        "cached": False,
        "usage": {
            "promptTokens": 24,
            "completionTokens": 18,
            "totalTokens": 42,
            "cachedTokens": 0,
            "reasoningTokens": 0,
        },
        "cost": {"usd": "0.000114", "estimated": False},
        "latencyMs": 612.4,
    },
    "BudgetOrder": {"scope": "account", "target": "ACCOUNT", "period": "daily", "limit": "50"},
    "ChannelOrder": {"kind": "webhook", "target": "https://example.com/alerts"},
    "DrillOrder": {"provider": "openai-gpt4o-mini", "fault": "cut"},
    "KeyOrder": {"accountId": "ACCOUNT", "name": "checkout"},
    "PersonOrder": {"email": "ada@example.com", "role": "viewer"},
    "PriceOrders": {"prices": [{"model": "gpt-4o-mini", "tiers": [{"input": "0.15", "output": "0.60"}]}]},
    "PurgeOrder": {"useCase": "draft"},
    "SheetOrder": {"csv": "model,input,output\ngpt-4o-mini,0.15,0.60\n"},
    "TopUpOrder": {"amount": "12.50", "reason": "a campaign until Friday"},
}

STREAM_WORDS: Final[Mapping[str, str]] = {
    "text/event-stream": "The AI SDK's UI message stream (header `x-vercel-ai-ui-message-stream: v1`): an event is "
    "`data:` and a JSON object, whose `type` is `start`, `start-step`, `text-start`, `text-delta`, `text-end`, "
    "`reasoning-start`, `reasoning-delta`, `reasoning-end`, `tool-input-start`, `tool-input-delta`, "
    "`tool-input-available`, `finish-step`, `error` or `finish`; the last is `data: [DONE]`. Provider, model, usage "
    "and cost are the `messageMetadata` of `finish`. What fails later is an `error` and a `finish` with the reason "
    "`error`, whose metadata has the error.",
    "text/plain": "With `streamProtocol: data`, the AI SDK's older data stream (header `x-vercel-ai-data-stream: v1`): "
    "lines of a letter, a colon and JSON.",
}


def section_of(path: str) -> str:
    """Return the section that ``path`` belongs to. Raises ``LookupError`` for a path of none."""
    for prefix, section in _PREFIXES:
        if path.startswith(prefix):
            return section
    raise LookupError(f"{path} belongs to no section of the description")
