terraform {
  required_providers {
    iamkeys = {
      source = "iamkeys/iamkeys"
    }
  }
}

resource "iamkeys_rotating_access_key" "ci" {
  user    = "ci"
  max_age = "90d"
}

check "ci_rotates" {
  assert {
    condition     = iamkeys_rotating_access_key.ci.rotation_blocked == null
    error_message = "The key of ci is not rotated."
  }
}

output "access_key_id" {
  value = iamkeys_rotating_access_key.ci.access_key_id
}
