# Active keys of the whole account that are 90 days old or older.
data "iamkeys_access_keys" "old" {
  status     = "Active"
  older_than = "90d"
}

# Warns in every plan and apply, with a line for each key, the oldest first.
check "no_key_is_older_than_90_days" {
  assert {
    condition = length(data.iamkeys_access_keys.old.keys) == 0
    error_message = join("\n", concat(["Rotate these access keys:"], [
      for key in data.iamkeys_access_keys.old.keys : "${key.access_key_id} of ${key.user}: ${key.age_days} days old"
    ]))
  }
}

# Keys of the users below a path that nobody has used for 45 days, or never since they were created 45 days ago or earlier.
data "iamkeys_access_keys" "unused" {
  path_prefix = "/service/"
  status      = "Active"
  unused_for  = "45d"
  include     = ["descriptions"]
}

output "unused_keys" {
  value = {
    for key in data.iamkeys_access_keys.unused.keys : key.access_key_id => {
      user         = key.user
      description  = key.description
      last_used_at = key.last_used_at
    }
  }
}

# All long-term credentials of some users.
data "iamkeys_access_keys" "team" {
  users   = ["ci"]
  include = ["service_specific_credentials"]
}

output "team_credentials" {
  value = concat(
    [for key in data.iamkeys_access_keys.team.keys : "${key.user}: access key ${key.access_key_id}, ${key.status}"],
    [
      for credential in data.iamkeys_access_keys.team.service_specific_credentials :
      "${credential.user}: ${credential.service_name} credential ${credential.id}, ${credential.status}"
    ],
  )
}
