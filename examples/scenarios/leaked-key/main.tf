terraform {
  required_providers {
    iamkeys = {
      source = "iamkeys/iamkeys"
    }
  }
}

variable "incidents" {
  description = "Add an entry when a key has leaked. Entries may stay, and may be removed, without effect."
  type        = map(string)
  default     = {}
}

# The apply with a new entry creates a key and deactivates every older key of this resource. If somebody has deactivated the leaked key
# by hand first, the same apply does the rest.
resource "iamkeys_rotating_access_key" "ci" {
  user                = "ci"
  max_age             = "90d"
  revoke_when_changed = var.incidents
}
