"""Everything that went over the wire for a newcomer, against the service models that botocore ships."""

import json

import pytest
from botocore.parsers import create_parser
from conftest import Stage
from harness.shapes import COMMON_ERRORS, ERROR_MEMBERS, faults, query_params, request_faults, service

USER = "newcomer@example.org"
EXPECTED = {
    "DescribeUserProfile",
    "CreateUserProfile",
    "CreateStudioLifecycleConfig",
    "CreatePresignedDomainUrl",
}


@pytest.fixture(scope="module")
def signed_in(stage: Stage):
    """A newcomer comes, and comes again."""
    stage.wire.mend = True
    stage.wire.exchanges.clear()
    for _ in range(2):
        answer, browser = stage.sign_in(USER)
        stage.opened(browser, answer, "newcomer")
    return stage.world.control("calls"), list(stage.wire.exchanges)


@pytest.fixture(scope="module")
def sagemaker():
    return service("sagemaker")


def test_the_calls_are_there(signed_in):
    calls, exchanges = signed_in
    assert EXPECTED <= {call["operation"] for call in calls if call["status"] == 200}
    assert [call["operation"] for call in calls].count("CreateUserProfile") >= 1
    assert len(exchanges) == 2


def test_requests_have_the_modelled_shape(signed_in, sagemaker):
    wrong = []
    for call in signed_in[0]:
        shape = sagemaker.operation_model(call["operation"]).input_shape
        wrong += [f"{call['operation']}: {fault}" for fault in request_faults(call["request"], shape)]
    assert not wrong, "\n".join(wrong)


def test_answers_have_the_modelled_shape(signed_in, sagemaker):
    parser = create_parser("json")
    wrong = []
    for call in signed_in[0]:
        operation = sagemaker.operation_model(call["operation"])
        raw = {"status_code": call["status"], "headers": {}, "body": json.dumps(call["response"]).encode()}
        parsed = parser.parse(raw, operation.output_shape)
        if call["status"] == 200:
            wrong += [f"{call['operation']}: {fault}" for fault in faults(call["response"], operation.output_shape)]
            assert parsed.keys() - {"ResponseMetadata"} == call["response"].keys(), call
            continue
        code = parsed["Error"]["Code"]
        # ListTags models no error at all, and must have some: what it says of a missing profile cannot be judged here.
        modelled = {shape.name for shape in operation.error_shapes}
        if modelled and code not in modelled | COMMON_ERRORS:
            wrong.append(f"{call['operation']}: does not answer {code}")
        wrong += [f"{call['operation']}: {name}?" for name in call["response"].keys() - ERROR_MEMBERS]
        assert parsed["Error"]["Message"], call
    assert not wrong, "\n".join(wrong)


def test_the_sts_request_has_the_modelled_shape(signed_in):
    sts = service("sts")
    operation = sts.operation_model("AssumeRoleWithSAML")
    for exchange in signed_in[1]:
        assert exchange["Version"] == sts.api_version
        assert len({name for name, _ in exchange.form}) == len(exchange.form), "a name is there twice"
        params, unknown = query_params(exchange.form, operation.input_shape)
        assert not unknown
        assert not request_faults(params, operation.input_shape)
        if "Policy" in params:
            statements = json.loads(params["Policy"])["Statement"]
            assert [statement["Action"] for statement in statements] in (
                ["sagemaker:CreatePresignedDomainUrl"],
                [["sagemaker:CreatePresignedDomainUrl"]],
            )


def test_the_check_itself_finds_faults(sagemaker):
    """Each kind of fault that the other tests rely on being found."""
    shape = sagemaker.operation_model("CreateUserProfile").input_shape
    good = {"DomainId": "d-abc", "UserProfileName": "ok", "Tags": [{"Key": "k", "Value": "v"}]}
    assert not request_faults(good, shape)
    for change, fault in {
        "unknown": ({"Nonsense": 1}, "unknown member"),
        "pattern": ({"UserProfileName": "a@b"}, "does not match"),
        "length": ({"UserProfileName": "a" * 64}, "above the maximum"),
        "type": ({"UserProfileName": 7}, "where a string is meant"),
        "items": ({"Tags": [{"Key": str(i), "Value": ""} for i in range(51)]}, "above the maximum"),
        "required": ({"Tags": [{"Key": "k"}]}, "missing"),
        "enum": ({"UserSettings": {"StudioWebPortal": "MAYBE"}}, "is none of"),
    }.values():
        assert fault in "\n".join(request_faults(good | change, shape)), change
