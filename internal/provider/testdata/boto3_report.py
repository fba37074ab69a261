"""Prints the credential report of the account as one JSON object: when it was generated, and its rows as Python's csv reads them.

It gets the report with boto3, or reads it from the arguments: the time, and the content in base64, as the AWS CLI prints them.
"""

import base64
import csv
import io
import json
import os
import sys

if len(sys.argv) == 3:
    generated, content = sys.argv[1], base64.b64decode(sys.argv[2])
else:
    import boto3
    from botocore.config import Config

    config = Config(retries={"total_max_attempts": 1})
    iam = boto3.client("iam", endpoint_url=os.environ["SIM_URL"], region_name="us-east-1", config=config)
    iam.generate_credential_report()
    report = iam.get_credential_report()
    generated, content = report["GeneratedTime"].isoformat(), report["Content"]

print(json.dumps({"generated": generated, "rows": list(csv.DictReader(io.StringIO(content.decode(), newline="")))}))
