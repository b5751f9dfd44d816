"""Values against botocore's service models, constraint by constraint.

botocore's own validator knows types, required members and minimum sizes. It passes over unknown members, patterns,
enumerations and maximum sizes, which the services check; so this goes through all of them.
"""

import numbers

import botocore.session
import regex
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

# Members that the wire has and the model does not.
ERROR_MEMBERS = {"__type", "message", "Message"}
# Errors that any operation may answer with, and that the models do not repeat at each.
COMMON_ERRORS = {
    "AccessDeniedException",
    "ExpiredTokenException",
    "IncompleteSignature",
    "InternalFailure",
    "InvalidClientTokenId",
    "MissingAuthenticationToken",
    "ServiceUnavailable",
    "ThrottlingException",
    "UnrecognizedClientException",
    "ValidationException",
}


def service(name: str) -> ServiceModel:
    loader = botocore.session.get_session().get_component("data_loader")
    return ServiceModel(loader.load_service_model(name, "service-2"), name)


def faults(value, shape, path: str = "") -> list[str]:
    """Everything that is wrong with a value as it stands on a JSON wire."""
    check = globals().get(f"_{shape.type_name}")
    assert check, f"{path}: no check for type {shape.type_name}"
    return list(check(value, shape, path or shape.name))


def request_faults(params: dict, shape) -> list[str]:
    found = faults(params, shape)
    report = ParamValidator().validate(params, shape)
    return found + ([report.generate_report()] if report.has_errors() else [])


def _structure(value, shape, path):
    if not isinstance(value, dict):
        yield f"{path}: {type(value).__name__} where a structure is meant"
        return
    for name in value.keys() - shape.members.keys():
        yield f"{path}.{name}: unknown member"
    for name in shape.required_members:
        if name not in value:
            yield f"{path}.{name}: missing"
    for name, member in shape.members.items():
        if name in value:
            yield from faults(value[name], member, f"{path}.{name}")


def _list(value, shape, path):
    if not isinstance(value, list):
        yield f"{path}: {type(value).__name__} where a list is meant"
        return
    yield from _size(len(value), shape, path)
    for index, item in enumerate(value):
        yield from faults(item, shape.member, f"{path}[{index}]")


def _map(value, shape, path):
    if not isinstance(value, dict):
        yield f"{path}: {type(value).__name__} where a map is meant"
        return
    yield from _size(len(value), shape, path)
    for key, item in value.items():
        yield from faults(key, shape.key, f"{path} key")
        yield from faults(item, shape.value, f"{path}[{key!r}]")


def _string(value, shape, path):
    if not isinstance(value, str):
        yield f"{path}: {type(value).__name__} where a string is meant"
        return
    yield from _size(len(value), shape, path)
    pattern = shape.metadata.get("pattern")
    if pattern and not regex.fullmatch(pattern, value):
        yield f"{path}: {value!r} does not match {pattern}"
    if shape.enum and value not in shape.enum:
        yield f"{path}: {value!r} is none of {shape.enum}"


def _integer(value, shape, path):
    if isinstance(value, bool) or not isinstance(value, int):
        yield f"{path}: {type(value).__name__} where an integer is meant"
        return
    yield from _size(value, shape, path)


_long = _integer


def _boolean(value, shape, path):
    if not isinstance(value, bool):
        yield f"{path}: {type(value).__name__} where a boolean is meant"


def _timestamp(value, shape, path):
    # JSON 1.1: seconds since 1970, as a number.
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        yield f"{path}: {value!r} where seconds since 1970 are meant"


def _size(size, shape, path):
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and size < least:
        yield f"{path}: {size} is below the minimum of {least}"
    if most is not None and size > most:
        yield f"{path}: {size} is above the maximum of {most}"


def query_params(form: list[tuple[str, str]], shape) -> tuple[dict, list[str]]:
    """The parameters of a query-protocol request, and the names in it that the model does not know."""
    params, unknown = {}, []
    for name, value in form:
        if name in ("Action", "Version"):
            continue
        head, _, rest = name.partition(".")
        member = shape.members.get(head)
        if member is None:
            unknown.append(name)
        elif member.type_name == "list":
            parts = rest.split(".")
            assert parts[0] == "member" and parts[1].isdigit(), name
            items = params.setdefault(head, [])
            if int(parts[1]) > len(items):
                items.append({} if parts[2:] else value)
            if parts[2:]:
                items[-1][parts[2]] = value
        elif rest:
            unknown.append(name)
        else:
            params[head] = int(value) if member.type_name == "integer" else value
    return params, unknown
