"""Where a request comes from: nobody is believed but the proxies that the settings name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signalbox.inbound.proxies import Origin, TrustedProxies

PROXIES = TrustedProxies(["10.0.0.0/8", "fd00::/8"])
FROM_PROXY = Origin("10.0.0.7", "http")

Headers = list[tuple[bytes, bytes]]


def told(*values: str, name: bytes = b"x-forwarded-for") -> Headers:
    return [(name, value.encode()) for value in values]


@pytest.mark.parametrize("peer", ["203.0.113.5", "", "unix", "11.0.0.1", "::1"])
def test_what_others_say_is_ignored(peer: str) -> None:
    headers = (
        told("198.51.100.1") + told("https", name=b"x-forwarded-proto") + told("x.example", name=b"x-forwarded-host")
    )
    assert PROXIES.origin(Origin(peer, "http"), headers) == Origin(peer, "http")


def test_without_the_setting_nobody_is_believed() -> None:
    assert TrustedProxies().origin(FROM_PROXY, told("198.51.100.1")) == FROM_PROXY


@pytest.mark.parametrize(
    ("hops", "client"),
    [
        (("198.51.100.1",), "198.51.100.1"),
        (("198.51.100.1, 10.1.1.1",), "198.51.100.1"),
        (("6.6.6.6, 198.51.100.1",), "198.51.100.1"),
        (("6.6.6.6", "198.51.100.1, 10.1.1.1", "10.2.2.2"), "198.51.100.1"),
        (("10.3.3.3, 10.1.1.1",), "10.3.3.3"),
        (("198.51.100.1:4711",), "198.51.100.1"),
        (("[2001:db8::1]:443",), "2001:db8::1"),
        (("2001:DB8:0::1",), "2001:db8::1"),
        (("::ffff:198.51.100.1",), "198.51.100.1"),
        (("198.51.100.1, unknown",), "10.0.0.7"),
        (("198.51.100.1, unknown, 10.1.1.1",), "10.1.1.1"),
        (("",), "10.0.0.7"),
        ((), "10.0.0.7"),
        (("' OR 1=1--",), "10.0.0.7"),
    ],
)
def test_the_client_is_the_right_most_address_that_is_no_proxy(hops: tuple[str, ...], client: str) -> None:
    assert PROXIES.origin(FROM_PROXY, told(*hops)).address == client


def test_a_proxy_in_ipv6_form_is_the_same_proxy() -> None:
    seen = Origin("::ffff:10.0.0.7", "http")
    assert PROXIES.origin(seen, told("198.51.100.1")).address == "198.51.100.1"


def test_scheme_and_host_are_the_nearest_proxys() -> None:
    headers = told("http, https", name=b"x-forwarded-proto") + told(
        "a.example, b.example:8443", name=b"x-forwarded-host"
    )
    assert PROXIES.origin(FROM_PROXY, headers) == Origin("10.0.0.7", "https", b"b.example:8443")


@pytest.mark.parametrize("scheme", ["javascript", "", "HTTPSX", "ws"])
def test_a_scheme_that_is_none_changes_nothing(scheme: str) -> None:
    assert PROXIES.origin(FROM_PROXY, told(scheme, name=b"x-forwarded-proto")).scheme == "http"


@pytest.mark.parametrize("host", ["a b", "evil/path", "a\r\nb", "user@host", "x" * 300, ""])
def test_a_host_that_is_none_changes_nothing(host: str) -> None:
    assert PROXIES.origin(FROM_PROXY, told(host, name=b"x-forwarded-host")).host is None


@given(
    st.lists(st.tuples(st.sampled_from([b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host"]), st.binary()))
)
def test_any_bytes_give_an_origin(headers: Headers) -> None:
    origin = PROXIES.origin(FROM_PROXY, headers)
    assert origin.scheme in {"http", "https"}
    assert origin.address
