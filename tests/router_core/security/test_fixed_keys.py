"""Keys of programs that embed the router."""

from msgspec.structs import replace

from router_core.security.fixed_keys import FixedKeys
from router_core.types import Secret
from tests.support.core_fakes import standard_providers

OPENAI, ANTHROPIC = (next(row for row in standard_providers() if row.kind == kind) for kind in ("openai", "anthropic"))


def test_each_vendor_has_its_key_and_who_has_none_has_nothing() -> None:
    keys = FixedKeys({"openai": Secret("sk-1"), "anthropic": Secret("")})
    assert [key.secret.reveal() for key in keys.keys_for(OPENAI)] == ["sk-1"]
    assert list(keys.keys_for(ANTHROPIC)) == []


def test_no_key_goes_to_another_host_than_the_vendor_s() -> None:
    keys = FixedKeys({"openai": Secret("sk-1")})
    assert list(keys.keys_for(replace(OPENAI, base_url="https://elsewhere.example/v1"))) == []
