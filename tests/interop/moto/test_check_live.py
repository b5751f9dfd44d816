"""`check --live` against an AWS that this project did not write: what it asks is understood, and what it is told is
read right."""

import json
import subprocess

import boto3
import pytest
from conftest import ACCOUNT, policy
from harness.idp import Idp
from harness.process import binary

REGION = "ap-northeast-2"
ROLE = "LiveDataScientist"
EXECUTION = f"arn:aws:iam::{ACCOUNT}:role/LiveExecution"
PROVIDER = f"arn:aws:iam::{ACCOUNT}:saml-provider/live"
KEYS = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret"}


class Account:
    """What an admin has set up, and the configuration that goes with it."""

    url = "https://studio.example.com"

    def __init__(self, moto, idp, folder):
        self.moto, self.folder = moto, folder
        self.iam, self.sagemaker, self.dynamodb = (self.client(name) for name in ("iam", "sagemaker", "dynamodb"))
        self.metadata = idp.metadata().decode()
        self.iam.create_saml_provider(SAMLMetadataDocument=self.metadata, Name="live")
        self.iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=self.trust(), MaxSessionDuration=43200)
        self.iam.create_role(RoleName="LiveExecution", AssumeRolePolicyDocument=sagemaker_trust())
        self.domain_id = self.sagemaker.create_domain(
            DomainName="live",
            AuthMode="IAM",
            DefaultUserSettings={"ExecutionRole": EXECUTION},
            SubnetIds=["subnet-0"],
            VpcId="vpc-0",
            AppNetworkAccessType="VpcOnly",
            DomainSettings={"ExecutionRoleIdentityConfig": "USER_PROFILE_NAME"},
        )["DomainArn"].split("/")[-1]
        self.dynamodb.create_table(
            TableName="live-ledger",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )

    def client(self, name):
        keys = {"aws_access_key_id": KEYS["AWS_ACCESS_KEY_ID"], "aws_secret_access_key": "secret"}
        return boto3.client(name, endpoint_url=self.moto.url, region_name=REGION, **keys)

    def trust(self) -> str:
        return policy("trust-policy", self).replace("saml-provider/corp", "saml-provider/live")

    def look(self) -> dict[str, tuple[str, str]]:
        """Level and words of each finding."""
        (self.folder / "idp.xml").write_text(self.metadata)
        (self.folder / "gateway.toml").write_text(f"""
[gateway]
listen = "127.0.0.1:0"
public_url = "{self.url}"
[[idp]]
key = "live"
metadata_file = "idp.xml"
saml_providers = ["{PROVIDER}"]
[aws]
sts_endpoint = "{self.moto.url}"
sagemaker_endpoint = "{self.moto.url}"
iam_endpoint = "{self.moto.url}"
service_quotas_endpoint = "{self.moto.url}"
[[domain]]
key = "research"
domain_id = "{self.domain_id}"
region = "{REGION}"
roles = ["arn:aws:iam::{ACCOUNT}:role/{ROLE}"]
[domain.profile]
execution_role = "{EXECUTION}"
[[rule]]
name = "Everyone"
everyone = true
allow = "research"
[replay]
ledger = "dynamodb"
[replay.dynamodb]
table = "live-ledger"
endpoint = "{self.moto.url}"
""")
        command = [binary(), "check", "--live", "--json", "--config", self.folder / "gateway.toml"]
        done = subprocess.run(command, capture_output=True, text=True, env=KEYS, check=False, timeout=120)
        assert done.returncode in (0, 1), done.stderr
        found = json.loads(done.stdout)["findings"]
        return {one["id"]: (one["level"], one["says"]) for one in found}


def sagemaker_trust() -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture(scope="module")
def account(moto, idp, tmp_path_factory):
    return Account(moto, idp, tmp_path_factory.mktemp("live"))


def test_what_is_there_is_found(account):
    found = account.look()
    well = [
        "gateway.credentials",
        "gateway.clock",
        "ledger.claim",
        "ledger.table",
        "saml-provider.exists",
        "saml-provider.entity-id",
        "saml-provider.certificates",
        "role.exists",
        "role.trust",
        "role.saml-aud",
        "role.session-duration",
        "domain.status",
        "domain.auth-mode",
        "domain.network",
        "domain.identity",
        "execution-role.exists",
        "execution-role.trust",
    ]
    assert {id: found.get(id, ("missing", ""))[0] for id in well} == dict.fromkeys(well, "ok"), found
    assert found["domain.encryption"][0] == "warning"
    assert found["ledger.expiry"][0] == "warning"


def test_time_to_live_is_read(account):
    account.dynamodb.update_time_to_live(
        TableName="live-ledger", TimeToLiveSpecification={"Enabled": True, "AttributeName": "exp"}
    )
    assert account.look()["ledger.expiry"][0] == "ok"


def test_a_trust_policy_for_others_is_told(account):
    account.iam.update_assume_role_policy(
        RoleName=ROLE, PolicyDocument=account.trust().replace(f"{account.url}/saml/acs", "https://other.example.com")
    )
    try:
        found = account.look()
        assert found["role.saml-aud"][0] == "error" and found["role.trust"][0] == "ok", found
    finally:
        account.iam.update_assume_role_policy(RoleName=ROLE, PolicyDocument=account.trust())
    assert account.look()["role.saml-aud"][0] == "ok"


def test_a_provider_with_another_key_is_told(account):
    account.iam.update_saml_provider(SAMLProviderArn=PROVIDER, SAMLMetadataDocument=Idp().metadata().decode())
    found = account.look()
    assert found["saml-provider.certificates"][0] == "error", found


def test_what_is_gone_is_told(account):
    account.iam.delete_role(RoleName=ROLE)
    account.iam.delete_saml_provider(SAMLProviderArn=PROVIDER)
    found = account.look()
    assert found["role.exists"][0] == "error" and found["saml-provider.exists"][0] == "error", found
