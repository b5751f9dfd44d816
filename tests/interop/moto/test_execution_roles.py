"""The roles that the gateway makes for people, in an IAM that this project did not write."""

import json

import boto3
import pytest
from conftest import ACCOUNT, Stage
from harness.browser import Browser, code_of
from harness.idp import Person
from harness.shapes import query_params, request_faults, service
from harness.wire import Wire
from harness.world import Domain, IdpEntry, World

BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/StudioBoundary"
BASE = f"arn:aws:iam::{ACCOUNT}:policy/StudioBase"
NLP = f"arn:aws:iam::{ACCOUNT}:policy/NlpData"
BY_HAND = f"arn:aws:iam::{ACCOUNT}:policy/ByHand"
OURS = Domain(
    "nlp",
    "d-nlpaaaaaaaaa",
    ACCOUNT,
    "Linguist",
    execution_role=f"""
permissions_boundary = "{BOUNDARY}"
path = "/studio/"
policies = ["{BASE}"]
tags = {{ team = "nlp" }}

[[domain.execution_role.policy]]
groups = {{ like = "nlp-*" }}
arns = ["{NLP}"]
""",
)
PROBLEM = "application/problem+json"


class WithRoles(Stage):
    """The same, with IAM at moto too."""

    def __init__(self, moto, idp, folder):
        self.moto, self.idp = moto, idp
        self.wire = Wire(moto.url, lambda session: self.world.tell("sessions", session))
        self.iam_wire = Wire(moto.url, lambda role: self.world.tell("roles", role), "iam.amazonaws.com")
        self.world = World(
            folder, [OURS], [IdpEntry(idp.metadata())], sts_endpoint=self.wire.url, iam_endpoint=self.iam_wire.url
        )
        self.iam = moto.client("iam")

    def enter(self, user: str, groups: list[str], accept: str = "text/html"):
        audiences = [self.world.entity_id, "urn:amazon:webservices"]
        response = self.idp.respond(Person(user, [OURS.pair], groups), self.world.acs, audiences, None)
        return Browser(accept=accept).post(self.world.acs, {"SAMLResponse": response})

    def granted(self, user: str, groups: list[str]):
        answer = self.enter(user, groups)
        assert answer.status_code == 303, f"{answer.text[:500]}\n{self.world.gateway_log()[-2000:]}"

    def attached(self, user: str) -> set[str]:
        listed = self.iam.list_attached_role_policies(RoleName=f"studio-{user}")["AttachedPolicies"]
        return {policy["PolicyArn"] for policy in listed}

    def called(self) -> list[str]:
        actions = [exchange["Action"] for exchange in self.iam_wire.exchanges]
        self.iam_wire.exchanges.clear()
        return actions

    def stop(self):
        super().stop()
        self.iam_wire.stop()


@pytest.fixture(scope="module")
def stage(moto, idp, tmp_path_factory):
    stage = WithRoles(moto, idp, tmp_path_factory.mktemp("roles"))
    try:
        document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
        for arn in (BOUNDARY, BASE, NLP, BY_HAND):
            stage.iam.create_policy(PolicyName=arn.rpartition("/")[2], PolicyDocument=json.dumps(document))
        stage.world.start()
        yield stage
    finally:
        stage.stop()


def test_a_role_is_made_as_configured(stage):
    stage.granted("nari", ["nlp-korean"])
    role = stage.iam.get_role(RoleName="studio-nari")["Role"]
    assert role["Arn"] == f"arn:aws:iam::{ACCOUNT}:role/studio/studio-nari"
    assert role["PermissionsBoundary"]["PermissionsBoundaryArn"] == BOUNDARY
    assert role["MaxSessionDuration"] == 3600
    [statement] = role["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "sagemaker.amazonaws.com"}
    assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
    tags = {tag["Key"]: tag["Value"] for tag in role["Tags"]}
    assert tags == {"studiouserid": "nari", "studio-gateway-domain": OURS.domain_id, "team": "nlp"}
    assert stage.attached("nari") == {BASE, NLP}
    [profile] = [profile for profile in stage.world.control("profiles") if profile["name"] == "nari"]
    assert profile["user_settings"]["ExecutionRole"] == role["Arn"]


def test_policies_come_and_go_and_others_stay(stage):
    stage.granted("sora", ["nlp-korean"])
    stage.iam.attach_role_policy(RoleName="studio-sora", PolicyArn=BY_HAND)
    stage.granted("sora", ["vision"])
    assert stage.attached("sora") == {BASE, BY_HAND}
    stage.called()
    stage.granted("sora", ["vision"])
    assert stage.called() == [], "who comes back pays nothing"
    stage.granted("sora", ["nlp-tagalog"])
    assert stage.attached("sora") == {BASE, BY_HAND, NLP}


@pytest.mark.parametrize("change", ["owner", "boundary"])
def test_somebody_elses_role_is_left_alone(stage, change):
    user = f"duri-{change}"
    trust = {"Version": "2012-10-17", "Statement": []}
    tags = [{"Key": "studiouserid", "Value": "mallory" if change == "owner" else user}]
    tags.append({"Key": "studio-gateway-domain", "Value": OURS.domain_id})
    boundary = {} if change == "boundary" else {"PermissionsBoundary": BOUNDARY}
    stage.iam.create_role(
        RoleName=f"studio-{user}", Path="/studio/", AssumeRolePolicyDocument=json.dumps(trust), Tags=tags, **boundary
    )
    stage.called()
    answer = stage.enter(user, ["nlp-korean"], accept=PROBLEM)
    assert (answer.status_code, code_of(answer)) == (409, "execution-role.conflict")
    assert set(stage.called()) == {"GetRole", "ListAttachedRolePolicies"}
    assert stage.attached(user) == set()


def test_requests_have_the_modelled_shape(stage):
    stage.called()
    stage.granted("bora", ["nlp-korean"])
    stage.granted("bora", [])
    iam = service("iam")
    exchanges = stage.iam_wire.exchanges
    assert {exchange["Action"] for exchange in exchanges} == {
        "GetRole",
        "ListAttachedRolePolicies",
        "CreateRole",
        "AttachRolePolicy",
        "DetachRolePolicy",
    }
    for exchange in exchanges:
        assert exchange["Version"] == iam.api_version
        operation = iam.operation_model(exchange["Action"])
        params, unknown = query_params(exchange.form, operation.input_shape)
        assert not unknown, exchange["Action"]
        assert not request_faults(params, operation.input_shape), exchange["Action"]
        # IAM is global: whatever region the domain is in, its calls are signed for one.
        assert "/us-east-1/iam/aws4_request" in exchange.headers["authorization"]


def test_botocore_reads_what_the_embedded_iam_answers(stage):
    """The same client that reads moto reads the embedded IAM, so that the tests that use it rest on real answers."""
    keys = stage.world.credentials
    embedded = boto3.client(
        "iam",
        endpoint_url=stage.world.aws_url,
        region_name="us-east-1",
        aws_access_key_id=keys["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
    )
    trust = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
            ],
        }
    )
    request = {
        "RoleName": "studio-hana",
        "Path": "/studio/",
        "AssumeRolePolicyDocument": trust,
        "PermissionsBoundary": BOUNDARY,
        "Tags": [{"Key": "studiouserid", "Value": "hana"}],
    }
    compared = ("Path", "RoleName", "Arn", "AssumeRolePolicyDocument", "PermissionsBoundary", "Tags")
    answers = []
    for iam in (embedded, stage.iam):
        iam.create_role(**request)
        for arn in (BASE, NLP):
            iam.attach_role_policy(RoleName="studio-hana", PolicyArn=arn)
        role = iam.get_role(RoleName="studio-hana")["Role"]
        pages = iam.get_paginator("list_attached_role_policies").paginate(
            RoleName="studio-hana", PaginationConfig={"PageSize": 1}
        )
        names = sorted(policy["PolicyName"] for page in pages for policy in page["AttachedPolicies"])
        iam.detach_role_policy(RoleName="studio-hana", PolicyArn=NLP)
        failures = []
        for failing in (
            lambda iam=iam: iam.create_role(**request),
            lambda iam=iam: iam.detach_role_policy(RoleName="studio-hana", PolicyArn=NLP),
            lambda iam=iam: iam.get_role(RoleName="studio-nobody"),
        ):
            with pytest.raises(iam.exceptions.ClientError) as failure:
                failing()
            failures.append(failure.value.response["Error"]["Code"])
        answers.append(({key: role[key] for key in compared}, names, failures))
    assert answers[0] == answers[1]
