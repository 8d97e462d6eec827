"""How many keys of providers the store holds, for those who have not opened it."""

from signalbox.settings import Settings

__all__ = ["count_stored_keys", "needed_keys"]


def count_stored_keys(settings: Settings) -> int | None:
    """Return how many active keys are stored, None where the store cannot be read."""
    from db.errors import StoreError
    from db.peeking import count_provider_keys

    try:
        return count_provider_keys(settings.store_url)
    except StoreError:
        return None


def needed_keys(settings: Settings) -> int | None:
    """Return what :func:`count_stored_keys` does where a start depends on it, else 0: the store is left alone."""
    has_own = settings.openai_api_key is not None or settings.anthropic_api_key is not None
    return 0 if has_own else count_stored_keys(settings)
