variable "age_recipients" {
  description = "Who can open the secret: age1..., or SSH public keys."
  type        = set(string)
}

variable "age_identity" {
  description = "Private key of one of them. Ephemeral, so that it is not stored, either."
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

# Opens the encrypted secret for this run only.
ephemeral "iamkeys_secret_access_key" "ci" {
  encrypted_secret = iamkeys_rotating_access_key.ci.encrypted_secret
  age_identities   = [var.age_identity]
}

# A write-only argument takes the secret without storing it, only in the apply that rotates:
#
#   resource "aws_secretsmanager_secret_version" "ci" {
#     secret_id                = aws_secretsmanager_secret.ci.id
#     secret_string_wo         = ephemeral.iamkeys_secret_access_key.ci.secret_access_key
#     secret_string_wo_version = iamkeys_rotating_access_key.ci.version
#   }
