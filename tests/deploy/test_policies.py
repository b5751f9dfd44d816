"""The policies in the templates are those that the command prints, and its other formats say the same."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cfnlint.decode.cfn_yaml as cfn_yaml
import hcl2
import pytest
from cfnlint.api import lint_all
from conftest import ROOT
from template import Template

DOMAIN = {"DomainId": "d-abcdefghijkl", "DomainRegion": "ap-northeast-2"}
ROLE = "arn:aws:iam::111122223333:role/"
SERVICE = DOMAIN | {"ExecutionRoleArn": f"{ROLE}StudioExecution", "Spaces": "true"}
PROVISIONER = {
    "AWS::AccountId": "444455556666",
    "DomainId": "d-vision444455",
    "DomainRegion": "ap-northeast-2",
    "GatewayRoleArn": f"{ROLE}StudioGateway",
    "ExternalId": "studio-gateway/vision",
    "ExecutionRoleName": "",
    "Reconcile": "true",
    "Spaces": "true",
    "PresignByService": "true",
    "PermissionsBoundaryArn": "arn:aws:iam::444455556666:policy/StudioBoundary",
    "DeclaredPolicyArns": "arn:aws:iam::444455556666:policy/NlpData,arn:aws:iam::444455556666:policy/StudioBase",
}
NETWORK = {
    "DomainId": "d-abcdefghijkl",
    "GatewayRoleArn": f"{ROLE}StudioGateway",
    "FederatedRoleArn": f"{ROLE}DataScientist",
    "ExecutionRoleArn": f"{ROLE}StudioExecution",
    "Spaces": "true",
    "NotebookInstances": "*-notebook",
}
NOTEBOOKS = {"NotebookInstances": "*-notebook"}
FEDERATED = DOMAIN | {"AcsUrl": "https://studio.example.com/saml/acs"}
INLINE = ("Policies", 0, "PolicyDocument")
TRUST = ("AssumeRolePolicyDocument",)

RECONCILE = {"Reconcile": "true"}
# The example has a space; a variant of it has none.
NO_SPACES = {"Spaces": "false"}


def optional(index: int) -> tuple[str | int, ...]:
    """An inline policy that is there under a condition."""
    return ("Policies", index, "Fn::If", 1, "PolicyDocument")


# policies.api_principals, which the endpoint policy of the template leaves to whoever needs it.
ENDPOINT_OWN = {"TheseCallSageMaker"}

# What the service templates leave to whoever has places for audit events (docs/audit.md).
AUDIT = {"TellCloudWatchLogs", "TellFirehose", "TellEventBridge"}

# Template, its parameters, the resource, where in its properties, the example, the policy, and the statements that the
# template does without.
SAME: list[tuple[str, dict[str, str], str, tuple[str | int, ...], str, str, set[str]]] = [
    ("iam/federated-roles.yaml", FEDERATED, "FederatedRole", TRUST, "example", "trust-policy", set()),
    ("iam/federated-roles.yaml", FEDERATED, "FederatedRole", INLINE, "example", "federated-role-policy", set()),
    (
        "iam/federated-roles.yaml",
        FEDERATED | NOTEBOOKS,
        "FederatedRole",
        optional(1),
        "example",
        "notebook-people-policy",
        set(),
    ),
    ("iam/provisioner.yaml", PROVISIONER, "Provisioner", TRUST, "team-account", "provisioner-trust-policy", set()),
    ("iam/provisioner.yaml", PROVISIONER, "Provisioner", INLINE, "team-account", "provisioner-policy", set()),
    ("iam/provisioner.yaml", PROVISIONER, "Provisioner", optional(1), "team-account", "service-presign-policy", set()),
    ("iam/provisioner.yaml", PROVISIONER, "Provisioner", optional(2), "team-account", "execution-roles-policy", set()),
    ("container/service.yaml", SERVICE, "TaskRole", INLINE, "example", "gateway-policy", AUDIT),
    ("container/service.yaml", SERVICE | RECONCILE, "TaskRole", INLINE, "reconciling", "gateway-policy", AUDIT),
    ("container/service.yaml", SERVICE | NO_SPACES, "TaskRole", INLINE, "spaceless", "gateway-policy", AUDIT),
    ("lambda/template.yaml", SERVICE, "Role", INLINE, "example", "gateway-policy", AUDIT),
    (
        "container/service.yaml",
        SERVICE | NOTEBOOKS,
        "TaskRole",
        optional(1),
        "example",
        "notebook-gateway-policy",
        set(),
    ),
    ("lambda/template.yaml", SERVICE | NOTEBOOKS, "Role", optional(1), "example", "notebook-gateway-policy", set()),
    ("lambda/template.yaml", SERVICE | NO_SPACES, "Role", INLINE, "spaceless", "gateway-policy", AUDIT),
    ("lambda/template.yaml", SERVICE | RECONCILE, "Role", INLINE, "reconciling", "gateway-policy", AUDIT),
    (
        "container/network.yaml",
        NETWORK,
        "SageMakerApi",
        ("PolicyDocument",),
        "example",
        "api-endpoint",
        ENDPOINT_OWN,
    ),
    (
        "container/network.yaml",
        NETWORK | RECONCILE,
        "SageMakerApi",
        ("PolicyDocument",),
        "reconciling",
        "api-endpoint",
        ENDPOINT_OWN,
    ),
    (
        "container/network.yaml",
        NETWORK | NO_SPACES,
        "SageMakerApi",
        ("PolicyDocument",),
        "spaceless",
        "api-endpoint",
        ENDPOINT_OWN,
    ),
]


@pytest.mark.parametrize(("template", "given", "resource", "place", "example", "name", "without"), SAME)
def test_a_template_has_the_policy_that_is_printed(
    examples: dict[str, dict[str, Any]],
    template: str,
    given: dict[str, str],
    resource: str,
    place: tuple[str | int, ...],
    example: str,
    name: str,
    without: set[str],
) -> None:
    document = Template(ROOT / "deploy" / template, given).at("Resources", resource, "Properties", *place)
    expected = [one for one in examples[example][name]["Statement"] if one["Sid"] not in without]
    assert document["Statement"] == expected


@pytest.mark.parametrize(
    ("template", "role"), [("container/service.yaml", "TaskRole"), ("lambda/template.yaml", "Role")]
)
def test_the_service_may_take_the_provisioner_roles_that_are_named(
    examples: dict[str, dict[str, Any]], template: str, role: str
) -> None:
    arn = "arn:aws:iam::444455556666:role/studio-gateway-provisioner"
    given = SERVICE | {"ProvisionerRoleArns": arn}
    document = Template(ROOT / "deploy" / template, given).at("Resources", role, "Properties", *INLINE)
    found = [canonical(one) for one in document["Statement"] if one["Sid"] == "TakeTheProvisionerRoles"]
    printed = examples["team-account"]["gateway-policy"]["Statement"]
    assert found == [canonical(one) for one in printed if one["Sid"] == "TakeTheProvisionerRoles"]


def test_without_an_external_id_none_is_asked_for() -> None:
    given = PROVISIONER | {"ExternalId": ""}
    document = Template(ROOT / "deploy/iam/provisioner.yaml", given).at(
        "Resources", "Provisioner", "Properties", *TRUST
    )
    assert [(one["Sid"], one.get("Condition")) for one in document["Statement"]] == [("TheGateway", None)]


def plain(value: Any) -> Any:
    """As JSON, without the positions that cfn-lint keeps."""
    return json.loads(json.dumps(value))


def test_the_cloudformation_format_is_a_template_of_these_policies(
    printed: Callable[..., str], policies: dict[str, Any], tmp_path: Path
) -> None:
    path = tmp_path / "policies.yaml"
    path.write_text(printed("--format", "cloudformation"))
    # Rules that begin with I are hints.
    assert [str(fault) for fault in lint_all(path.read_text()) if not fault.rule.id.startswith("I")] == []
    places = ["PolicyDocument", "AssumeRolePolicyDocument", "Content", "KeyPolicy"]
    resources = cfn_yaml.load(str(path))["Resources"].values()
    documents = [plain(one["Properties"][place]) for one in resources for place in places if place in one["Properties"]]
    assert documents == list(policies.values())


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def canonical(statement: dict[str, Any]) -> dict[str, Any]:
    """Single values and lists of one mean the same."""
    principal = statement.get("Principal", {})
    principal = {"*": ["*"]} if principal == "*" else {kind: as_list(one) for kind, one in principal.items()}
    condition = statement.get("Condition", {})
    return {
        "Sid": statement["Sid"],
        "Effect": statement["Effect"],
        "Action": as_list(statement["Action"]),
        "Resource": as_list(statement.get("Resource", [])),
        "Principal": principal,
        "Condition": {(test, key): as_list(values) for test, keys in condition.items() for key, values in keys.items()},
    }


def unquoted(value: Any) -> Any:
    """hcl2 keeps the quotes of texts, and adds keys of its own."""
    if isinstance(value, dict):
        return {unquoted(key): unquoted(item) for key, item in value.items() if not key.startswith("__")}
    if isinstance(value, list):
        return [unquoted(item) for item in value]
    if isinstance(value, str) and value.startswith('"'):
        return json.loads(value)
    return value


def of_terraform(statement: dict[str, Any]) -> dict[str, Any]:
    """A statement block, as the AWS provider reads it."""
    text = json.dumps(statement).replace("&{", "${")
    block = json.loads(text)
    return {
        "Sid": block["sid"],
        "Effect": block["effect"],
        "Action": block["actions"],
        "Resource": block.get("resources", []),
        "Principal": {one["type"]: one["identifiers"] for one in block.get("principals", [])},
        "Condition": {(one["test"], one["variable"]): one["values"] for one in block.get("condition", [])},
    }


def test_the_terraform_format_says_the_same(printed: Callable[..., str], policies: dict[str, Any]) -> None:
    text = printed("--format", "terraform")
    assert "${" not in text, "Terraform would take it for its own"
    found = {}
    for block in unquoted(hcl2.loads(text))["data"]:
        for name, body in block["aws_iam_policy_document"].items():
            found[name] = [of_terraform(statement) for statement in body["statement"]]
    expected = {
        name.replace("-", "_"): [canonical(statement) for statement in policy["Statement"]]
        for name, policy in policies.items()
    }
    assert found == expected


def test_service_control_policies_are_short_enough(printed: Callable[..., str]) -> None:
    lines = [line for line in printed("--format", "scp").splitlines() if line.startswith("{")]
    assert len(lines) >= 9
    for line in lines:
        assert len(line) <= 5120, "the quota of Organizations"
        assert {statement["Effect"] for statement in json.loads(line)["Statement"]} == {"Deny"}
