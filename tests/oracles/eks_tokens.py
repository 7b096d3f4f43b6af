"""Writes EKS tokens that the AWS CLI itself signs, for cluster-access to sign the same.

    python tests/oracles/eks_tokens.py SEED FILE
"""

import datetime
import json
import os
import random
import string
import sys
from unittest import mock

# The signer in Python, whose clock can be set.
os.environ["BOTO_DISABLE_CRT"] = "true"

import botocore.session  # noqa: E402
from awscli.customizations.eks.get_token import STSClientFactory, TokenGenerator  # noqa: E402

REGIONS = [
    "eu-west-1",
    "us-east-1",
    "us-west-2",
    "ap-southeast-5",
    "eu-central-2",
    "cn-north-1",
    "cn-northwest-1",
    "us-gov-west-1",
    "us-iso-east-1",
]


def text(randomness, alphabet, low, high):
    return "".join(randomness.choice(alphabet) for _ in range(randomness.randint(low, high)))


def vector(randomness):
    letters = string.ascii_letters + string.digits
    given = {
        "accessKey": "AKIA" + text(randomness, string.ascii_uppercase + string.digits, 16, 16),
        "secret": text(randomness, letters + "/+", 40, 40),
        "sessionToken": randomness.choice([None, text(randomness, letters + "/+=", 300, 900)]),
        "region": randomness.choice(REGIONS),
        "cluster": text(randomness, letters, 1, 1) + text(randomness, letters + "-_", 0, 99),
        "time": randomness.randint(1_700_000_000, 2_000_000_000),
    }
    now = datetime.datetime.fromtimestamp(given["time"], datetime.timezone.utc)
    session = botocore.session.Session()
    session.set_credentials(given["accessKey"], given["secret"], given["sessionToken"])
    client = STSClientFactory(session).get_sts_client(region_name=given["region"])
    with mock.patch("botocore.auth.get_current_datetime", lambda: now.replace(tzinfo=None)):
        return given | {"token": TokenGenerator(client).get_token(given["cluster"])}


def main(seed, path):
    randomness = random.Random(seed)
    with open(path, "w", encoding="utf-8") as file:
        json.dump([vector(randomness) for _ in range(30)], file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
