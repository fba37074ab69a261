"""Prints what boto3 says of the access keys of the users that the arguments name, as one JSON object by user."""

import json
import os
import sys

import boto3
from botocore.config import Config


def client(service):
    return boto3.client(
        service,
        endpoint_url=os.environ["SIM_URL"],
        region_name="us-east-1",
        config=Config(retries={"total_max_attempts": 1}),
    )


iam, sts = client("iam"), client("sts")


def key(listed):
    used = iam.get_access_key_last_used(AccessKeyId=listed["AccessKeyId"])
    date = used["AccessKeyLastUsed"].get("LastUsedDate")
    return {
        "id": listed["AccessKeyId"],
        "user": used["UserName"],
        "status": listed["Status"],
        "created": listed["CreateDate"].isoformat(),
        "used": date.isoformat() if date else "",
        "service": used["AccessKeyLastUsed"]["ServiceName"],
        "region": used["AccessKeyLastUsed"]["Region"],
        "account": sts.get_access_key_info(AccessKeyId=listed["AccessKeyId"])["Account"],
    }


print(json.dumps({user: [key(k) for k in iam.list_access_keys(UserName=user)["AccessKeyMetadata"]] for user in sys.argv[1:]}))
