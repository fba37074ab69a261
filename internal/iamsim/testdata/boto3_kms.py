"""Encrypts, decrypts and describes with boto3, and prints the answers as one JSON object."""

import json
import os

from sim import client, error

KEY = os.environ["SIM_KMS_KEY"]
CONTEXT = {"app": "ci", "stage": "prod"}

kms = client("kms")
sealed = kms.encrypt(KeyId="alias/secrets", Plaintext=b"text", EncryptionContext=CONTEXT)
blob = sealed["CiphertextBlob"]
opened = kms.decrypt(CiphertextBlob=blob, EncryptionContext=dict(reversed(CONTEXT.items())))
described = kms.describe_key(KeyId="alias/secrets")["KeyMetadata"]

print(
    json.dumps(
        {
            "key": [sealed["KeyId"] == KEY, opened["KeyId"] == KEY, described["Arn"] == KEY],
            "plaintext": opened["Plaintext"].decode(),
            "algorithm": sealed["EncryptionAlgorithm"],
            "created": described["CreationDate"].timestamp(),
            "state": [described["KeyState"], described["Enabled"], described["KeyUsage"], described["KeySpec"]],
            "context": error(kms.decrypt, CiphertextBlob=blob, EncryptionContext={"app": "ci"}),
            "damaged": error(kms.decrypt, CiphertextBlob=blob[:-1] + b"x", EncryptionContext=CONTEXT),
            "too long": error(kms.encrypt, KeyId=KEY, Plaintext=b"x" * 4097),
            "no key": error(kms.describe_key, KeyId="alias/other"),
            "another region": error(client("kms", "us-east-1").describe_key, KeyId=KEY),
        }
    )
)
