"""Hands every committed event to the built functions as Lambda would, and looks at what AWS Config has afterwards.

    python tests/emulators/drive.py BUILD COMMAND

BUILD is what `sam build` made, with a directory for each function; COMMAND is the program eks-config-rules, whose
`demo --serve` is the account. Each function runs under the AWS Lambda Runtime Interface Emulator of the SAM CLI, and is
asked over HTTP, as `sam local invoke` asks it in its container, and by `cargo lambda invoke`. (The runtime of `cargo lambda
watch` will not do: it gives a function a deadline in the year 1970, by which the time is always up.)
"""

import contextlib
import json
import os
import pathlib
import platform
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

import botocore.session
import samcli

WORKSPACE = pathlib.Path(__file__).resolve().parents[2]
EVENTS = WORKSPACE / "events"
BINARIES = pathlib.Path(sys.executable).parent
MACHINE = "arm64" if platform.machine() == "aarch64" else "x86_64"
EMULATOR = pathlib.Path(samcli.__file__).parent / "local" / "rapid" / f"aws-lambda-rie-{MACHINE}"
FUNCTIONS = {
    "netPolCheck": "NetPolCheckFunction",
    "privEscalation": "PrivEscalationFunction",
    "trustedRegCheck": "TrustedRegCheckFunction",
}

# What AWS Config has of each cluster once the event is served. The cluster `private` cannot be reached: an event about
# every cluster ends in an error that names it, and the others are reported all the same.
NOT_JUDGED = ("ClustersNotJudged", ["private"])
ALL = {"clean": "COMPLIANT", "violations": "NON_COMPLIANT"}
SERVED = [
    ("ConfigurationItemChangeNotification.deleted", None, {}),
    ("ConfigurationItemChangeNotification", None, {"violations": "NON_COMPLIANT"}),
    ("ConfigurationItemChangeNotification.deleted", None, {}),
    ("OversizedConfigurationItemChangeNotification", None, {"violations": "NON_COMPLIANT"}),
    ("ConfigurationItemChangeNotification.deleted", None, {}),
    ("ConfigurationSnapshotDeliveryCompleted", NOT_JUDGED, ALL),
    ("ConfigurationItemChangeNotification.deleted", None, {"clean": "COMPLIANT"}),
    ("ScheduledNotification", NOT_JUDGED, ALL),
]


def main(build, command):
    for rule, function in FUNCTIONS.items():
        for asked_by, ask in [("HTTP", over_http), ("cargo lambda invoke", by_cargo_lambda)]:
            with tempfile.TemporaryFile() as log, world(command) as environment:
                with emulator(build / function / "bootstrap", environment, log) as address:

                    def invoke(event):
                        return ask(address, event)

                    served = serve(rule, invoke, environment)
                    refused = refuse(rule, invoke, environment)
                log.seek(0)
                said = log.read().decode()
                assert '"message":"finding"' in said, f"{rule}: no finding is in the log"
                for secret in [f"loopback-result-token-{rule}", environment["AWS_SECRET_ACCESS_KEY"]]:
                    assert secret not in said, f"{rule}: a secret is in the log"
            print(f"{rule}, asked by {asked_by}: {served} events served, {refused} refused")


def serve(rule, invoke, environment):
    for event, error, expected in SERVED:
        answer = invoke(EVENTS / rule / f"{event}.json")
        assert_error(f"{rule}/{event}", answer, *(error or (None, [])))
        if error is None:
            assert len(answer["evaluations"]) == 1, f"{rule}/{event}: {answer}"
        recorded = verdicts(rule, environment)
        assert recorded == expected, f"{rule}/{event}: {recorded}, not {expected}"
    return len(SERVED)


def refuse(rule, invoke, environment):
    before = verdicts(rule, environment)
    rejected = json.loads((EVENTS / "rejected" / "expected.json").read_text())
    of_rule = {name: expected for name, expected in rejected.items() if expected["rule"] == rule}
    assert len(of_rule) > 5, of_rule
    for name, expected in of_rule.items():
        answer = invoke(EVENTS / "rejected" / name)
        assert_error(f"rejected/{name}", answer, expected["errorType"], expected["errorMessage"])
    after = verdicts(rule, environment)
    assert after == before, f"{rule}: a rejected event changed {before} to {after}"
    return len(of_rule)


def assert_error(event, answer, error_type, parts):
    assert answer.get("errorType") == error_type, f"{event}: {answer}"
    for part in parts:
        assert unfolded(part) in unfolded(answer["errorMessage"]), f"{event}: {part!r} is not in {answer}"


def unfolded(text):
    """A text without its spaces, since `cargo lambda invoke` folds messages anywhere."""
    return "".join(text.split())


def verdicts(rule, environment):
    """What AWS Config has of each cluster under a rule."""
    session = botocore.session.Session()
    keys = [environment[f"AWS_{name}"] for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN")]
    session.set_credentials(*keys)
    config = session.create_client("config", environment["AWS_REGION"], endpoint_url=environment["AWS_ENDPOINT_URL"])
    results = config.get_compliance_details_by_config_rule(ConfigRuleName=f"eks-{rule}-rule")["EvaluationResults"]
    identifiers = [(one["EvaluationResultIdentifier"]["EvaluationResultQualifier"], one) for one in results]
    return {identifier["ResourceId"]: one["ComplianceType"] for identifier, one in identifiers}


@contextlib.contextmanager
def world(command):
    """The demo's account on loopback; gives its environment."""
    with running([command, "demo", "--serve"], os.environ, stdout=subprocess.PIPE, text=True) as process:
        environment = {}
        for line in process.stdout:
            if line.startswith("export "):
                name, value = line.removeprefix("export ").strip().split("=", 1)
                environment[name] = value.strip("'")
            elif environment:
                break
        assert "AWS_ENDPOINT_URL" in environment, "demo --serve printed no environment"
        yield environment


@contextlib.contextmanager
def emulator(bootstrap, environment, log):
    """A function under the emulator; gives the address at which it is asked."""
    address, runtime = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
    arguments = ["--runtime-interface-emulator-address", address, "--runtime-api-address", runtime, str(bootstrap)]
    settings = environment | {"AWS_LAMBDA_FUNCTION_TIMEOUT": "120"}
    with running([str(EMULATOR), *arguments], settings, stdout=log, stderr=log):
        wait_for(address)
        yield address


def over_http(address, event):
    url = f"http://{address}/2015-03-31/functions/function/invocations"
    with urllib.request.urlopen(urllib.request.Request(url, event.read_bytes()), timeout=180) as answer:
        return json.load(answer)


def by_cargo_lambda(address, event):
    host, port = address.split(":")
    where = ["--invoke-address", host, "--invoke-port", port]
    asked = subprocess.run(
        [BINARIES / "cargo-lambda", "lambda", "invoke", "function", *where, "--data-file", event],
        capture_output=True,
        text=True,
        timeout=180,
    )
    return json.loads(asked.stdout) if asked.returncode == 0 else error_of(asked.stderr)


def error_of(text):
    """The error that `cargo lambda invoke` tells: its type, and its message folded between a cross and advice."""
    head, _, rest = text.partition("×")
    assert head.startswith("Error: ") and rest, text
    message = rest.split("Was this behavior unexpected?")[0].replace("│", " ")
    return {"errorType": head.removeprefix("Error: ").strip(), "errorMessage": message}


@contextlib.contextmanager
def running(command, environment, **options):
    process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, **options)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_for(address):
    host, port = address.split(":")
    for _ in range(200):
        with contextlib.suppress(ConnectionRefusedError), socket.create_connection((host, int(port)), 1):
            return
        time.sleep(0.05)
    raise AssertionError(f"nothing listens on {address}")


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]).resolve(), sys.argv[2])
