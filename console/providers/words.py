"""What fields, values and faults of the configuration are called on screen."""

import re
from collections.abc import Mapping
from typing import Any, Final

from console.format import DASH, literal
from router_core.types import ConfigChange, Finding, ProviderKind

__all__ = ["VENDORS", "fault_line", "field_name", "named_change", "plain_fault", "shown_at", "shown_value", "sides_of"]

FIELDS: Final[Mapping[str, str]] = {
    "accountId": "Account", "baseUrl": "Base URL", "burst": "Burst", "cacheTtlS": "Cache for (s)", "canary": "Canary",
    "capabilities": "Capabilities", "connectS": "Connect within (s)", "contextWindow": "Context window",
    "firstTokenS": "First token within (s)", "hedge": "Ask the next one too when late",
    "hedgeAfterMs": "Late after (ms)", "idleS": "Between tokens (s)", "isActive": "Active", "isDefault": "Default",
    "jsonSchema": "JSON schema", "kind": "Vendor", "limits": "Limits", "maxConcurrency": "Calls at once",
    "maxTemperature": "Largest temperature", "maxTokens": "Largest output", "midStream": "When a stream breaks off",
    "minTokensPerS": "Least tokens a second", "model": "Model", "name": "Name", "order": "Order", "percent": "Percent",
    "provider": "Provider", "refusalFailsOver": "Fail over when content is refused",
    "requestsPerSecond": "Requests a second", "sticky": "One draw for a conversation", "strategy": "Strategy",
    "tokensPerMinute": "Tokens a minute", "tools": "Tools", "useCases": "Use cases", "vision": "Vision",
    "weight": "Weight", "weights": "Weights",
}  # fmt: skip
SWITCHES: Final = {"llm": "LLM", "openai": "OpenAI", "anthropic": "Anthropic"}
VENDORS: Final[Mapping[ProviderKind, str]] = {"openai": "OpenAI", "anthropic": "Anthropic"}
# What leaving a field empty means.
EMPTY: Final = {"accountId": "every account", "baseUrl": "the vendor's own host"}
SECTIONS: Final = {
    "policies": "Use case", "preferences": "Use case", "providers": "Provider", "toolServers": "Tool server",
    "useCases": "Use case",
}  # fmt: skip
_PLACE: Final = re.compile(r"(providers|policies|preferences|toolServers|useCases)\[(.*?)\](?:\.(.+))?", re.DOTALL)
_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_ASIDE: Final = re.compile(r" \((?:isDefault|isActive|, )+\)")
_LONG: Final = re.compile(r"\b[0-9]{5,15}\b")


def field_name(path: str) -> str:
    """Return what a field is called: ``Burst`` for ``limits.burst``."""
    name = path.rpartition(".")[2]
    return FIELDS.get(name) or SWITCHES.get(name) or _HUMP.sub(" ", name).capitalize()


def named_change(path: str) -> tuple[str, str]:
    """Return what a path is about and its field: ``Provider openai-gpt4o`` and ``Weight``; the field may be empty."""
    found = _PLACE.fullmatch(path)
    if found is None:
        section, _, name = path.partition(".")
        if section == "flags" and name:
            return f"Switch {field_name(name)}", ""
        return {"providers": "Providers", "flags": "Switches"}.get(section, section.capitalize()), name
    section, name, field = found.groups()
    about = f"{SECTIONS[section]} {name}"
    if section == "preferences":
        return about, "Preferred model"
    if field is None:
        return about, "Policy" if section == "policies" else ""
    if field.startswith("weights."):
        return about, f"Weight of {field.removeprefix('weights.')}"
    inner = field_name(field)
    return about, f"Canary: {inner.lower()}" if field.startswith("canary.") else inner


def shown_value(value: Any) -> str:
    """Return a value in words, all of it."""
    match value:
        case None | "":
            return "none"
        case bool():
            return "On" if value else "Off"
        case Mapping():
            named = [f"{field_name(str(name))}: {shown_value(each)}" for name, each in value.items() if name != "id"]
            return ", ".join(named) or "none"
        case list() | tuple():
            return ", ".join(shown_value(each) for each in value) or "none"
        case int() | float():
            whole = int(value) if isinstance(value, float) and value.is_integer() else value
            return f"{whole:,}" if abs(whole) >= 10_000 else str(whole)
        case _:
            return str(value)


def shown_at(path: str, value: Any) -> str:
    """Return the value of the field at ``path`` as the screen has it."""
    name = path.rpartition(".")[2]
    if value in (None, "") and name in EMPTY:
        return EMPTY[name]
    if name == "kind" and isinstance(value, str):
        return next((label for kind, label in VENDORS.items() if kind == value), value)
    return shown_value(value)


def sides_of(change: ConfigChange) -> tuple[str, str]:
    """Return what was and what is to be."""
    old = DASH if change.kind == "added" else shown_at(change.path, change.old)
    new = DASH if change.kind == "removed" else shown_at(change.path, change.new)
    return old, new


def fault_line(found: Finding) -> str:
    """Return what is wrong and where, as Markdown."""
    where = " · ".join(part for part in named_change(found.path) if part)
    return f"**{literal(where)}**: {literal(plain_fault(found.message))}"


def plain_fault(message: str) -> str:
    """Return a fault without the names that documents and code use."""
    text = _ASIDE.sub("", message)
    for name, label in (("maxTokens", "the largest output"), ("requestsPerSecond", "requests a second")):
        text = text.replace(name, label)
    text = _LONG.sub(lambda found: f"{int(found[0]):,}", text.replace("or null", "or left empty"))
    return text[:1].upper() + text[1:]
