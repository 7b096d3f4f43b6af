"""Runs the command line against moto's STS and ECR, which share no code with the loopback world's.

    python tests/oracles/moto_services.py target/release/eks-config-rules

The clusters are the demo's; what the pods of `clean` run is put into moto's ECR with boto3 first.
"""

import json
import logging
import os
import re
import subprocess
import sys
import tempfile

ACCOUNT, REGION = "111122223333", "eu-west-1"
MEMBER = "444455556666"
os.environ["MOTO_ACCOUNT_ID"] = ACCOUNT

import boto3  # noqa: E402: moto reads its account when it is imported.
from moto.server import ThreadedMotoServer  # noqa: E402

IMAGE = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
PARAMETERS = {
    "trustedRegistries": "ecr:self,public.ecr.aws,eks-addons",
    "excludedNamespaces": "kube-system",
    "failOnSeverity": "HIGH",
    "unscanned": "fail",
    "requireImmutableTags": "true",
    "requireKmsEncryption": "true",
}


def client(service, endpoint, environment):
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=environment["AWS_SESSION_TOKEN"],
    )


def serve(binary):
    """The demo's world, and the environment in which AWS clients use it."""
    world = subprocess.Popen([binary, "demo", "--serve"], stdout=subprocess.PIPE, text=True)
    environment = {}
    for line in world.stdout:
        export = re.match(r"export (\w+)='(.*)'$", line)
        if export:
            environment[export[1]] = export[2]
        elif environment:
            return world, environment
    raise SystemExit("the demo said nothing")


def manifest(name, media_type, manifests=None):
    document = {"schemaVersion": 2, "mediaType": media_type, "annotations": {"name": name}}
    if manifests is None:
        return json.dumps({**document, "config": {"digest": "sha256:" + "0" * 64, "size": 1}, "layers": []})
    return json.dumps({**document, "manifests": manifests})


def fill(ecr, digests):
    """What the pods run, as these repositories hold it. Moto finds one HIGH in whatever is scanned."""

    def repository(name, mutability, encryption):
        ecr.create_repository(
            repositoryName=name,
            imageTagMutability=mutability,
            encryptionConfiguration={"encryptionType": encryption},
        )

    def put(name, digest, tag, media_type=IMAGE, manifests=None):
        ecr.put_image(
            repositoryName=name,
            imageManifest=manifest(f"{name}:{tag}", media_type, manifests),
            imageManifestMediaType=media_type,
            imageTag=tag,
            imageDigest=digest,
        )

    def scan(name, digest):
        ecr.start_image_scan(repositoryName=name, imageId={"imageDigest": digest})

    repository("shop/storefront", "MUTABLE", "AES256")
    put("shop/storefront", digests["shop/storefront"], "2.14.0")
    scan("shop/storefront", digests["shop/storefront"])
    repository("shop/catalog", "IMMUTABLE", "KMS")
    put("shop/catalog", digests["shop/catalog"], "2.14.0")
    repository("payments/ledger", "IMMUTABLE", "KMS")
    child, attestation = "sha256:" + "1" * 64, "sha256:" + "2" * 64
    put("payments/ledger", child, "amd64")
    scan("payments/ledger", child)
    platforms = [(child, "linux", "amd64"), (attestation, "unknown", "unknown")]
    manifests = [
        {"mediaType": IMAGE, "digest": digest, "size": 1, "platform": {"os": system, "architecture": architecture}}
        for digest, system, architecture in platforms
    ]
    put("payments/ledger", digests["payments/ledger"], "1.8.3", INDEX, manifests)


def judge(binary, environment):
    """The reasons and the advice of each owner."""
    run = subprocess.run(
        [binary, "judge", "trustedRegCheck", "--cluster", "clean", "--output", "json", "--parameters", json.dumps(PARAMETERS)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode != 1:
        raise SystemExit(f"judge ended with {run.returncode}: {run.stdout}{run.stderr}")
    (report,) = json.loads(run.stdout)
    return {finding["owner"]["name"]: (finding["reasons"], finding["advice"]) for finding in report["findings"]}


def invoke(binary, environment, account, parameters):
    """The evaluations of an event of an account without clusters, in TestMode."""
    event = {
        "version": "1.0",
        "invokingEvent": json.dumps(
            {"awsAccountId": account, "notificationCreationTime": "2026-11-24T06:00:00.000Z", "messageType": "ScheduledNotification"}
        ),
        "ruleParameters": json.dumps(parameters),
        "resultToken": "TESTMODE",
        "eventLeftScope": False,
        "configRuleArn": f"arn:aws:config:{REGION}:{account}:config-rule/config-rule-tr5r3g",
        "configRuleName": "eks-trustedRegCheck-rule",
        "accountId": account,
    }
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(event, file)
        file.flush()
        run = subprocess.run(
            [binary, "invoke", "trustedRegCheck", "--event", file.name], env=environment, capture_output=True, text=True, check=False
        )
    if run.returncode != 0:
        raise SystemExit(f"invoke ended with {run.returncode}: {run.stdout}{run.stderr}")
    return run.stdout


def expect(what, found, wanted):
    if found != wanted:
        raise SystemExit(f"{what}: {found!r} is not {wanted!r}")
    print(f"ok  {what}")


def main(binary):
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    host, port = moto.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    world, environment = serve(binary)
    try:
        loopback = client("ecr", environment["AWS_ENDPOINT_URL"], environment)
        tags = {"shop/storefront": "2.14.0", "shop/catalog": "2.14.0", "payments/ledger": "1.8.3"}
        digests = {
            name: loopback.describe_images(repositoryName=name, imageIds=[{"imageTag": tag}])["imageDetails"][0]["imageDigest"]
            for name, tag in tags.items()
        }
        ecr = client("ecr", endpoint, environment)
        fill(ecr, digests)
        with_moto = {**environment, "AWS_ENDPOINT_URL_ECR": endpoint}
        found = judge(binary, with_moto)
        reasons = {owner: reasons for owner, (reasons, _) in found.items()}
        expect(
            "the reasons that moto's ECR gives",
            reasons,
            {
                "storefront": ["ScanFindings", "MutableTags", "NotKmsEncrypted"],
                "catalog": ["NotScanned"],
                "ledger": ["ScanFindings"],
                "cache": ["NotScanned"],
            },
        )
        expect("a scan that was never made", "ScanNotFoundException" in found["catalog"][1], True)
        ecr.batch_delete_image(repositoryName="shop/catalog", imageIds=[{"imageDigest": digests["shop/catalog"]}])
        advice = judge(binary, with_moto)["catalog"][1]
        expect("an image that is gone", "ImageNotFoundException" in advice, True)
        ecr.delete_repository(repositoryName="shop/catalog", force=True)
        advice = judge(binary, with_moto)["catalog"][1]
        expect("a repository that is gone", "RepositoryNotFoundException" in advice, True)
        everything = {**environment, "AWS_ENDPOINT_URL": endpoint}
        trusted = {"trustedRegistries": "ecr:self"}
        for account, parameters in [(ACCOUNT, trusted), (MEMBER, {**trusted, "executionRoleName": "config-reader"})]:
            told = invoke(binary, everything, account, parameters)
            call = "AssumeRole" if account == MEMBER else "GetCallerIdentity"
            expect(f"{call}, and what is said of account {account}", "NOT_APPLICABLE" in told and account in told, True)
        return 0
    finally:
        world.kill()
        world.wait()
        moto.stop()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
