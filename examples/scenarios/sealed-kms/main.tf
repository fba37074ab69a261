terraform {
  required_version = ">= 1.11"
  required_providers {
    iamkeys = {
      source = "iamkeys/iamkeys"
    }
  }
}

variable "deploy" {
  description = "Command that hands the key to its consumer. The key is in its environment."
  type        = string
  default     = "aws sts get-caller-identity"
}

resource "iamkeys_rotating_access_key" "ci" {
  user    = "ci"
  max_age = "90d"

  encrypted_output = {
    kms_key_id             = "alias/access-keys"
    kms_encryption_context = { user = "ci" }
  }
}

# It needs only kms:Decrypt: region, key and context are in the encrypted secret.
ephemeral "iamkeys_secret_access_key" "ci" {
  encrypted_secret = iamkeys_rotating_access_key.ci.encrypted_secret
}

resource "terraform_data" "consumer" {
  triggers_replace = iamkeys_rotating_access_key.ci.version

  provisioner "local-exec" {
    command = var.deploy
    environment = {
      AWS_ACCESS_KEY_ID     = iamkeys_rotating_access_key.ci.access_key_id
      AWS_SECRET_ACCESS_KEY = ephemeral.iamkeys_secret_access_key.ci.secret_access_key
    }
  }
}
