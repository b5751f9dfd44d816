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
    entity_id = "https://idp.interop.test/metadata"
    sso = "https://idp.interop.test/sso"

    def __init__(self):
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "idp.interop.test")])
        self.certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now() - datetime.timedelta(days=1))
            .not_valid_after(now() + datetime.timedelta(days=365))
            .sign(self.key, hashes.SHA256())
        )

    def metadata(self) -> bytes:
        der = base64.b64encode(self.certificate.public_bytes(serialization.Encoding.DER)).decode()
        return f"""<md:EntityDescriptor xmlns:md="{MD}" xmlns:ds="{DS}" entityID="{self.entity_id}">
  <md:IDPSSODescriptor WantAuthnRequestsSigned="false" protocolSupportEnumeration="{SAMLP}">
    <md:KeyDescriptor use="signing">
      <ds:KeyInfo><ds:X509Data><ds:X509Certificate>{der}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>
    </md:KeyDescriptor>
    <md:NameIDFormat>{PERSISTENT}</md:NameIDFormat>
    <md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="{self.sso}"/>
  </md:IDPSSODescriptor>
</md:EntityDescriptor>
""".encode()

    def respond(self, person: Person, acs: str, audiences: list[str], request: AuthnRequest | None = None) -> str:
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

        signer = XMLSigner(
            method=SignatureConstructionMethod.enveloped,
            signature_algorithm="rsa-sha256",
            digest_algorithm="sha256",
            c14n_algorithm=EXCLUSIVE,
        )
        pem = self.certificate.public_bytes(serialization.Encoding.PEM).decode()
        signed = signer.sign(
            assertion, key=self.key, cert=pem, reference_uri="#" + assertion.get("ID"), id_attribute="ID"
        )

        response = etree.Element(
            f"{{{SAMLP}}}Response",
            {"ID": "_" + secrets.token_hex(16), "Version": "2.0", "IssueInstant": issued, "Destination": acs}
            | answering,
            nsmap={"samlp": SAMLP, "saml": SAML},
        )
        add(response, "Issuer", self.entity_id)
        status = etree.SubElement(response, f"{{{SAMLP}}}Status")
        etree.SubElement(status, f"{{{SAMLP}}}StatusCode", Value="urn:oasis:names:tc:SAML:2.0:status:Success")
        response.append(signed)
        return base64.b64encode(etree.tostring(response)).decode()


def add(parent: etree._Element, tag: str, text: str | None = None, **attributes) -> etree._Element:
    element = etree.SubElement(parent, f"{{{SAML}}}{tag}", attributes)
    element.text = text
    return element
