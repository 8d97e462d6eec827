"""What is wrong with a document, all of it at once."""

from collections.abc import Sequence
from typing import Any

import msgspec

from router_core.errors import ValidationError
from router_core.types import Finding

__all__ = ["WrongConfigurationError"]


class WrongConfigurationError(ValidationError):
    """A document cannot be put in force; ``findings`` name every fault by its field."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        first = self.findings[0]
        more = f" (and {len(self.findings) - 1} more)" if len(self.findings) > 1 else ""
        super().__init__(f"{first.path}: {first.message}{more}", field=first.path)

    @property
    def context(self) -> dict[str, Any]:
        return {**super().context, "faults": msgspec.to_builtins(self.findings)}
