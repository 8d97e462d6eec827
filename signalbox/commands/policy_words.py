"""Policies of use cases on the command line: read from options, told in words."""

from router_core.types import Canary, UseCasePolicy
from signalbox.faults import UsageFault

__all__ = ["NO_CANARY", "in_words", "read_canary", "read_order", "read_weights"]

# What an empty option stands for where None means that nothing was said.
NO_CANARY = ""


def read_order(text: str | None) -> tuple[str, ...] | None:
    """Return the names of ``A,B,C``, None when nothing was said."""
    return None if text is None else tuple(_listed(text))


def read_weights(text: str | None) -> dict[str, int] | None:
    """Return the weights of ``A=70,B=30``, None when nothing was said. Raises :class:`UsageFault`."""
    if text is None:
        return None
    weights: dict[str, int] = {}
    for each in _listed(text):
        name, _, weight = each.rpartition("=")
        if not name or not weight.isdecimal() or name in weights:
            raise UsageFault("--weights must be whole numbers by provider, such as: A=70,B=30")
        weights[name] = int(weight)
    return weights


def read_canary(text: str | None) -> Canary | str | None:
    """Return the canary of ``A=5``, :data:`NO_CANARY` for an empty text, None when nothing was said.

    Raises :class:`UsageFault`.
    """
    if text is None or not text.strip():
        return text and NO_CANARY
    name, _, percent = text.strip().rpartition("=")
    try:
        return Canary(name.strip(), float(percent.strip().removesuffix("%")))
    except ValueError:
        raise UsageFault("--canary must be a provider and its percentage, above 0 and at most 100: A=5") from None


def in_words(policy: UseCasePolicy) -> list[str]:
    """Return what ``policy`` says, in a few words each."""
    kept = [] if policy.cache_ttl_s is None else [f"keeps answers {policy.cache_ttl_s:,} s"]
    if policy.cache_similarity is not None:
        kept.append(f"similar questions from {policy.cache_similarity:g}")
    return [*_choice(policy), *_faults(policy), *kept] or ["nothing out of the ordinary"]


def _choice(policy: UseCasePolicy) -> list[str]:
    strategy = [] if policy.strategy == "priority" else [policy.strategy.replace("_", " ")]
    order = [f"order {' > '.join(policy.order)}"] if policy.order else []
    weights = (
        ["weights " + " ".join(f"{name}={each:,}" for name, each in policy.weights.items())] if policy.weights else []
    )
    canary = [f"canary {policy.canary.provider} {policy.canary.percent:g} %"] if policy.canary else []
    return [*strategy, *order, *weights, *canary, *(["sticky"] if policy.sticky else [])]


def _faults(policy: UseCasePolicy) -> list[str]:
    waits = [
        f"{what} within {seconds:g} s"
        for what, seconds in (
            ("connects", policy.connect_s),
            ("first token", policy.first_token_s),
            ("next token", policy.idle_s),
        )
        if seconds is not None
    ]
    rate = [f"at least {policy.min_tokens_per_s:g} tokens/s"] if policy.min_tokens_per_s else []
    middle = ["resumes broken streams"] if policy.mid_stream == "resume" else []
    refusal = ["refusals fail over"] if policy.refusal_fails_over else []
    after = "p95" if policy.hedge_after_ms is None else f"{policy.hedge_after_ms:,} ms"
    hedge = [f"hedges after {after}"] if policy.hedge else []
    return [*waits, *rate, *middle, *refusal, *hedge]


def _listed(text: str) -> list[str]:
    return [each.strip() for each in text.split(",") if each.strip()]
