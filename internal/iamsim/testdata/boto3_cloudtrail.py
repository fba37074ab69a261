"""Looks up the events of an access key with boto3, and prints the answers as one JSON object."""

import json
import os
from datetime import datetime, timezone

from sim import client, error

BY_KEY = [{"AttributeKey": "AccessKeyId", "AttributeValue": os.environ["SIM_KEY"]}]

trail = client("cloudtrail")
pages = [page["Events"] for page in trail.get_paginator("lookup_events").paginate(LookupAttributes=BY_KEY)]
first = pages[0][0]
document = json.loads(first["CloudTrailEvent"])
since = trail.lookup_events(LookupAttributes=BY_KEY, StartTime=datetime(2026, 1, 1, 0, 1, 58, tzinfo=timezone.utc))

print(
    json.dumps(
        {
            "pages": [len(page) for page in pages],
            "first": [
                first["EventName"],
                first["EventSource"],
                first["Username"],
                first["AccessKeyId"],
                first["ReadOnly"],
                first["EventTime"].astimezone(timezone.utc).isoformat(),
            ],
            "client": [document["sourceIPAddress"], document["userAgent"]],
            "since": [event["EventName"] for event in since["Events"]],
            "other region": len(client("cloudtrail", "us-east-1").lookup_events(LookupAttributes=BY_KEY)["Events"]),
            "bad token": error(trail.lookup_events, LookupAttributes=BY_KEY, NextToken="x"),
        }
    )
)
