"""Each kind of event by the OCSF schema, and every event wherever it was sent."""

import base64
import copy
import json
import os
from collections import Counter

import pytest
from conftest import ACCOUNT, AGENT, BUCKET, GROUP, STREAM
from jsonschema import Draft202012Validator
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

VERSION = "1.3.0"
CLASSES = {3001: "account_change", 3002: "authentication", 3004: "entity_management"}


@pytest.fixture(scope="session")
def validators():
    schema = OcsfJsonSchemaEmbedded(get_ocsf_schema(version=VERSION))
    return {uid: Draft202012Validator(schema.get_class_schema(name)) for uid, name in CLASSES.items()}


def faults(validators, event: dict) -> list[str]:
    return [f"{fault.json_path}: {fault.message[:300]}" for fault in validators[event["class_uid"]].iter_errors(event)]


def test_every_event_is_valid(ocsf_day, validators):
    events = ocsf_day.events()
    assert {event["metadata"]["version"] for event in events} == {VERSION}
    wrong = {json.dumps(event): found for event in events if (found := faults(validators, event))}
    assert not wrong, json.dumps(wrong, indent=1)[:4000]
    kinds = Counter((event["class_uid"], event["activity_id"], event["unmapped"]["event"]) for event in events)
    print(json.dumps({str(kind): count for kind, count in kinds.items()}, indent=1))
    for kind in [
        (3002, 1, "sign-in"),
        (3002, 99, "sign-in"),
        (3001, 1, "profile-created"),
        (3001, 99, "profile-tagged"),
        (3001, 1, "execution-role-created"),
        (3001, 7, "execution-role-policy-attached"),
        (3001, 8, "execution-role-policy-detached"),
        (3004, 1, "space-created"),
        (3004, 1, "lifecycle-config-created"),
    ]:
        assert kind in kinds, f"{kind} was not told of: {kinds}"
    codes = {event.get("status_code") for event in events if event["class_uid"] == 3002}
    assert codes >= {
        None,
        "assertion.rejected",
        "entitlement.none",
        "request.malformed",
        "aws.denied",
        "aws.limit",
        "aws.unavailable",
    }


@pytest.mark.parametrize(
    "spoil",
    [
        lambda event: event.pop("user"),
        lambda event: event.update(activity_id=55),
        lambda event: event.update(request="what the schema does not know"),
        lambda event: event["metadata"].pop("product"),
    ],
)
def test_the_schema_tells_a_broken_event(ocsf_day, validators, spoil):
    event = copy.deepcopy(next(event for event in ocsf_day.events() if event["class_uid"] == 3002))
    spoil(event)
    assert faults(validators, event)


def test_a_sign_in_in_the_words_of_ocsf(ocsf_day):
    granted = next(event for event in ocsf_day.events() if event.get("status_id") == 1 and event["class_uid"] == 3002)
    assert granted["type_uid"] == 300201 and granted["auth_protocol"] == "SAML"
    assert granted["user"]["uid"] == "nari" and granted["user"]["account"]["uid"] == ACCOUNT
    assert granted["src_endpoint"] == {"ip": "127.0.0.1"}
    assert granted["http_request"] == {"user_agent": AGENT}
    assert granted["unmapped"]["aws_calls"], "with AWS's request ids"


def test_every_event_is_in_both_sinks(ocsf_day, client):
    told = sorted(event["metadata"]["uid"] for event in ocsf_day.events())
    logged = client("logs").get_log_events(logGroupName=GROUP, logStreamName=STREAM, startFromHead=True)["events"]
    assert sorted(json.loads(event["message"])["metadata"]["uid"] for event in logged) == told
    s3 = client("s3")
    keys = [found["Key"] for found in s3.list_objects_v2(Bucket=BUCKET)["Contents"]]
    text = "".join(s3.get_object(Bucket=BUCKET, Key=key)["Body"].read().decode() for key in keys)
    assert sorted(json.loads(line)["metadata"]["uid"] for line in text.splitlines()) == told


def test_pseudonymised_events_are_valid_too(day_of, validators, tmp_path_factory):
    key = tmp_path_factory.mktemp("key") / "pseudonyms"
    key.write_text(base64.b64encode(os.urandom(32)).decode())
    day = day_of(f'format = "ocsf"\npseudonymise = "file:{key}"')
    events = day.events()
    wrong = {json.dumps(event): found for event in events if (found := faults(validators, event))}
    assert not wrong, json.dumps(wrong, indent=1)[:4000]
    text = json.dumps(events)
    for personal in ("nari", "dohyun", "jisu", "127.0.0.1", "Mozilla"):
        assert personal not in text
