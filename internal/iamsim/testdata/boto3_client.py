"""Creates, uses, deactivates and deletes a user's access keys with boto3, and prints the answers as one JSON object without secrets."""

import json
import os

from botocore.exceptions import ClientError

from sim import client, error

USER = os.environ["SIM_USER"]


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
seen["denied third"] = error(client("iam", key=denied).create_access_key, UserName=USER)

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
seen["identity"] = client("sts", key=first).get_caller_identity()["Arn"]
seen["used"] = last_used(first)

seen["wrong signature"] = error(
    client("sts", key={**first, "SecretAccessKey": second["SecretAccessKey"]}).get_caller_identity
)

iam.update_access_key(UserName=USER, AccessKeyId=first["AccessKeyId"], Status="Inactive")
seen["statuses"] = [k["Status"] for k in iam.list_access_keys(UserName=USER)["AccessKeyMetadata"]]
seen["inactive"] = error(client("sts", key=first).get_caller_identity)

iam.delete_access_key(UserName=USER, AccessKeyId=first["AccessKeyId"])
seen["deleted again"] = error(iam.delete_access_key, UserName=USER, AccessKeyId=first["AccessKeyId"])
seen["no user"] = error(iam.list_access_keys, UserName="nobody")
seen["left"] = [k["AccessKeyId"] for k in iam.list_access_keys(UserName=USER)["AccessKeyMetadata"]] == [second["AccessKeyId"]]

role = client("sts").assume_role(RoleArn="arn:aws:iam::123456789012:role/deploy", RoleSessionName="run")
seen["role"] = client("sts", key=role["Credentials"]).get_caller_identity()["Arn"]

print(json.dumps(seen))
