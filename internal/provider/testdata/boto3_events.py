"""Prints the records of all events of an access key, in the Regions that the arguments name after it, as one JSON list."""

import json
import os
import sys

import boto3
from botocore.config import Config


def records(region):
    config = Config(retries={"total_max_attempts": 1})
    trail = boto3.client("cloudtrail", endpoint_url=os.environ["SIM_URL"], region_name=region, config=config)
    by_key = [{"AttributeKey": "AccessKeyId", "AttributeValue": sys.argv[1]}]
    for page in trail.get_paginator("lookup_events").paginate(LookupAttributes=by_key):
        yield from (event["CloudTrailEvent"] for event in page["Events"])


print(json.dumps([record for region in sys.argv[2:] for record in records(region)]))
