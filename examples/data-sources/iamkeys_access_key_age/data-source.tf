# All keys of the user, and the oldest Active one, as the IAM console shows it.
data "iamkeys_access_key_age" "ci" {
  user    = "ci"
  max_age = "90d"
}

# Warns in every plan and apply once the oldest Active key is 90 days old. A user without keys passes.
check "ci_key_is_rotated" {
  assert {
    condition     = !data.iamkeys_access_key_age.ci.overdue
    error_message = "Rotate the access key of ci: it was due by ${coalesce(data.iamkeys_access_key_age.ci.rotate_by, "-")}."
  }
}

# Every key that is overdue, Inactive ones included.
output "overdue_keys" {
  value = { for key in data.iamkeys_access_key_age.ci.keys : key.access_key_id => key.status if key.overdue }
}

# One key by its id, Active or Inactive.
data "iamkeys_access_key_age" "by_id" {
  access_key_id = "AKIAIOSFODNN7EXAMPLE"
}

output "key_owner_and_age" {
  value = "${data.iamkeys_access_key_age.by_id.user}: ${data.iamkeys_access_key_age.by_id.age_days} days"
}
