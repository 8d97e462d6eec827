"""Provider configuration as the router sees it: an immutable snapshot, indexed once when it is made."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Literal

from msgspec import Struct, field

from router_core.types.budget import BudgetBook
from router_core.types.cache_marks import NO_MARKS, CacheMarks
from router_core.types.limits import ProviderLimits
from router_core.types.price import PriceBook
from router_core.types.provider_key import NO_PROVIDER_KEYS, ProviderKeys
from router_core.types.rate_limit import LimitBook
from router_core.types.tool_server import NO_TOKENS, NO_TOOL_SERVERS, ToolServer, ToolToken
from router_core.types.use_case import UseCasePolicy

__all__ = ["DEFAULT_PREFERENCES", "Capabilities", "Flags", "ProviderConfig", "ProviderKind", "Snapshot"]

ProviderKind = Literal["openai", "anthropic"]

NO_POLICIES: MappingProxyType[str, UseCasePolicy] = MappingProxyType({})
NO_LIMITS = ProviderLimits()
NO_BUDGETS = BudgetBook()
NO_RATES = LimitBook()
NO_PRICES = PriceBook()
_PLAIN = UseCasePolicy()

DEFAULT_PREFERENCES: MappingProxyType[str, str] = MappingProxyType(
    {
        "draft": "claude-haiku-4-5",
        "summary": "claude-haiku-4-5",
        "complex": "claude-sonnet-4-5",
        "vision": "gpt-4o",
        "general": "gpt-4o-mini",
        "voice": "gpt-4o-mini",
    }
)


class Capabilities(Struct, frozen=True, kw_only=True):
    """What a model can take. ``max_temperature`` is None for models that take no temperature at all."""

    vision: bool = True
    tools: bool = True
    json_schema: bool = True
    max_temperature: float | None = 2.0


class ProviderConfig(Struct, frozen=True, kw_only=True):
    """One row of provider configuration: a model at a vendor, and how it may be used.

    ``max_tokens`` is the largest output and ``context_window`` the largest input plus output, both in tokens.
    ``account_id`` is None for a global provider. ``base_url`` is None for the vendor's own host.
    """

    id: str
    name: str
    kind: ProviderKind
    model: str
    use_cases: tuple[str, ...]
    max_tokens: int
    context_window: int
    account_id: str | None = None
    is_default: bool = False
    is_active: bool = True
    base_url: str | None = None
    capabilities: Capabilities = field(default_factory=Capabilities)
    weight: int = 100
    version: int = 1
    limits: ProviderLimits = NO_LIMITS


class Flags(Struct, frozen=True, kw_only=True):
    """The live feature switches."""

    llm: bool = True
    openai: bool = True
    anthropic: bool = True

    def allows(self, kind: ProviderKind) -> bool:
        """Say whether providers of ``kind`` may be used."""
        return self.llm and (self.openai if kind == "openai" else self.anthropic)


class Snapshot:
    """All providers at one revision, with look-ups whose cost does not grow with their number.

    Every look-up returns providers that ``account_id`` may use, account-specific before global; those of a use case
    with its preferred model first and non-default before default, else in stored order.
    """

    __slots__ = (
        "_by_model", "_by_name", "_by_use_case", "_defaults", "_of_account", "budgets", "cache_marks",
        "content_accounts", "flags", "limits", "personal_accounts", "policies", "preferences", "prices",
        "provider_keys", "providers", "revision", "tool_servers", "tool_tokens",
    )  # fmt: skip

    def __init__(  # noqa: PLR0913 - one argument for each part of the configuration, all by name
        self,
        providers: Iterable[ProviderConfig],
        *,
        revision: int = 0,
        flags: Flags | None = None,
        preferences: MappingProxyType[str, str] = DEFAULT_PREFERENCES,
        policies: Mapping[str, UseCasePolicy] = NO_POLICIES,
        content_accounts: frozenset[str] = frozenset(),
        budgets: BudgetBook = NO_BUDGETS,
        prices: PriceBook = NO_PRICES,
        cache_marks: CacheMarks = NO_MARKS,
        limits: LimitBook = NO_RATES,
        personal_accounts: frozenset[str] = frozenset(),
        provider_keys: ProviderKeys = NO_PROVIDER_KEYS,
        tool_servers: Mapping[str, ToolServer] = NO_TOOL_SERVERS,
        tool_tokens: Mapping[str, ToolToken] = NO_TOKENS,
    ) -> None:
        self.providers = tuple(providers)
        self.revision = revision
        self.flags = flags or Flags()
        self.preferences = preferences
        self.policies = policies
        self.content_accounts = content_accounts
        self.budgets = budgets
        self.prices = prices
        self.cache_marks = cache_marks
        self.limits = limits
        self.personal_accounts = personal_accounts
        self.provider_keys = provider_keys
        self.tool_servers = tool_servers
        self.tool_tokens = tool_tokens
        self._by_use_case: dict[tuple[str, str | None], list[ProviderConfig]] = {}
        self._by_model: dict[tuple[str, str | None], list[ProviderConfig]] = {}
        self._by_name: dict[str, ProviderConfig] = {}
        self._of_account: dict[str | None, list[ProviderConfig]] = {}
        self._defaults: dict[str | None, list[ProviderConfig]] = {}
        for provider in self.providers:
            self._index(provider)
        for (use_case, _), listed in self._by_use_case.items():
            preferred = preferences.get(use_case)
            listed.sort(key=lambda each: (each.model != preferred, each.is_default))

    def with_flags(self, flags: Flags) -> "Snapshot":
        """Return the same with other switches."""
        return Snapshot(
            self.providers,
            revision=self.revision,
            flags=flags,
            preferences=self.preferences,
            policies=self.policies,
            content_accounts=self.content_accounts,
            budgets=self.budgets,
            prices=self.prices,
            limits=self.limits,
            cache_marks=self.cache_marks,
            personal_accounts=self.personal_accounts,
            provider_keys=self.provider_keys,
            tool_servers=self.tool_servers,
            tool_tokens=self.tool_tokens,
        )

    def _index(self, provider: ProviderConfig) -> None:
        scope = provider.account_id
        self._of_account.setdefault(scope, []).append(provider)
        for use_case in dict.fromkeys(provider.use_cases):
            self._by_use_case.setdefault((use_case, scope), []).append(provider)
        self._by_model.setdefault((provider.model, scope), []).append(provider)
        self._by_name[provider.name] = provider
        if provider.is_default:
            self._defaults.setdefault(scope, []).append(provider)

    def for_use_case(self, use_case: str, account_id: str | None) -> list[ProviderConfig]:
        """Return the providers that list ``use_case``."""
        return _scoped(self._by_use_case, use_case, account_id)

    def for_model(self, model: str, account_id: str | None) -> list[ProviderConfig]:
        """Return the providers of ``model``."""
        return _scoped(self._by_model, model, account_id)

    def for_name(self, name: str, account_id: str | None) -> ProviderConfig | None:
        """Return the provider called ``name`` if ``account_id`` may use it."""
        found = self._by_name.get(name)
        return found if found is not None and found.account_id in (None, account_id) else None

    @property
    def by_name(self) -> Mapping[str, ProviderConfig]:
        """Every provider by its name, whoever may use it."""
        return MappingProxyType(self._by_name)

    def defaults(self, account_id: str | None) -> list[ProviderConfig]:
        """Return the default providers."""
        own = self._defaults.get(account_id, []) if account_id is not None else []
        return [*own, *self._defaults.get(None, [])]

    def of_account(self, account_id: str | None) -> list[ProviderConfig]:
        """Return the providers of that account alone, the global ones for None."""
        return self._of_account.get(account_id, [])

    def policy(self, use_case: str) -> UseCasePolicy:
        """Return how ``use_case`` wants to be served."""
        return self.policies.get(use_case, _PLAIN)

    def use_cases(self) -> set[str]:
        """Return what a preference or any provider names."""
        return {*self.preferences, *(name for row in self.providers for name in row.use_cases)}

    def knows_use_case(self, use_case: str, account_id: str | None) -> bool:
        """Say whether a preference, or a provider that ``account_id`` may use, names ``use_case``."""
        return use_case in self.preferences or any(
            (use_case, scope) in self._by_use_case for scope in (None, account_id)
        )


def _scoped(
    index: dict[tuple[str, str | None], list[ProviderConfig]], key: str, account_id: str | None
) -> list[ProviderConfig]:
    own = index.get((key, account_id), []) if account_id is not None else []
    return [*own, *index.get((key, None), [])]
