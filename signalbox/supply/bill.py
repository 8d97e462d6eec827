"""The bill of materials in CycloneDX's JSON, version 1.6."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from cyclonedx.factory.license import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from signalbox.supply.installed import ROOT, Part
from signalbox.supply.locked import LockedHashes

__all__ = ["FILES_DIGEST", "bill_of_materials"]

FILES_DIGEST: Final = "signalbox:files-sha256"
"""The property with the digest over a part's installed files; compare it between two machines."""

_ALGORITHMS: Final = {
    "sha256": HashAlgorithm.SHA_256, "sha384": HashAlgorithm.SHA_384, "sha512": HashAlgorithm.SHA_512,
}  # fmt: skip


def bill_of_materials(parts: Sequence[Part], lock: LockedHashes, serial: UUID, now: datetime) -> str:
    """Return the document for ``parts``, of which the program itself is one.

    A part's hashes are those of the archive that it was installed from where the installer noted them, else that of
    the archive in ``lock`` with the same version and tags.
    """
    made = {part.name: _component(part, lock) for part in parts}
    bom = Bom(
        components=[each for name, each in made.items() if name != ROOT],
        serial_number=serial,
        metadata=BomMetaData(component=made[ROOT], timestamp=now),
    )
    for part in parts:
        bom.register_dependency(made[part.name], [made[name] for name in part.requires])
    return JsonV1Dot6(bom).output_as_string(indent=2) + "\n"


def _component(part: Part, lock: LockedHashes) -> Component:
    purl = PackageURL("pypi", None, part.name, part.version)
    return Component(
        name=part.name,
        version=part.version,
        type=ComponentType.APPLICATION if part.name == ROOT else ComponentType.LIBRARY,
        bom_ref=purl.to_string(),
        purl=purl,
        description=part.summary or None,
        licenses=[LicenseFactory().make_from_string(part.licence)] if part.licence else (),
        hashes=_hashes(part, lock),
        properties=[Property(name=FILES_DIGEST, value=part.files)] if part.files else (),
    )


def _hashes(part: Part, lock: LockedHashes) -> list[HashType]:
    noted = {name: digest for name, digest in part.archive.items() if name in _ALGORITHMS}
    locked = None if noted else lock.of(part)
    found = noted if locked is None else {"sha256": locked}
    return [HashType(alg=_ALGORITHMS[name], content=digest) for name, digest in found.items()]
