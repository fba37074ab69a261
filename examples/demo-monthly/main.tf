# The configuration of the second part of `make demo`: a job that runs once a month, beside a daily consumer.

terraform {
  required_version = ">= 1.7"
  required_providers {
    iamkeys = {
      source = "iamkeys/iamkeys"
    }
  }
}

variable "deploy" {
  description = "Command that stores the key where its consumers read it. The key is in its environment."
  type        = string
  default     = "aws sts get-caller-identity"
}

# The overlap is the longest pause of the job, so that it works with the old key until it has read the new one. max_age counts that
# in: the key is rotated at 90d - 31d - 8d - 3 x 1d = 48d.
resource "iamkeys_rotating_access_key" "report" {
  user    = "report"
  max_age = "90d"
  overlap = "31d"
}

resource "terraform_data" "store" {
  triggers_replace = iamkeys_rotating_access_key.report.version

  provisioner "local-exec" {
    command = var.deploy
    environment = {
      AWS_ACCESS_KEY_ID     = iamkeys_rotating_access_key.report.access_key_id
      AWS_SECRET_ACCESS_KEY = iamkeys_rotating_access_key.report.secret_access_key
    }
  }
}

output "access_key_id" {
  value = iamkeys_rotating_access_key.report.access_key_id
}
