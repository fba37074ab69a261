# All credentials of the account, in two or three requests.
data "iamkeys_credential_report" "account" {}

locals {
  report = data.iamkeys_credential_report.account
  root   = one([for u in local.report.users : u if u.is_root])
}

# Warns in every plan and apply as long as the root user has an access key, Active or Inactive.
check "root_user_has_no_access_key" {
  assert {
    condition     = length(local.root.access_keys) == 0
    error_message = "The root user has ${length(local.root.access_keys)} access key(s), as of ${local.report.generated_at}."
  }
}

check "root_user_has_mfa" {
  assert {
    condition     = local.root.mfa_active
    error_message = "The root user has no MFA, as of ${local.report.generated_at}."
  }
}

# Users who sign in to the console with a password alone.
locals {
  without_mfa = [for u in local.report.users : u.user if u.password_enabled == true && u.mfa_active == false]
}

check "console_users_have_mfa" {
  assert {
    condition     = length(local.without_mfa) == 0
    error_message = "Users with a password and without MFA: ${join(", ", local.without_mfa)}."
  }
}

# Users with an Active key that nobody has ever used.
output "users_with_unused_keys" {
  value = [
    for u in local.report.users : u.user
    if anytrue([for k in u.access_keys : k.status == "Active" && k.last_used_at == null])
  ]
}
