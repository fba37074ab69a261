terraform {
  required_providers {
    iamkeys = {
      source = "iamkeys/iamkeys"
    }
  }
}

variable "users" {
  description = "IAM users whose keys are rotated."
  type        = set(string)
  default     = ["backup", "ci"]
}

resource "iamkeys_rotating_access_key" "team" {
  for_each = var.users

  user        = each.key
  max_age     = "90d"
  overlap     = "3d"
  description = "rotated by Terraform for ${each.key}"
}

check "all_keys_rotate" {
  assert {
    condition     = alltrue([for key in iamkeys_rotating_access_key.team : key.rotation_blocked == null])
    error_message = join("\n", [for key in iamkeys_rotating_access_key.team : "${key.user}: ${key.rotation_blocked}" if key.rotation_blocked != null])
  }
}
