"""The entry script: the gate, the sidebar, and the page that was asked for."""

from console.shell import run_console

run_console()
