terraform {
  required_version = ">= 1.7"
  required_providers {
    iamkeys = {
      source = "iamkeys/iamkeys"
    }
  }
}

variable "users" {
  description = "IAM users whose keys are managed here. The page has the keys of all users."
  type        = set(string)
  default     = ["ci"]
}

resource "iamkeys_rotating_access_key" "fleet" {
  for_each = var.users

  user    = each.key
  max_age = "90d"
}
