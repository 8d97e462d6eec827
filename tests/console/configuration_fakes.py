"""What the Providers screen shows in tests: the real facade on memory stores."""

from router_core.admin.configuration import ConfigurationDesk
from router_core.admin.provider_keys import ProviderKeyDesk
from tests.support.configuration_desk import DeskRig, configuration_desk

__all__ = ["ConfigurationDouble"]


class ConfigurationDouble:
    """The configuration of a console backend; ``rig`` is what stands behind it."""

    def __init__(self) -> None:
        self.rig: DeskRig = configuration_desk()

    @property
    def configuration(self) -> ConfigurationDesk:
        return self.rig.desk

    @property
    def provider_keys(self) -> ProviderKeyDesk:
        return self.rig.keys
