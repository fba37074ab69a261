terraform {
  required_version = ">= 1.5"
  required_providers {
    iamkeys = {
      source = "iamkeys/iamkeys"
    }
  }
}

variable "max_age_days" {
  description = "Age in days that no Active key may reach. AWS Config and Security Hub: 90."
  type        = number
  default     = 90
}

variable "max_unused_days" {
  description = "For how many days a credential may be unused. CIS and IAM.22: 45. IAM.8: 90."
  type        = number
  default     = 45
}

variable "two_keys_allowed" {
  description = "Users who may have two Active keys, such as those whose keys rotate: both are Active until consumers have moved."
  type        = set(string)
  default     = []
}

# The data sources are outside the checks. Inside one they would be read in every apply, so that no plan would be empty.
data "iamkeys_access_keys" "old" {
  status     = "Active"
  older_than = "${var.max_age_days}d"
}

data "iamkeys_access_keys" "unused" {
  status     = "Active"
  unused_for = "${var.max_unused_days}d"
}

data "iamkeys_credential_report" "account" {}

locals {
  users = [for user in data.iamkeys_credential_report.account.users : user if !user.is_root]
  root  = one([for user in data.iamkeys_credential_report.account.users : user if user.is_root])

  two_active_keys = [
    for user in local.users : user.user
    if length([for key in user.access_keys : key if key.status == "Active"]) > 1 && !contains(var.two_keys_allowed, user.user)
  ]

  # A password that was never used counts from the day on which it was set. Time is that of the report, so that the plan stays empty.
  unused_passwords = [
    for user in local.users : user.user if user.password_enabled == true && timecmp(
      timeadd(coalesce(user.password_last_used_at, user.password_last_changed_at, user.created_at), "${24 * var.max_unused_days}h"),
      data.iamkeys_credential_report.account.generated_at,
    ) <= 0
  ]
}

# CIS AWS Foundations: 1.14 (editions 1.4 to 4.0.1), 1.13 (5.0), 2.13 (6.0), 2.12 (7.0). Security Hub: IAM.3. AWS Config: access-keys-rotated.
check "access_keys_are_rotated" {
  assert {
    condition = length(data.iamkeys_access_keys.old.keys) == 0
    error_message = join("\n", concat(["Active keys that are ${var.max_age_days} days old or older:"], [
      for key in data.iamkeys_access_keys.old.keys : "${key.access_key_id} of ${key.user}, created ${key.created_at}"
    ]))
  }
}

# CIS: 1.12, 1.11, 2.11, 2.11. Security Hub: IAM.22, and IAM.8 with max_unused_days = 90. AWS Config: iam-user-unused-credentials-check.
check "unused_credentials_are_disabled" {
  assert {
    condition = length(data.iamkeys_access_keys.unused.keys) == 0
    error_message = join("\n", concat(["Active keys that nobody has used for ${var.max_unused_days} days:"], [
      for key in data.iamkeys_access_keys.unused.keys :
      "${key.access_key_id} of ${key.user}, ${key.never_used ? "never used, created ${key.created_at}" : "last used ${key.last_used_at}"}"
    ]))
  }

  assert {
    condition     = length(local.unused_passwords) == 0
    error_message = "Users whose password nobody has used for ${var.max_unused_days} days: ${join(", ", local.unused_passwords)}."
  }
}

# CIS: 1.13, 1.12, 2.12; not in 7.0.
check "users_have_one_active_key" {
  assert {
    condition     = length(local.two_active_keys) == 0
    error_message = "Users with two Active keys: ${join(", ", local.two_active_keys)}."
  }
}

# CIS: 1.4, 1.3, 2.3, 2.4. Security Hub: IAM.4. AWS Config: iam-root-access-key-check.
check "root_has_no_key" {
  assert {
    condition     = length(local.root.access_keys) == 0
    error_message = "The root user has ${length(local.root.access_keys)} access key(s)."
  }
}
