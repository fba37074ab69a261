terraform {
  required_version = ">= 1.11"
  required_providers {
    iamkeys = {
      source = "iamkeys/iamkeys"
    }
  }
}

variable "age_recipients" {
  description = "Who can open the secret. Public, so it may be in the configuration: age-keygen prints it as age1..."
  type        = set(string)
}

variable "age_identity" {
  description = "Opens the secret during a run, and is stored nowhere: TF_VAR_age_identity=AGE-SECRET-KEY-1..."
  type        = string
  sensitive   = true
  ephemeral   = true
}

variable "deploy" {
  description = "Command that hands the key to its consumer. The key is in its environment."
  type        = string
  default     = "aws sts get-caller-identity"
}

# Only the encrypted secret is in the state.
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

# A consumer without a provider of its own. Prefer one with a write-only argument: see the guide.
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
