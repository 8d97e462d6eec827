"""The declarative base: one metadata, names for every constraint, one type for each Python type."""

from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import LargeBinary, MetaData
from sqlalchemy.orm import DeclarativeBase

from db.column_types import JsonObject, PlainText, StringList, UtcDateTime

__all__ = ["NAMING", "Base"]

NAMING = MappingProxyType(
    {
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Base(DeclarativeBase):
    """Root of all models. Names are fixed, since errors are traced back to fields by them."""

    metadata = MetaData(naming_convention=dict(NAMING))
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy's own class attribute
        str: PlainText,
        bytes: LargeBinary,
        datetime: UtcDateTime,
        tuple[str, ...]: StringList,
        dict[str, Any]: JsonObject,
    }
