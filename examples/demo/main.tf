# The configuration that `make demo` applies over eight months of simulated time, on a simulated AWS. The provider takes
# endpoint, region and credentials from the AWS_* environment variables, so the configuration also works with a real account.

terraform {
  required_version = ">= 1.7"
  required_providers {
    iamkeys = {
      source = "iamkeys/iamkeys"
    }
  }
}

variable "incident" {
  description = "Set or change it when the key has leaked."
  type        = string
  default     = null
}

variable "deploy" {
  description = "Command that hands the key to its consumer. The key is in its environment."
  type        = string
  default     = "aws sts get-caller-identity"
}

resource "iamkeys_rotating_access_key" "ci" {
  user                = "ci"
  max_age             = "90d"
  revoke_when_changed = var.incident == null ? {} : { incident = var.incident }
}

# A consumer of the key: a command that runs again for each new key, in the apply that creates it.
resource "terraform_data" "consumer" {
  triggers_replace = iamkeys_rotating_access_key.ci.version

  provisioner "local-exec" {
    command = var.deploy
    environment = {
      AWS_ACCESS_KEY_ID     = iamkeys_rotating_access_key.ci.access_key_id
      AWS_SECRET_ACCESS_KEY = iamkeys_rotating_access_key.ci.secret_access_key
    }
  }
}

output "access_key_id" {
  value = iamkeys_rotating_access_key.ci.access_key_id
}
