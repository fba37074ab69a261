terraform {
  required_providers {
    iamkeys = {
      source = "iamkeys/iamkeys"
    }
  }
}

variable "incidents" {
  description = "Add an entry when the key has leaked. Entries may stay, and may be removed, without effect."
  type        = map(string)
  default     = {}
}

resource "iamkeys_rotating_access_key" "ci" {
  user                = "ci"
  rotate_after        = "90d"
  revoke_when_changed = var.incidents
}
