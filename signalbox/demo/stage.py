"""What has to stand before the demo's server starts: its folder, its simulator, and settings that point there."""

from types import TracebackType
from typing import Self

from signalbox.demo.facts import DemoFacts, DemoFolder
from signalbox.demo.settings import demo_settings
from signalbox.demo.simulator_process import SimulatorProcess
from signalbox.settings import Settings

__all__ = ["DemoStage"]


class DemoStage:
    """Use it as a context manager; ``earlier`` is what an earlier demo left in the folder."""

    def __init__(self, settings: Settings) -> None:
        self.folder = DemoFolder(settings.data_dir)
        self.simulator = SimulatorProcess()
        self.settings = demo_settings(settings, self.simulator.url)
        self.earlier: DemoFacts | None = None

    def __enter__(self) -> Self:
        self.earlier = self.folder.claim()
        self.simulator.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.folder.withdraw()
        self.simulator.__exit__(kind, error, trace)
