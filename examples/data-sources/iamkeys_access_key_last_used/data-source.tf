# One key by its id.
data "iamkeys_access_key_last_used" "legacy" {
  access_key_id = "AKIAIOSFODNN7EXAMPLE"
}

# Warns while a key that should be unused is still in use.
check "legacy_key_is_idle" {
  assert {
    condition = data.iamkeys_access_key_last_used.legacy.never_used ? true : data.iamkeys_access_key_last_used.legacy.days_since_last_used >= 30
    error_message = format("Key of %s was last used at %s for %s.",
      data.iamkeys_access_key_last_used.legacy.user,
      coalesce(data.iamkeys_access_key_last_used.legacy.last_used_at, "-"),
      coalesce(data.iamkeys_access_key_last_used.legacy.service_name, "-"),
    )
  }
}

# All keys of a user.
data "iamkeys_access_key_last_used" "ci" {
  user = "ci"
}

output "active_keys_unused_for_45_days" {
  value = [
    for key in data.iamkeys_access_key_last_used.ci.keys : key.access_key_id
    if key.status == "Active" && (key.never_used ? false : key.days_since_last_used >= 45)
  ]
}

output "never_used_keys" {
  value = [for key in data.iamkeys_access_key_last_used.ci.keys : key.access_key_id if key.never_used]
}
