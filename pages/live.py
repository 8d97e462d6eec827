"""Live: traffic, errors, latency, money and load of all processes."""

from console.identity import require
from console.live.page import draw_page

require("live")
draw_page()
