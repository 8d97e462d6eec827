"""Every column that holds sealed secrets: what rotation, decrypt health and the tests go by."""

from typing import Final

from msgspec import Struct
from sqlalchemy import Table

from db.provider_key_models import ProviderKeyRow
from db.tool_models import ToolTokenRow

__all__ = ["SEALED_COLUMNS", "SealedColumn"]


class SealedColumn(Struct, frozen=True, kw_only=True):
    """A column ``sealed`` of a table, and the columns beside it that a secret is bound to: its row and its account.

    ``version`` is the version of the data key, which refers to ``data_keys.open_version``; ``owner`` is what people
    know the secret by.
    """

    table: Table
    row: str
    account: str
    owner: str
    sealed: str
    version: str


SEALED_COLUMNS: Final[tuple[SealedColumn, ...]] = (
    SealedColumn(
        table=ProviderKeyRow.metadata.tables[ProviderKeyRow.__tablename__], row="id", account="account_id",
        owner="provider_id", sealed="sealed", version="key_version",
    ),
    SealedColumn(
        table=ToolTokenRow.metadata.tables[ToolTokenRow.__tablename__], row="id", account="account_id",
        owner="server", sealed="sealed", version="key_version",
    ),
)  # fmt: skip
