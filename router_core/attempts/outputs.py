"""How long answers are, by use case: what an answer that is not there yet will probably cost."""

__all__ = ["FIRST_GUESS", "OutputSizes"]

FIRST_GUESS = 300
MOST_USE_CASES = 1_000
_NEWEST_SHARE = 0.05


class OutputSizes:
    """A moving average of output tokens for each use case; it belongs to one event loop."""

    __slots__ = ("_means",)

    def __init__(self) -> None:
        self._means: dict[str, float] = {}

    def note(self, use_case: str, tokens: int) -> None:
        """An answer had so many tokens."""
        mean = self._means.get(use_case)
        if mean is not None or len(self._means) < MOST_USE_CASES:
            before = FIRST_GUESS if mean is None else mean
            self._means[use_case] = before + _NEWEST_SHARE * (tokens - before)

    def expected(self, use_case: str) -> int:
        """Return the tokens that an answer of ``use_case`` probably has; 300 before anything is known."""
        return max(1, round(self._means.get(use_case, FIRST_GUESS)))
