"""What each front end makes of a request, and of a function's answer, as AWS documents it."""

import base64
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

# The address of the person's browser, as the front end sees it.
CLIENT = "203.0.113.9"
TARGET_GROUP = "arn:aws:elasticloadbalancing:ap-northeast-2:111122223333:targetgroup/studio/6d0ecf831eec9f09"


@dataclass
class Request:
    method: str
    url: str
    headers: dict
    body: bytes = b""


@dataclass
class Answer:
    """What the browser gets."""

    status: int
    body: bytes
    headers: list[tuple[str, str]] = field(default_factory=list)

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]


def encoded(body: bytes, as_base64: bool) -> dict:
    text = base64.b64encode(body).decode() if as_base64 else body.decode()
    return {"body": text if body else None, "isBase64Encoded": as_base64 and bool(body)}


def decoded(output: dict) -> bytes:
    body = output.get("body") or ""
    return base64.b64decode(body) if output.get("isBase64Encoded") else body.encode()


class HttpApi:
    """API Gateway HTTP API, payload format 2.0. Form bodies come in base64."""

    stage, as_base64 = "$default", True

    def event(self, request: Request) -> dict:
        url = urlsplit(request.url)
        headers = {key.lower(): value for key, value in request.headers.items() if key.lower() != "cookie"}
        cookie = request.headers.get("Cookie")
        return {
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": url.path,
            "rawQueryString": url.query,
            "cookies": cookie.split("; ") if cookie else [],
            "headers": headers | {"x-forwarded-for": f"6.6.6.6, {CLIENT}", "x-forwarded-proto": "https"},
            "requestContext": {
                "accountId": "111122223333",
                "apiId": "api",
                "domainName": url.netloc,
                "domainPrefix": "api",
                "http": {
                    "method": request.method,
                    "path": url.path,
                    "protocol": "HTTP/1.1",
                    "sourceIp": CLIENT,
                    "userAgent": "browser",
                },
                "requestId": "id",
                "routeKey": "$default",
                "stage": self.stage,
                "time": "12/Mar/2026:19:03:58 +0000",
                "timeEpoch": 1583348638390,
            },
        } | encoded(request.body, self.as_base64)

    def answer(self, output: dict) -> Answer:
        headers = [(key, value) for key, value in (output.get("headers") or {}).items() if key.lower() != "set-cookie"]
        for key, values in (output.get("multiValueHeaders") or {}).items():
            known = {name.lower() for name, _ in headers}
            headers += [(key, value) for value in values if key.lower() not in known | {"set-cookie"}]
        cookies = [("set-cookie", cookie) for cookie in output.get("cookies") or []]
        return Answer(output["statusCode"], decoded(output), headers + cookies)


class FunctionUrl(HttpApi):
    """A function URL: the events of an HTTP API, and text bodies as text."""

    as_base64 = False


class RestApi:
    """API Gateway REST API with a custom domain, whose stage is in the context only."""

    as_base64 = True

    def event(self, request: Request) -> dict:
        url = urlsplit(request.url)
        headers = request.headers | {"X-Forwarded-For": f"6.6.6.6, {CLIENT}", "X-Forwarded-Proto": "https"}
        query: dict[str, list[str]] = {}
        for key, value in parse_qsl(url.query, keep_blank_values=True):
            query.setdefault(key, []).append(value)
        return {
            "resource": "/{proxy+}",
            "path": url.path,
            "httpMethod": request.method,
            "headers": headers,
            "multiValueHeaders": {key: [value] for key, value in headers.items()},
            "queryStringParameters": {key: values[-1] for key, values in query.items()} or None,
            "multiValueQueryStringParameters": query or None,
            "pathParameters": {"proxy": url.path.lstrip("/")},
            "stageVariables": None,
            "requestContext": {
                "accountId": "111122223333",
                "apiId": "api",
                "domainName": url.netloc,
                "httpMethod": request.method,
                "identity": {"sourceIp": CLIENT, "userAgent": "browser"},
                "path": f"/prod{url.path}",
                "protocol": "HTTP/1.1",
                "requestId": "id",
                "requestTimeEpoch": 1583348638390,
                "resourceId": "id",
                "resourcePath": "/{proxy+}",
                "stage": "prod",
            },
        } | encoded(request.body, self.as_base64)

    def answer(self, output: dict) -> Answer:
        multiple = output.get("multiValueHeaders") or {}
        headers = [(key, value) for key, values in multiple.items() for value in values]
        known = {key.lower() for key in multiple}
        headers += [(key, value) for key, value in (output.get("headers") or {}).items() if key.lower() not in known]
        return Answer(output["statusCode"], decoded(output), headers)


class LoadBalancer:
    """An Application Load Balancer without multi-value headers: of several values, one survives."""

    as_base64 = False

    def event(self, request: Request) -> dict:
        url = urlsplit(request.url)
        headers = {key.lower(): value for key, value in request.headers.items()}
        # The query string as it was sent, percent-encoded.
        query = dict(pair.partition("=")[::2] for pair in url.query.split("&") if pair)
        return {
            "requestContext": {"elb": {"targetGroupArn": TARGET_GROUP}},
            "httpMethod": request.method,
            "path": url.path,
            "queryStringParameters": query,
            "headers": headers | {"x-forwarded-for": f"6.6.6.6, {CLIENT}", "x-forwarded-proto": "https"},
        } | {**encoded(request.body, self.as_base64), "body": encoded(request.body, self.as_base64)["body"] or ""}

    def answer(self, output: dict) -> Answer:
        return Answer(output["statusCode"], decoded(output), list((output.get("headers") or {}).items()))


class LoadBalancerWithLists(LoadBalancer):
    """... with multi-value headers."""

    as_base64 = True

    def event(self, request: Request) -> dict:
        event = super().event(request)
        event["multiValueHeaders"] = {key: [value] for key, value in event.pop("headers").items()}
        query = event.pop("queryStringParameters")
        event["multiValueQueryStringParameters"] = {key: [value] for key, value in query.items()}
        return event

    def answer(self, output: dict) -> Answer:
        multiple = output.get("multiValueHeaders") or {}
        headers = [(key, value) for key, values in multiple.items() for value in values]
        return Answer(output["statusCode"], decoded(output), headers)


ALL = [HttpApi, FunctionUrl, RestApi, LoadBalancer, LoadBalancerWithLists]
