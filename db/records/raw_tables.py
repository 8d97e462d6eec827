"""The record tables with plain column types, for bulk inserts: values are checked and turned before, once."""

from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import BigInteger, Boolean, Column, LargeBinary, MetaData, SmallInteger, Table, Text
from sqlalchemy.types import TypeEngine

from db.column_types import PlainText, UtcMicros
from db.record_models import AuditContent, AuditRow, AuditTrace, LedgerPost

__all__ = ["CONTENTS", "LEDGER", "LOG", "TRACES"]

_METADATA: Final = MetaData()
_KINDS: Final = MappingProxyType({PlainText: Text, UtcMicros: BigInteger})
_PLAIN: Final = (BigInteger, SmallInteger, Boolean, LargeBinary)


def _plain(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    found = _KINDS.get(type(kind))
    if found is not None:
        return found()  # type: ignore[no-any-return]
    if isinstance(kind, _PLAIN):
        return kind
    raise TypeError(f"{kind!r} has no plain form")


def _table(model: type) -> Table:
    source: Table = model.__table__  # type: ignore[attr-defined]
    columns = [Column(each.name, _plain(each.type)) for each in source.columns if each.name != "position"]
    return Table(source.name, _METADATA, *columns)


LOG: Final = _table(AuditRow)
TRACES: Final = _table(AuditTrace)
CONTENTS: Final = _table(AuditContent)
LEDGER: Final = _table(LedgerPost)
