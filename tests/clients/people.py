"""What structured answers are."""

from pydantic import BaseModel

__all__ = ["Person"]


class Person(BaseModel):
    """A person."""

    name: str
    age: int
