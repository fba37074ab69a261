terraform {
  required_providers {
    iamkeys = {
      source = "iamkeys/iamkeys"
    }
  }
}

variable "roll_back" {
  description = "Publish the previous key again."
  type        = bool
  default     = false
}

resource "iamkeys_rotating_access_key" "ci" {
  user          = "ci"
  max_age       = "90d"
  hold_previous = var.roll_back
}

# The key that consumers get. Setting roll_back reactivates the previous key, if this resource had deactivated it, and
# publishes it again in the same apply. Without a previous key it is an error.
locals {
  published = var.roll_back ? {
    access_key_id     = iamkeys_rotating_access_key.ci.previous.access_key_id
    secret_access_key = iamkeys_rotating_access_key.ci.previous.secret_access_key
    } : {
    access_key_id     = iamkeys_rotating_access_key.ci.access_key_id
    secret_access_key = iamkeys_rotating_access_key.ci.secret_access_key
  }
}

output "access_key_id" {
  value = local.published.access_key_id

  precondition {
    condition     = var.roll_back ? iamkeys_rotating_access_key.ci.previous.status == "Active" : true
    error_message = "The previous key is Inactive, and it was not this resource that deactivated it, or it was revoked."
  }
}

output "secret_access_key" {
  value     = local.published.secret_access_key
  sensitive = true
}
