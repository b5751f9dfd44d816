"""A notebook instance in the demo, started and opened, against botocore's model; and boto3 as another reader."""

import json
import time
from urllib.parse import urljoin

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.parsers import create_parser
from harness.browser import Browser, forms
from harness.process import Process, binary, free_port
from harness.shapes import faults, request_faults, service

OPERATIONS = {
    "DescribeNotebookInstance",
    "ListTags",
    "StartNotebookInstance",
    "CreatePresignedNotebookInstanceUrl",
}
# The gateway's own principal in the demo.
KEYS = {
    "aws_access_key_id": "AKIASTUDIOGATEWAYDEM",
    "aws_secret_access_key": "demo-secret-that-opens-the-embedded-aws-only",
}


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """The addresses of the gateway and of the AWS of a demo."""
    base = free_port()
    process = Process("demo", [binary(), "demo", "--port-base", str(base)], tmp_path_factory.mktemp("demo"))
    try:
        gateway = f"http://127.0.0.1:{base}"
        process.until_http(f"{gateway}/healthz")
        yield gateway, f"http://127.0.0.1:{base + 2}"
    finally:
        process.stop()


@pytest.fixture(scope="module")
def opened(demo):
    """jiwoo signs in, waits for her instance, and is there. The SageMaker calls of that."""
    gateway, aws = demo
    browser = Browser()
    people = browser.follow(browser.get(f"{gateway}/login?idp=demo"))
    [form, *_] = forms(people)
    form.fields.pop("decline", None)
    posting = browser.submit(form, person="jiwoo")
    [response] = [form for form in forms(posting) if form.is_saml_response]
    began = time.monotonic()
    preparing = browser.submit(response)
    assert time.monotonic() - began < 10, "the answer does not wait for the instance"
    assert "Starting your notebook instance" in preparing.text, preparing.text
    [form] = [form for form in forms(preparing) if "choice" in form.fields and "patient" in form.fields]
    arrived = browser.follow(browser.submit(form))
    assert arrived.url == urljoin(aws, "/studio/page"), arrived.text
    assert "a SageMaker notebook instance" in arrived.text and "jiwoo" in arrived.text
    return browser.get(f"{aws}/_control/calls").json()


@pytest.fixture(scope="module")
def sagemaker():
    return service("sagemaker")


def test_the_calls_are_there(opened):
    assert OPERATIONS <= {call["operation"] for call in opened if call["status"] == 200}


def test_requests_and_answers_have_the_modelled_shape(opened, sagemaker):
    parser = create_parser("json")
    wrong = []
    for call in opened:
        operation = sagemaker.operation_model(call["operation"])
        wrong += [f"{call['operation']}: {fault}" for fault in request_faults(call["request"], operation.input_shape)]
        if call["status"] != 200 or not operation.output_shape:
            continue
        raw = {"status_code": 200, "headers": {}, "body": json.dumps(call["response"]).encode()}
        parsed = parser.parse(raw, operation.output_shape)
        wrong += [f"{call['operation']}: {fault}" for fault in faults(call["response"], operation.output_shape)]
        assert parsed.keys() - {"ResponseMetadata"} == call["response"].keys(), call
    assert not wrong, "\n".join(wrong)


def test_boto3_reads_the_same(demo, opened):
    client = boto3.client("sagemaker", endpoint_url=demo[1], region_name="ap-northeast-2", **KEYS)
    [name] = {
        call["request"]["NotebookInstanceName"] for call in opened if call["operation"] == "StartNotebookInstance"
    }
    described = client.describe_notebook_instance(NotebookInstanceName=name)
    assert described["NotebookInstanceStatus"] == "InService"
    # The demo names its instances, so its gateway has no need to look for them, and may not.
    with pytest.raises(ClientError) as listed:
        client.list_notebook_instances(NameContains="jiwoo")
    assert listed.value.response["Error"]["Code"] == "AccessDeniedException"
    with pytest.raises(ClientError) as started:
        client.start_notebook_instance(NotebookInstanceName=name)
    assert "Status (InService) not in ([Stopped, Failed])" in started.value.response["Error"]["Message"]
    with pytest.raises(ClientError) as missing:
        client.describe_notebook_instance(NotebookInstanceName=name + "x")
    error = missing.value.response["Error"]
    # Whoever may look only at instances of a name pattern may not look at others.
    assert error["Code"] in ("AccessDeniedException", "ValidationException")
    with pytest.raises(ClientError) as stopped:
        client.stop_notebook_instance(NotebookInstanceName=name)
    assert stopped.value.response["Error"]["Code"] == "AccessDeniedException"
