"""An identity provider in Python: lxml builds, signxml signs. A second opinion on what a SAML response looks like."""

import base64
import datetime
import secrets
import zlib
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from lxml import etree
from signxml import SignatureConstructionMethod, XMLSigner

SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
SAMLP = "urn:oasis:names:tc:SAML:2.0:protocol"
MD = "urn:oasis:names:tc:SAML:2.0:metadata"
DS = "http://www.w3.org/2000/09/xmldsig#"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
AWS = "https://aws.amazon.com/SAML/Attributes/"
HTTP_POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
HTTP_REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"


def now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def stamp(moment: datetime.datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def certificate_for(key, common_name: str, days: int = 366) -> x509.Certificate:
    """Self-signed, valid from yesterday on; `days` of 0 make one that has expired by now."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    yesterday = now() - datetime.timedelta(days=1)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(yesterday)
        .not_valid_after(yesterday + (datetime.timedelta(days=days) if days else datetime.timedelta(hours=1)))
        .sign(key, hashes.SHA256())
    )


def pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def der(certificate: x509.Certificate) -> str:
    """As metadata carries it: in base64."""
    return base64.b64encode(certificate.public_bytes(serialization.Encoding.DER)).decode()


def sign(element: etree._Element, key, certificate: x509.Certificate) -> etree._Element:
    """Signed where `placeholder` stands, or else where signxml puts it: at the end."""
    signer = XMLSigner(
        method=SignatureConstructionMethod.enveloped,
        signature_algorithm="rsa-sha256",
        digest_algorithm="sha256",
        c14n_algorithm=EXCLUSIVE,
    )
    reference = "#" + element.get("ID")
    return signer.sign(element, key=key, cert=pem(certificate), reference_uri=reference, id_attribute="ID")


@dataclass
class Person:
    """Whom the IdP speaks about."""

    user_id: str
    roles: list[str]
    groups: list[str] = field(default_factory=list)

    def attributes(self) -> list[tuple[str, list[str]]]:
        return [
            (AWS + "Role", self.roles),
            (AWS + "RoleSessionName", [self.user_id]),
            (AWS + "PrincipalTag:studiouserid", [self.user_id]),
            (AWS + "SessionDuration", ["3600"]),
            ("groups", self.groups or ["everyone"]),
        ]


@dataclass
class AuthnRequest:
    """What the gateway asked for, read from its redirect."""

    id: str
    issuer: str
    acs: str
    destination: str
    relay_state: str | None

    @classmethod
    def from_redirect(cls, location: str) -> "AuthnRequest":
        query = parse_qs(urlsplit(location).query, strict_parsing=True)
        assert all(len(values) == 1 for values in query.values()), query.keys()
        inflated = zlib.decompress(base64.b64decode(query["SAMLRequest"][0], validate=True), -15)
        root = etree.fromstring(inflated)
        assert root.tag == f"{{{SAMLP}}}AuthnRequest" and root.get("Version") == "2.0"
        return cls(
            root.get("ID"),
            root.findtext(f"{{{SAML}}}Issuer"),
            root.get("AssertionConsumerServiceURL"),
            root.get("Destination"),
            query.get("RelayState", [None])[0],
        )


class Idp:
    """`name` makes its entity ID and its addresses. `days` is how long its certificate is valid from yesterday on."""

    def __init__(self, name: str = "idp", days: int = 366):
        self.entity_id = f"https://{name}.interop.test/metadata"
        self.sso = f"https://{name}.interop.test/sso"
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.certificate = certificate_for(self.key, f"{name}.interop.test", days)

    def metadata(self, attributes: str = "", certificates: list | None = None) -> bytes:
        """Its EntityDescriptor, with further attributes, and with certificates other than its own."""
        keys = "".join(
            f"""
    <md:KeyDescriptor use="signing">
      <ds:KeyInfo><ds:X509Data><ds:X509Certificate>{der(certificate)}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>
    </md:KeyDescriptor>"""
            for certificate in ([self.certificate] if certificates is None else certificates)
        )
        return f"""<md:EntityDescriptor xmlns:md="{MD}" xmlns:ds="{DS}" entityID="{self.entity_id}" {attributes}>
  <md:IDPSSODescriptor WantAuthnRequestsSigned="false" protocolSupportEnumeration="{SAMLP}">{keys}
    <md:NameIDFormat>{PERSISTENT}</md:NameIDFormat>
    <md:SingleSignOnService Binding="{HTTP_REDIRECT}" Location="{self.sso}"/>
    <md:SingleSignOnService Binding="{HTTP_POST}" Location="{self.sso}"/>
  </md:IDPSSODescriptor>
</md:EntityDescriptor>
""".encode()

    def respond(
        self,
        person: Person,
        acs: str,
        audiences: list[str],
        request: AuthnRequest | None = None,
        response_issuer: str | None = None,
    ) -> str:
        """The base64 of a response whose assertion is signed, for the form field SAMLResponse."""
        moment = now()
        issued, until = stamp(moment), stamp(moment + datetime.timedelta(minutes=5))
        answering = {"InResponseTo": request.id} if request else {}

        assertion = etree.Element(
            f"{{{SAML}}}Assertion",
            {"ID": "_" + secrets.token_hex(16), "Version": "2.0", "IssueInstant": issued},
            nsmap={"saml": SAML},
        )
        add(assertion, "Issuer", self.entity_id)
        # signxml puts the signature where this stands: after the Issuer, as the schema has it.
        etree.SubElement(assertion, f"{{{DS}}}Signature", {"Id": "placeholder"}, nsmap={"ds": DS})
        subject = add(assertion, "Subject")
        add(subject, "NameID", person.user_id, Format=PERSISTENT)
        confirmation = add(subject, "SubjectConfirmation", Method="urn:oasis:names:tc:SAML:2.0:cm:bearer")
        add(confirmation, "SubjectConfirmationData", NotOnOrAfter=until, Recipient=acs, **answering)
        conditions = add(assertion, "Conditions", NotBefore=issued, NotOnOrAfter=until)
        restriction = add(conditions, "AudienceRestriction")
        for audience in audiences:
            add(restriction, "Audience", audience)
        authn = add(assertion, "AuthnStatement", AuthnInstant=issued, SessionIndex="_" + secrets.token_hex(16))
        add(add(authn, "AuthnContext"), "AuthnContextClassRef", "urn:oasis:names:tc:SAML:2.0:ac:classes:Password")
        statement = add(assertion, "AttributeStatement")
        for name, values in person.attributes():
            attribute = add(statement, "Attribute", Name=name)
            for value in values:
                add(attribute, "AttributeValue", value)

        signed = sign(assertion, self.key, self.certificate)

        response = etree.Element(
            f"{{{SAMLP}}}Response",
            {"ID": "_" + secrets.token_hex(16), "Version": "2.0", "IssueInstant": issued, "Destination": acs}
            | answering,
            nsmap={"samlp": SAMLP, "saml": SAML},
        )
        add(response, "Issuer", response_issuer or self.entity_id)
        status = etree.SubElement(response, f"{{{SAMLP}}}Status")
        etree.SubElement(status, f"{{{SAMLP}}}StatusCode", Value="urn:oasis:names:tc:SAML:2.0:status:Success")
        response.append(signed)
        return base64.b64encode(etree.tostring(response)).decode()


def add(parent: etree._Element, tag: str, text: str | None = None, **attributes) -> etree._Element:
    element = etree.SubElement(parent, f"{{{SAML}}}{tag}", attributes)
    element.text = text
    return element
