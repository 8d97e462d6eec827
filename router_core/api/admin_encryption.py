"""``/api/admin/encryption``: how keys and stored secrets stand, and rotation to a new data key."""

from router_core.api.call import Call
from router_core.api.documents import read_nothing, read_query

__all__ = ["report_encryption", "rotate_keys"]


async def report_encryption(call: Call) -> None:
    """Answer with the state of every stored secret."""
    read_query(call, {})
    await call.answer(await call.deps.encryption.status(call.principal))


async def rotate_keys(call: Call) -> None:
    """Begin a rotation and answer with how it stands; it goes on by itself."""
    await read_nothing(call)
    await call.answer(await call.deps.encryption.rotate(call.principal))
