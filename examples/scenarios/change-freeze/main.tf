terraform {
  required_providers {
    iamkeys = {
      source = "iamkeys/iamkeys"
    }
  }
}

variable "freeze" {
  description = "No rotation, deactivation or deletion that only time calls for."
  type        = bool
  default     = false
}

resource "iamkeys_rotating_access_key" "ci" {
  user    = "ci"
  max_age = "90d"
  paused  = var.freeze
}
