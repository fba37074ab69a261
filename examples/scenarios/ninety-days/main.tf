terraform {
  required_providers {
    iamkeys = {
      source = "iamkeys/iamkeys"
    }
  }
}

# Rotates at 90d - 7d - 8d - 3 x 1d = 72d, so that the previous key is Inactive before it is 90 days old.
resource "iamkeys_rotating_access_key" "ci" {
  user        = "ci"
  max_age     = "90d"
  apply_every = "1d"
}

# Warns one day before a key of this resource is too old.
check "ci_stays_compliant" {
  assert {
    condition = iamkeys_rotating_access_key.ci.compliant_until == null ? true : (
      timecmp(timeadd(plantimestamp(), "24h"), iamkeys_rotating_access_key.ci.compliant_until) < 0
    )
    error_message = format("A key of ci reaches 90 days at %s. Rotation: %s. Retirement: %s.",
      coalesce(iamkeys_rotating_access_key.ci.compliant_until, "-"),
      coalesce(iamkeys_rotating_access_key.ci.rotation_blocked, "not blocked"),
      coalesce(iamkeys_rotating_access_key.ci.retirement_blocked, "not blocked"),
    )
  }
}

# The oldest Active key of the user, keys of others included: what AWS Config sees. Inside the check it would be read again by every
# apply, so that no plan would be empty.
data "iamkeys_access_key_age" "ci" {
  user    = "ci"
  max_age = "90d"
}

check "ci_is_compliant" {
  assert {
    condition     = !data.iamkeys_access_key_age.ci.overdue
    error_message = "Key ${coalesce(data.iamkeys_access_key_age.ci.access_key_id, "-")} of ci is 90 days old or older."
  }
}

output "compliant_until" {
  value = iamkeys_rotating_access_key.ci.compliant_until
}
