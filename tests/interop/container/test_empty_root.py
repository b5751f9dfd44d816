"""What `docker build` makes, without Docker: a static binary that needs nothing else to sign somebody in."""

import os
import subprocess

from conftest import RESEARCH, USER
from harness.browser import Browser, Form
from harness.idp import Idp, Person, certificate_for, pem
from harness.process import binary
from harness.sign_in import arrive
from harness.world import IdpEntry


def sign_in(image, idp: Idp, user: str):
    fields = {"SAMLResponse": idp.respond(Person(user, [RESEARCH.pair]), image.acs, [image.entity_id])}
    browser = Browser()
    arrive(image, browser, browser.submit(Form(image.acs, "post", fields)), user, RESEARCH)


def run(image, *arguments) -> subprocess.CompletedProcess:
    command = [str(part) for part in image.inside(*arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=30)


def test_the_binary_needs_no_library():
    kind = subprocess.run(["file", "-L", binary()], capture_output=True, text=True, check=True).stdout
    assert "statically linked" in kind or "static-pie linked" in kind, kind
    assert "not stripped" not in kind, kind
    libraries = subprocess.run(["ldd", binary()], capture_output=True, text=True)
    said = libraries.stdout + libraries.stderr
    assert "statically linked" in said or "not a dynamic executable" in said, said
    headers = subprocess.run(["readelf", "--program-headers", binary()], capture_output=True, text=True, check=True)
    assert "INTERP" not in headers.stdout and "GNU_STACK" in headers.stdout


def test_a_sign_in_with_nothing_else_in_the_root_folder(image):
    idp = Idp()
    image = image([IdpEntry(idp.metadata())])
    image.start()
    sign_in(image, idp, "alice")
    gateway = image.running[-1]
    status = dict(
        line.split(":", 1) for line in open(f"/proc/{gateway.child.pid}/status").read().splitlines() if ":" in line
    )
    assert set(status["Uid"].split()) == {str(USER)} and set(status["Gid"].split()) == {str(USER)}
    assert int(status["CapEff"], 16) == int(status["CapPrm"], 16) == 0 and status["NoNewPrivs"].strip() == "1"
    assert os.readlink(f"/proc/{gateway.child.pid}/root") == str(image.root)
    everything = {str(path.relative_to(image.root)) for path in image.root.rglob("*") if path.is_file()}
    settings = {name for name in everything if name.startswith("etc/studio-gateway/")}
    assert everything - settings == {"studio-gateway"}

    # The health check of the image, and its end.
    configuration = f"/etc/studio-gateway/gateway-{image.gateway_port}.toml"
    healthy = run(image, "health", "--config", configuration)
    assert (healthy.returncode, healthy.stdout, healthy.stderr) == (0, "", "")
    assert gateway.stop() == 0
    ill = run(image, "health", "--config", configuration)
    assert ill.returncode == 1 and "no answer from http://127.0.0.1:" in ill.stderr


def test_a_name_is_looked_up_where_the_runtime_puts_names(image):
    """A static build has to do without the machine's resolver."""
    idp = Idp()
    image = image([IdpEntry(idp.metadata())])
    image.sts_endpoint = f"http://aws.test:{image.aws_port}"
    (image.root / "etc/hosts").write_text("127.0.0.1 aws.test\n")
    image.start()
    sign_in(image, idp, "alice")


def test_what_comes_by_https_needs_the_ca_bundle(image):
    idp = Idp()
    metadata = {"metadata_url": "https://127.0.0.1:1/metadata"}
    image = image([IdpEntry(idp.metadata(), from_file=False, options=metadata)])
    code, said = image.refuse_to_start()
    assert code == 1 and "ca-certificates.crt" in said, said
    bundle = image.root / "etc/ssl/certs/ca-certificates.crt"
    bundle.parent.mkdir(parents=True)
    bundle.write_text(pem(certificate_for(idp.key, "authority")))
    code, said = image.refuse_to_start()
    assert code == 1 and "refused" in said.lower(), said
