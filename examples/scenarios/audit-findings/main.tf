terraform {
  required_version = ">= 1.5"
  required_providers {
    iamkeys = {
      source = "iamkeys/iamkeys"
    }
  }
}

variable "max_age_days" {
  description = "Age in days that no Active credential may reach."
  type        = number
  default     = 90
}

variable "max_unused_days" {
  description = "For how many days an Active key may be unused."
  type        = number
  default     = 45
}

data "iamkeys_access_keys" "old" {
  status     = "Active"
  older_than = "${var.max_age_days}d"
  include    = ["service_specific_credentials"]
}

data "iamkeys_access_keys" "unused" {
  status     = "Active"
  unused_for = "${var.max_unused_days}d"
}

data "iamkeys_credential_report" "account" {}

locals {
  root = one([for user in data.iamkeys_credential_report.account.users : user if user.is_root])

  # No age is in a finding, only the day since when it is one. So the outputs change only when a finding comes or goes.
  findings = concat(
    [
      for key in local.root.access_keys : {
        finding = "root key", user = local.root.user, credential = "slot ${key.slot}", since = coalesce(key.last_rotated_at, local.root.created_at)
      }
    ],
    [
      for key in data.iamkeys_access_keys.old.keys : {
        finding = "old key", user = key.user, credential = key.access_key_id
        since   = timeadd(key.created_at, "${24 * var.max_age_days}h")
      }
    ],
    [
      for key in data.iamkeys_access_keys.unused.keys : {
        finding = key.never_used ? "key never used" : "unused key", user = key.user, credential = key.access_key_id
        since   = timeadd(coalesce(key.last_used_at, key.created_at), "${24 * var.max_unused_days}h")
      }
    ],
    [
      for credential in data.iamkeys_access_keys.old.service_specific_credentials : {
        finding = "old credential", user = credential.user, credential = "${credential.id} (${credential.service_name})"
        since   = timeadd(credential.created_at, "${24 * var.max_age_days}h")
      }
    ],
  )
}

output "findings" {
  value = local.findings
}

# A table in Markdown: terraform output -raw table
output "table" {
  value = join("\n", concat(
    ["| Finding | User | Credential | Since |", "|---|---|---|---|"],
    [for f in local.findings : "| ${f.finding} | ${f.user} | ${f.credential} | ${substr(f.since, 0, 10)} |"],
  ))
}

# Whether the account is clean, for a pipeline.
check "no_findings" {
  assert {
    condition     = length(local.findings) == 0
    error_message = "${length(local.findings)} finding(s) in the access keys of the account: see the output table."
  }
}
