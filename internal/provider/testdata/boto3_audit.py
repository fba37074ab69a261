"""Prints what boto3 says of the credentials of the users that the arguments name, as one JSON object by user."""

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


def key(listed, user):
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
        "arn": user["Arn"],
        "path": user["Path"],
        "description": {tag["Key"]: tag["Value"] for tag in user.get("Tags", [])}.get(listed["AccessKeyId"], ""),
    }


def credential(listed):
    return {
        "id": listed["ServiceSpecificCredentialId"],
        "user": listed["UserName"],
        "service": listed["ServiceName"],
        "status": listed["Status"],
        "created": listed["CreateDate"].isoformat(),
    }


def found(name):
    user = iam.get_user(UserName=name)["User"]
    return {
        "keys": [key(k, user) for k in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]],
        "credentials": [
            credential(c) for c in iam.list_service_specific_credentials(UserName=name)["ServiceSpecificCredentials"]
        ],
    }


print(json.dumps({name: found(name) for name in sys.argv[1:]}))
