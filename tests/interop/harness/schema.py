"""OASIS' own XML schemas of SAML, as python3-saml ships them."""

import functools
import importlib.util
from pathlib import Path

from lxml import etree


@functools.cache
def schema(name: str) -> etree.XMLSchema:
    """`metadata` or `protocol`, with everything that it imports, from files alone."""
    # Found, not imported: importing it would load libraries that these suites have no use for.
    package = importlib.util.find_spec("onelogin")
    assert package, "python3-saml is not installed: see requirements.txt"
    folder = Path(next(iter(package.submodule_search_locations))) / "saml2/schemas"
    return etree.XMLSchema(etree.parse(folder / f"saml-schema-{name}-2.0.xsd", etree.XMLParser(no_network=True)))


def faults(name: str, document: bytes) -> list[str]:
    """What is wrong with the document, by this schema."""
    judge = schema(name)
    judge.validate(etree.fromstring(document))
    return [f"line {fault.line}: {fault.message}" for fault in judge.error_log]
