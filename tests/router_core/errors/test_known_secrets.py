"""No text of a provider shows a secret that this process holds, however it is written."""

from hypothesis import given
from hypothesis import strategies as st

from router_core.errors.known_secrets import KnownSecrets
from router_core.types import Secret

PLAIN = "Zq7+odd/Key=of~no|known vendor"


def holding(*texts: str) -> KnownSecrets:
    known = KnownSecrets()
    for text in texts:
        known.add(Secret(text))
    return known


def test_a_key_that_looks_like_no_key_is_taken_out() -> None:
    told = holding("unremarkable-words-9").clean("refused: unremarkable-words-9 is not allowed")
    assert told == "refused: *** is not allowed"


def test_the_key_of_another_call_is_taken_out_too() -> None:
    known = holding("first-secret-1", "second-secret-2")
    assert "secret" not in known.clean("first-secret-1 and second-secret-2")


def test_a_key_cut_by_a_line_break_or_percent_encoded_is_taken_out() -> None:
    known = holding("abcdefghijkl/mnop")
    assert "ghijkl" not in known.clean("bad key abcdefgh\nijkl/mnop")
    assert "mnop" not in known.clean("?k=abcdefghijkl%2Fmnop")


def test_no_secret_in_use_is_forgotten_however_many_there_are() -> None:
    known = KnownSecrets(limit=2)
    for number in range(5):
        known.add(Secret(f"secret-number-{number}"))
    assert known.clean(" ".join(f"secret-number-{number}" for number in range(5))) == "*** *** *** *** ***"


def test_of_those_in_use_no_more_the_first_to_be_put_aside_is_forgotten_beyond_the_bound() -> None:
    known = KnownSecrets(limit=2)
    for text in ("secret-one", "secret-two", "secret-three"):
        known.add(Secret(text))
        known.put_aside(Secret(text))
    known.put_aside(Secret("secret-never-known"))
    assert len(known) == 2
    assert known.clean("secret-one") == "secret-one"
    assert known.clean("secret-three") == "***"


def test_a_secret_that_another_uses_too_or_again_stays() -> None:
    known = KnownSecrets(limit=1)
    for _ in range(2):
        known.add(Secret("secret-one"))
    known.put_aside(Secret("secret-one"))
    for text in ("secret-two", "secret-three"):
        known.add(Secret(text))
        known.put_aside(Secret(text))
    assert known.clean("secret-one secret-three") == "*** ***"


def test_it_does_not_show_what_it_holds() -> None:
    assert repr(holding("secret-one")) == "KnownSecrets(1)"


@given(st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), min_size=12, max_size=60), st.text())
def test_no_known_secret_survives_anywhere(secret: str, around: str) -> None:
    told = holding(secret).clean(f"{around} {secret} {around}"[:400])
    assert secret not in told
