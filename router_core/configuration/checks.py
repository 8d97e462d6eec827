"""What makes a configuration wrong, and what only looks wrong."""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import Final, Literal

from router_core.configuration.upstream_rule import UpstreamRule
from router_core.types import STANDARD_USE_CASES, Configuration, Finding, ProviderConfig, ToolServer, policy_faults
from router_core.types.tool_server import EVERYBODY
from router_core.types.use_case import is_use_case_name

__all__ = ["check_configuration"]

Severity = Literal["error", "warning"]

LONGEST_NAME: Final = 100
MOST_USE_CASES: Final = 200
LARGEST_NUMBER: Final = 2**31 - 1
MOST_WEIGHT: Final = 1_000_000
MOST_TOOL_SERVERS: Final = 50
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


NOTHING_YET: Final = Configuration()


def check_configuration(
    configuration: Configuration,
    accounts: Collection[str],
    upstreams: UpstreamRule,
    current: Configuration = NOTHING_YET,
) -> tuple[Finding, ...]:
    """Return everything there is to say, errors first; ``accounts`` are the ids of those that exist.

    A name, and a default provider that is off, are warnings where they are in ``current``, which is in force, already.
    """
    found = [
        *_of_rows(configuration, accounts, upstreams),
        *_of_names(configuration, current),
        *_of_use_cases(configuration),
        *_of_whole(configuration, current),
        *_of_tool_servers(configuration, accounts, upstreams),
    ]
    return tuple(sorted(found, key=lambda each: each.severity != "error"))


def _of_rows(configuration: Configuration, accounts: Collection[str], upstreams: UpstreamRule) -> Iterator[Finding]:
    names = Counter(row.name for row in configuration.providers)
    ids = Counter(row.id for row in configuration.providers)
    for row in configuration.providers:
        place = f"providers[{row.name}]"
        faults = dict(_of_row(row))
        if names[row.name] > 1:
            faults["name"] = "another provider has that name"
        if ids[row.id] > 1:
            faults["id"] = "another provider has that id"
        if row.account_id is not None and row.account_id not in accounts:
            faults["accountId"] = "names no account"
        if row.base_url is not None and (fault := upstreams.fault(row.kind, row.base_url)):
            faults["baseUrl"] = fault
        yield from (Finding(path=f"{place}.{field}", message=message) for field, message in faults.items())


def _of_row(row: ProviderConfig) -> Iterator[tuple[str, str]]:
    """Yield the faults that a row has by itself, as field and message."""
    for field, text in (("id", row.id), ("name", row.name), ("model", row.model)):
        if not _is_text(text):
            yield field, f"must be 1 to {LONGEST_NAME} printable characters"
    if len(row.use_cases) > MOST_USE_CASES:
        yield "useCases", f"may be {MOST_USE_CASES} at most"
    if any(not is_use_case_name(each) for each in row.use_cases):
        yield "useCases", "holds a name that no request could carry"
    if len(set(row.use_cases)) < len(row.use_cases):
        yield "useCases", "names a use case twice"
    yield from _of_numbers(row)


def _of_numbers(row: ProviderConfig) -> Iterator[tuple[str, str]]:
    if not 1 <= row.max_tokens <= LARGEST_NUMBER:
        yield "maxTokens", f"must be within 1 and {LARGEST_NUMBER}"
    if row.context_window < row.max_tokens:
        yield "contextWindow", "must be at least maxTokens"
    elif row.context_window > LARGEST_NUMBER:
        yield "contextWindow", f"must be at most {LARGEST_NUMBER}"
    if not 0 <= row.weight <= MOST_WEIGHT:
        yield "weight", f"must be within 0 and {MOST_WEIGHT}"
    hottest = row.capabilities.max_temperature
    if hottest is not None and not 0 <= hottest <= 2:
        yield "capabilities.maxTemperature", "must be within 0 and 2, or null"


def _of_names(configuration: Configuration, current: Configuration) -> Iterator[Finding]:
    """Yield the names that cannot be asked for without doubt; rows that have theirs already keep them."""
    rows, known = configuration.providers, {(row.id, row.name) for row in current.providers}
    names, models = Counter(row.name for row in rows), Counter(row.model for row in rows)
    folded = Counter(name.casefold() for name in names)
    for row in rows:
        found = []
        if _is_text(row.name) and not _NAME.fullmatch(row.name):
            found.append("must be letters, digits and _ . - and begin with a letter or a digit")
        if folded[row.name.casefold()] > 1:
            found.append("differs from another provider's only in upper and lower case")
        if models[row.name] > (row.model == row.name):
            found.append("is the model of another provider: who asks for it could mean either")
        severity: Severity = "warning" if (row.id, row.name) in known else "error"
        yield from (Finding(path=f"providers[{row.name}].name", message=each, severity=severity) for each in found)


def _is_text(text: str) -> bool:
    return 0 < len(text) <= LONGEST_NAME and text.isprintable() and text == text.strip()


def _of_use_cases(configuration: Configuration) -> Iterator[Finding]:
    served = {name for row in configuration.providers for name in row.use_cases}
    models = {row.model for row in configuration.providers}
    for section, names in (("preferences", configuration.preferences), ("policies", configuration.policies)):
        for name in names:
            if not is_use_case_name(name):
                yield Finding(path=section, message="holds a name that no request could carry")
    for name, model in configuration.preferences.items():
        if not 0 < len(model) <= LONGEST_NAME or not model.isprintable():
            yield Finding(path=f"preferences[{name}]", message="must be a model's name")
        elif model not in models:
            yield _warning(f"preferences[{name}]", "no provider has that model")
    known = {*STANDARD_USE_CASES, *configuration.preferences, *served}
    rows = {row.name: row for row in configuration.providers}
    for name, policy in configuration.policies.items():
        if name not in known:
            yield _warning(f"policies[{name}]", "no provider and no preference names that use case")
        for fault in policy_faults(name, policy, rows):
            yield _warning(f"policies[{name}].{fault.field}", fault.message)


def _of_whole(configuration: Configuration, current: Configuration) -> Iterator[Finding]:
    whole = [row for row in configuration.providers if row.account_id is None]
    active = [row for row in whole if row.is_active]
    if not any(row.is_default for row in whole):
        yield Finding(path="providers", message="no provider for all accounts is the default (isDefault)")
    elif not _has_default(configuration):
        severity: Severity = "error" if _has_default(current) or not current.providers else "warning"
        text = "no default provider is active (isDefault, isActive)"
        yield Finding(path="providers", message=text, severity=severity)
    for name in sorted(
        {*STANDARD_USE_CASES, *configuration.preferences, *(each for row in whole for each in row.use_cases)}
    ):
        serving = [row for row in active if name in row.use_cases]
        if not serving:
            yield _warning(f"useCases[{name}]", "no active provider serves it; the default provider would")
        elif not _weighed(configuration, name, serving):
            yield _warning(f"policies[{name}].weights", "the weights of all its providers are 0")


def _of_tool_servers(
    configuration: Configuration, accounts: Collection[str], upstreams: UpstreamRule
) -> Iterator[Finding]:
    if len(configuration.tool_servers) > MOST_TOOL_SERVERS:
        yield Finding(path="toolServers", message=f"may be {MOST_TOOL_SERVERS} at most")
    for name, server in configuration.tool_servers.items():
        if not ToolServer.is_name(name):
            yield Finding(path="toolServers", message="holds a name that is not 1 to 24 of a-z, 0-9 and -")
            continue
        place = f"toolServers[{name}]"
        if fault := upstreams.place_fault(server.url):
            yield Finding(path=f"{place}.url", message=fault)
        if any(each not in accounts for each in server.accounts if each != EVERYBODY):
            yield Finding(path=f"{place}.accounts", message="names no account")
        if any(not is_use_case_name(each) for each in server.use_cases if each != EVERYBODY):
            yield Finding(path=f"{place}.useCases", message="holds a name that no request could carry")
        if server.is_active and not (server.accounts and server.use_cases):
            yield _warning(place, "nobody may use it: it names no accounts or no use cases")


def _has_default(configuration: Configuration) -> bool:
    """Say whether somebody serves what nobody else does."""
    return any(row.is_default and row.is_active and row.account_id is None for row in configuration.providers)


def _weighed(configuration: Configuration, use_case: str, serving: Sequence[ProviderConfig]) -> bool:
    """Say whether a draw by weight would have somebody to draw."""
    policy = configuration.policies.get(use_case)
    if policy is None or policy.strategy != "weighted":
        return True
    return any(policy.weights.get(row.name, row.weight) for row in serving)


def _warning(path: str, message: str) -> Finding:
    return Finding(path=path, message=message, severity="warning")
