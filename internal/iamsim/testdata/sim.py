"""Clients of the simulator for the scripts beside it."""

import os

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError


def client(service, region="eu-west-1", key=None):
    credentials = {}
    if key:
        credentials = {
            "aws_access_key_id": key["AccessKeyId"],
            "aws_secret_access_key": key["SecretAccessKey"],
            "aws_session_token": key.get("SessionToken"),
        }
    return boto3.client(
        service,
        endpoint_url=os.environ["SIM_URL"],
        region_name=region,
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
