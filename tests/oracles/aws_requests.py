"""Validates every request that the acceptance tests saw against botocore's service models.

    LOOPBACK_REQUESTS=requests.jsonl cargo test -p acceptance
    python tests/oracles/aws_requests.py requests.jsonl

Only requests of the AWS SDK count: the loopback world's own tests send wrong ones on purpose. Besides what botocore
checks, the length limits that it knows and does not check are checked here.
"""

import collections
import datetime
import json
import re
import sys
import urllib.parse

import botocore.session
from botocore.validate import ParamValidator

# Without these the tests did not run, or did not log.
EXPECTED = {
    ("config", "PutEvaluations"),
    ("config", "GetComplianceDetailsByConfigRule"),
    ("eks", "ListClusters"),
    ("eks", "DescribeCluster"),
    ("eks", "DescribeAddon"),
    ("sts", "GetCallerIdentity"),
    ("sts", "AssumeRole"),
    ("ssm", "GetParameter"),
    ("ecr", "DescribeImages"),
    ("ecr", "DescribeRepositories"),
    ("ecr", "DescribeImageScanFindings"),
    ("ecr", "BatchGetImage"),
}

SESSION = botocore.session.get_session()


def members(shape, value):
    """The value with timestamps as botocore wants them."""
    if shape.type_name == "structure" and isinstance(value, dict):
        return {name: members(shape.members[name], item) if name in shape.members else item for name, item in value.items()}
    if shape.type_name == "list" and isinstance(value, list):
        return [members(shape.member, item) for item in value]
    if shape.type_name == "timestamp" and isinstance(value, (int, float)):
        return datetime.datetime.fromtimestamp(value, datetime.timezone.utc)
    return value


def too_long(shape, value, where=""):
    """Strings and lists whose length is out of the model's limits."""
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if isinstance(value, (str, list)):
        # Characters that AWS may count as two.
        length = len(value.encode("utf-16-le")) // 2 if isinstance(value, str) else len(value)
        if (low is not None and length < low) or (high is not None and length > high):
            yield f"{where} has length {length}, allowed are {low} to {high}"
    if shape.type_name == "structure" and isinstance(value, dict):
        for name, item in value.items():
            if name in shape.members:
                yield from too_long(shape.members[name], item, f"{where}.{name}")
    if shape.type_name == "list" and isinstance(value, list):
        for index, item in enumerate(value):
            yield from too_long(shape.member, item, f"{where}[{index}]")


def numbers(shape, parameters):
    """Texts of a query as the types of the model."""
    typed = {}
    for name, text in parameters.items():
        member = shape.members.get(name)
        typed[name] = int(text) if member is not None and member.type_name in ("integer", "long") else text
    return typed


def rest_parameters(operation, request):
    """The parameters of a REST request: labels of the path, and the query."""
    template = operation.http["requestUri"].split("?")[0]
    labels = re.findall(r"{(\w+)\+?}", template)
    pattern = "^" + re.sub(r"{(\w+)\+?}", r"([^/]+)", template) + "$"
    found = re.match(pattern, request["path"])
    if not found:
        raise ValueError(f"path {request['path']} is not {template}")
    shape = operation.input_shape
    locations = {m.serialization.get("name", n): n for n, m in shape.members.items() if m.serialization.get("location")}
    values = {locations.get(label, label): urllib.parse.unquote(text) for label, text in zip(labels, found.groups())}
    for name, text in urllib.parse.parse_qsl(request["query"], keep_blank_values=True):
        if name == "x-id":
            continue
        if name not in locations:
            raise ValueError(f"query parameter {name} is not one of {sorted(locations)}")
        values[locations[name]] = text
    return numbers(shape, values)


def check(request):
    service = SESSION.get_service_model(request["service"])
    operation = service.operation_model(request["operation"])
    shape = operation.input_shape
    protocol = service.metadata["protocol"]
    if protocol == "rest-json":
        parameters = rest_parameters(operation, request)
    elif protocol == "query":
        parameters = {name: text for name, text in request["body"].items() if name not in ("Action", "Version")}
        parameters = numbers(shape, parameters) if shape else parameters
    else:
        parameters = members(shape, request["body"] or {})
    if shape is None:
        return [f"takes no parameters: {parameters}"] if parameters else []
    report = ParamValidator().validate(parameters, shape)
    problems = [report.generate_report()] if report.has_errors() else []
    unknown = set(parameters) - set(shape.members)
    problems += [f"unknown parameters {sorted(unknown)}"] if unknown else []
    return problems + list(too_long(shape, parameters))


def main(path):
    seen, failed = collections.Counter(), 0
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            request = json.loads(line)
            if "aws-sdk-rust" not in request["userAgent"]:
                continue
            seen[request["service"], request["operation"]] += 1
            problems = check(request)
            if problems:
                failed += 1
                print(f"{request['service']} {request['operation']}: {problems}: {json.dumps(request)[:600]}")
    for (service, operation), count in sorted(seen.items()):
        print(f"{count:6} {service} {operation}")
    missing = EXPECTED - set(seen)
    if missing:
        print(f"never seen: {sorted(missing)}")
    print(f"{sum(seen.values()) - failed} passed, {failed} failed")
    return 1 if failed or missing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
