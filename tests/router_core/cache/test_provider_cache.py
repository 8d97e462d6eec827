"""The original's provider repository, over the configuration in force."""

from router_core.cache.provider_cache import DEFAULT_TTL_MS, CachedProviderRepository
from router_core.router import StaticConfig
from router_core.types import Snapshot
from tests.support.core_fakes import provider
from tests.support.fake_clock import FakeClock

ROWS = [provider("a"), provider("own", account_id="acme"), provider("b")]


def repository() -> tuple[CachedProviderRepository, StaticConfig, FakeClock]:
    config, clock = StaticConfig(ROWS), FakeClock()
    return CachedProviderRepository(config, clock), config, clock


def names(repository: CachedProviderRepository, account_id: str | None = None) -> list[str]:
    return [row.name for row in repository.get_providers(account_id)]


def test_an_account_sees_its_own_first_and_nobody_elses() -> None:
    found, _, _ = repository()
    assert (names(found), names(found, "acme"), names(found, "rival")) == (["a", "b"], ["own", "a", "b"], ["a", "b"])
    assert found.keys() == ("llm:providers:global", "llm:providers:acme", "llm:providers:rival")


def test_what_is_kept_is_handed_out_as_it_is_and_shared_where_it_is_the_same() -> None:
    found, _, _ = repository()
    assert found.get_providers("acme") is found.get_providers("acme")
    assert found.get_providers("rival") is found.get_providers()
    stats = found.get_stats()
    assert (stats.hits, stats.misses, stats.entries) == (3, 3, 3)


def test_a_change_of_the_configuration_is_seen_at_once() -> None:
    found, config, _ = repository()
    names(found, "acme")
    config.replace(Snapshot([provider("new")], revision=2))
    assert (names(found, "acme"), names(found)) == (["new"], ["new"])


def test_nothing_is_held_beyond_its_bound() -> None:
    found, _, clock = repository()
    names(found)
    clock.advance(DEFAULT_TTL_MS / 1000 - 0.001)
    names(found)
    clock.advance(0.001)
    names(found)
    assert (found.get_stats().hits, found.get_stats().misses) == (1, 2)


def test_keys_are_forgotten_one_by_one_and_all_together() -> None:
    found, _, _ = repository()
    names(found, "acme")
    found.invalidate_cache("acme")
    assert found.keys() == ("llm:providers:global",)
    found.invalidate_cache()
    assert found.keys() == ()
    names(found, "acme")
    found.clear_all_caches()
    assert found.keys() == ()
