terraform {
  required_providers {
    iamkeys = {
      source = "iamkeys/iamkeys"
    }
  }
}

variable "access_key_id" {
  description = "The id that turned up. It is no secret."
  type        = string
  default     = "AKIAIOSFODNN7EXAMPLE"
}

data "iamkeys_access_key_owner" "found" {
  access_key_id = var.access_key_id
}

# IAM has no record of temporary credentials, of keys of other accounts and of deleted keys: user is null then.
data "iamkeys_access_key_age" "found" {
  count         = data.iamkeys_access_key_owner.found.user == null ? 0 : 1
  access_key_id = var.access_key_id
}

data "iamkeys_access_key_last_used" "found" {
  count         = data.iamkeys_access_key_owner.found.user == null ? 0 : 1
  access_key_id = var.access_key_id
}

output "owner" {
  value = data.iamkeys_access_key_owner.found
}

output "key" {
  value = one(data.iamkeys_access_key_age.found)
}

output "last_use" {
  value = one(data.iamkeys_access_key_last_used.found)
}
