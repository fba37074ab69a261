"""Creates, uses, deactivates and deletes a user's access keys with boto3, and prints the answers as one JSON object without secrets."""

import json
import os

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

USER = os.environ["SIM_USER"]


def client(service, key=None):
    credentials = {}
    if key:
        credentials = {
            "aws_access_key_id": key["AccessKeyId"],
            "aws_secret_access_key": key["SecretAccessKey"],
        }
    return boto3.client(
        service,
        endpoint_url=os.environ["SIM_URL"],
        region_name="eu-west-1",
        config=Config(retries={"total_max_attempts": 1}),
        **credentials,
    )


def error(call, **arguments):
    """Returns the code and HTTP status that a call fails with."""
    try:
        call(**arguments)
    except ClientError as e:
        return [e.response["Error"]["Code"], e.response["ResponseMetadata"]["HTTPStatusCode"]]
    return None


def last_used(key):
    used = iam.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])
    date = used["AccessKeyLastUsed"].get("LastUsedDate")
    return [
        used["UserName"],
        used["AccessKeyLastUsed"]["ServiceName"],
        used["AccessKeyLastUsed"]["Region"],
        date and date.isoformat(),
    ]


iam = client("iam")
seen = {"empty": iam.list_access_keys(UserName=USER)["AccessKeyMetadata"]}

first, second = (iam.create_access_key(UserName=USER)["AccessKey"] for _ in range(2))
seen["third"] = error(iam.create_access_key, UserName=USER)
denied = {"AccessKeyId": os.environ["SIM_DENIED_ID"], "SecretAccessKey": os.environ["SIM_DENIED_SECRET"]}
seen["denied third"] = error(client("iam", denied).create_access_key, UserName=USER)

try:
    iam.get_access_key_last_used(AccessKeyId="AKIAIOSFODNN7EXAMPLE")
except ClientError as e:
    seen["unknown key"] = [e.response["Error"]["Code"], e.response["ResponseMetadata"]["HTTPStatusCode"], e.response["Error"]["Message"]]

seen["tag with a newline"] = error(iam.tag_user, UserName=USER, Tags=[{"Key": "k", "Value": "a\nb"}])
iam.tag_user(UserName=USER, Tags=[{"Key": f"k{i}", "Value": "1"} for i in range(50)])
seen["tag 51"] = error(iam.tag_user, UserName=USER, Tags=[{"Key": "k0", "Value": "3"}, {"Key": "k50", "Value": "1"}])
iam.tag_user(UserName=USER, Tags=[{"Key": "K0", "Value": "2"}])
tags = iam.list_user_tags(UserName=USER)["Tags"]
seen["tags"] = [len(tags), next(t["Value"] for t in tags if t["Key"] == "K0")]

users = [u for page in iam.get_paginator("list_users").paginate(PaginationConfig={"PageSize": 1}) for u in page["Users"]]
seen["user ids"] = [u["UserId"] for u in users] == [iam.get_user(UserName=u["UserName"])["User"]["UserId"] for u in users] and len(users) == 3

pages = iam.get_paginator("list_access_keys").paginate(UserName=USER, PaginationConfig={"PageSize": 1})
listed = [[k["AccessKeyId"] for k in page["AccessKeyMetadata"]] for page in pages]
seen["pages"] = listed == [[first["AccessKeyId"]], [second["AccessKeyId"]]]

seen["never used"] = last_used(first)
seen["identity"] = client("sts", first).get_caller_identity()["Arn"]
seen["used"] = last_used(first)

seen["wrong signature"] = error(
    client("sts", {**first, "SecretAccessKey": second["SecretAccessKey"]}).get_caller_identity
)

iam.update_access_key(UserName=USER, AccessKeyId=first["AccessKeyId"], Status="Inactive")
seen["statuses"] = [k["Status"] for k in iam.list_access_keys(UserName=USER)["AccessKeyMetadata"]]
seen["inactive"] = error(client("sts", first).get_caller_identity)

iam.delete_access_key(UserName=USER, AccessKeyId=first["AccessKeyId"])
seen["deleted again"] = error(iam.delete_access_key, UserName=USER, AccessKeyId=first["AccessKeyId"])
seen["no user"] = error(iam.list_access_keys, UserName="nobody")
seen["left"] = [k["AccessKeyId"] for k in iam.list_access_keys(UserName=USER)["AccessKeyMetadata"]] == [second["AccessKeyId"]]

role = client("sts").assume_role(RoleArn="arn:aws:iam::123456789012:role/deploy", RoleSessionName="run")
session = role["Credentials"]
seen["role"] = boto3.client(
    "sts",
    endpoint_url=os.environ["SIM_URL"],
    region_name="eu-west-1",
    aws_access_key_id=session["AccessKeyId"],
    aws_secret_access_key=session["SecretAccessKey"],
    aws_session_token=session["SessionToken"],
).get_caller_identity()["Arn"]

print(json.dumps(seen))
