"""A console page over its websocket, without a browser: what the server sends is given as it is."""

from typing import Final

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect

__all__ = ["page_frames"]

_WAIT_S: Final = 20.0


def page_frames(port: int, cookie: str, page: str) -> list[bytes]:
    """Return every frame that the server sends for ``page``, until its script has ended."""
    headers = {"cookie": cookie, "origin": f"http://127.0.0.1:{port}"}
    frames: list[bytes] = []
    with connect(
        f"ws://127.0.0.1:{port}/_stcore/stream", additional_headers=headers, proxy=None, max_size=None,
        subprotocols=["streamlit"],  # type: ignore[list-item]
    ) as opened:  # fmt: skip
        order = BackMsg()
        order.rerun_script.page_name = page
        opened.send(order.SerializeToString())
        while True:
            frame = opened.recv(_WAIT_S)
            assert isinstance(frame, bytes)
            frames.append(frame)
            if ForwardMsg.FromString(frame).WhichOneof("type") == "script_finished":
                return frames
