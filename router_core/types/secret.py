"""A string that does not show itself."""

__all__ = ["Secret"]


class Secret:
    """Wraps a secret so that ``repr``, ``str``, formatting and pickling never reveal it; ``reveal()`` does."""

    __slots__ = ("__value",)

    def __init__(self, value: str) -> None:
        self.__value = value

    def reveal(self) -> str:
        """Return the plain text. Call it only where the secret leaves for its owner."""
        return self.__value

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other.reveal() == self.__value

    def __hash__(self) -> int:
        return hash(self.__value)

    def __bool__(self) -> bool:
        return bool(self.__value)

    def __reduce__(self) -> str:
        raise TypeError("a Secret cannot be pickled")
