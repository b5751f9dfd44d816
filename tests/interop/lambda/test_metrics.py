"""What each answer tells CloudWatch: lines in the embedded metric format, by its specification."""

import json

from front_ends import HttpApi, Request
from jsonschema import Draft202012Validator

# "Specification: Embedded metric format" of the CloudWatch Logs guide, in JSON Schema.
NAME = {"type": "string", "minLength": 1, "maxLength": 1024}
METRIC = {
    "type": "object",
    "required": ["Name"],
    "properties": {
        "Name": NAME,
        "Unit": {"enum": ["Count", "Seconds", "None"]},
        "StorageResolution": {"enum": [1, 60]},
    },
    "additionalProperties": False,
}
DIRECTIVE = {
    "type": "object",
    "required": ["Namespace", "Dimensions", "Metrics"],
    "properties": {
        "Namespace": {"const": "StudioGateway"},
        "Dimensions": {
            "type": "array",
            "minItems": 1,
            "items": {"type": "array", "maxItems": 30, "items": {"type": "string", "minLength": 1, "maxLength": 250}},
        },
        "Metrics": {"type": "array", "minItems": 1, "maxItems": 100, "items": METRIC},
    },
    "additionalProperties": False,
}
ROOT = {
    "type": "object",
    "required": ["_aws"],
    "properties": {
        "_aws": {
            "type": "object",
            "required": ["Timestamp", "CloudWatchMetrics"],
            "properties": {
                "Timestamp": {"type": "integer", "minimum": 1_500_000_000_000},
                "CloudWatchMetrics": {"type": "array", "items": DIRECTIVE},
            },
        }
    },
}
EMF = Draft202012Validator(ROOT)
FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}


def told(function) -> list[dict]:
    lines = [json.loads(line) for line in function.log().splitlines() if line.startswith("{") and '"_aws"' in line]
    for line in lines:
        EMF.validate(line)
        for directive in line["_aws"]["CloudWatchMetrics"]:
            for names in directive["Dimensions"]:
                # Targets of the specification: dimensions are texts, metrics are numbers or up to a hundred of them.
                assert all(isinstance(line[name], str) and 0 < len(line[name]) <= 1024 for name in names), line
            for metric in directive["Metrics"]:
                values = line[metric["Name"]]
                values = values if isinstance(values, list) else [values]
                assert len(values) <= 100 and all(isinstance(value, (int, float)) for value in values), line
    return lines


def test_every_answer_tells_its_metrics(function):
    before = len(told(function))
    answer = function.ask(HttpApi(), Request("POST", function.world.acs, FORM, b"SAMLResponse=%25%25%25"))
    assert answer.status == 400
    lines = told(function)[before:]
    refused = next(line for line in lines if "sign_ins_total" in line)
    assert (refused["outcome"], refused["code"], refused["sign_ins_total"]) == ("refused", "request.malformed", 1)
    answered = next(line for line in lines if "http_requests_total" in line)
    assert (answered["route"], answered["method"], answered["status"]) == ("/saml/acs", "POST", "400")
    assert next(line for line in lines if "http_request_seconds" in line)["route"] == "/saml/acs"


def test_a_sign_in_tells_its_calls_and_the_certificates(function):
    fields = f"SAMLResponse={function.response('yerin')}".replace("+", "%2B").replace("=", "%3D").replace("%3D", "=", 1)
    assert function.ask(HttpApi(), Request("POST", function.world.acs, FORM, fields.encode())).status == 200
    lines = told(function)
    called = {line["api"]: line for line in lines if "aws_call_seconds" in line}
    assert {"sts:AssumeRoleWithSAML", "sagemaker:CreateUserProfile"} <= called.keys()
    assert any(line.get("act") == "profile-created" and line["outcome"] == "ok" for line in lines)
    assert any(line.get("outcome") == "first" and line.get("replay_claims_total") == 1 for line in lines)
    assert any(line.get("ledger_up") == 1 for line in lines)
    ends = next(line for line in lines if "idp_certificate_not_after_timestamp_seconds" in line)
    assert ends["idp"] == "corp" and ends["idp_certificate_not_after_timestamp_seconds"] > 1_700_000_000
