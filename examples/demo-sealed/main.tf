# The configuration of the third part of `make demo`: a key whose secret is in no state, no plan and no log.

terraform {
  required_version = ">= 1.11"
  required_providers {
    iamkeys = {
      source = "iamkeys/iamkeys"
    }
    iamkeystest = {
      source = "hashicorp/iamkeystest"
    }
  }
}

variable "age_recipients" {
  description = "Who can open the secret."
  type        = set(string)
}

variable "age_identity" {
  description = "Opens it during a run, and is stored nowhere."
  type        = string
  sensitive   = true
  ephemeral   = true
}

resource "iamkeys_rotating_access_key" "ci" {
  user    = "ci"
  max_age = "90d"

  encrypted_output = {
    age_recipients = var.age_recipients
  }
}

ephemeral "iamkeys_secret_access_key" "ci" {
  encrypted_secret = iamkeys_rotating_access_key.ci.encrypted_secret
  age_identities   = [var.age_identity]
}

# Takes the place of a store with a write-only argument, such as aws_secretsmanager_secret_version with secret_string_wo. It
# is part of the demo, and signs a call with its old key and with the new one.
resource "iamkeystest_consumer" "ci" {
  access_key_id     = iamkeys_rotating_access_key.ci.access_key_id
  secret_wo         = ephemeral.iamkeys_secret_access_key.ci.secret_access_key
  secret_wo_version = iamkeys_rotating_access_key.ci.version
}

output "access_key_id" {
  value = iamkeys_rotating_access_key.ci.access_key_id
}

output "encrypted_secret" {
  value = iamkeys_rotating_access_key.ci.encrypted_secret
}
