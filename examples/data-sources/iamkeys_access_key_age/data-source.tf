# The age of the user's oldest Active key, as the IAM console shows it.
data "iamkeys_access_key_age" "ci" {
  user    = "ci"
  max_age = "90d"
}

# Warns in every plan and apply once the key is 90 days old.
check "ci_key_is_rotated" {
  assert {
    condition     = !data.iamkeys_access_key_age.ci.overdue
    error_message = "Rotate the access key of ci: it was due by ${coalesce(data.iamkeys_access_key_age.ci.rotate_by, "-")}."
  }
}

# One key by its id, Active or Inactive.
data "iamkeys_access_key_age" "by_id" {
  access_key_id = "AKIAIOSFODNN7EXAMPLE"
}

output "key_owner_and_age" {
  value = "${data.iamkeys_access_key_age.by_id.user}: ${data.iamkeys_access_key_age.by_id.age_days} days"
}
