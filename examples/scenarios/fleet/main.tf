terraform {
  required_version = ">= 1.7"
  required_providers {
    iamkeys = {
      source = "iamkeys/iamkeys"
    }
  }
}

variable "users" {
  description = "IAM users with one access key each, whose keys are taken over."
  type        = set(string)
  default     = ["backup", "ci", "report"]
}

import {
  for_each = var.users
  to       = iamkeys_rotating_access_key.fleet[each.key]
  id       = each.key
}

# Overdue keys rotate on different days of the two weeks after the import. Later keys rotate at an age between 58 and 72 days.
resource "iamkeys_rotating_access_key" "fleet" {
  for_each = var.users

  user            = each.key
  max_age         = "90d"
  rotation_spread = "14d"
}

# Warns with the names of users who have a key that is 90 days old within a day.
check "fleet_stays_compliant" {
  assert {
    condition = alltrue([
      for key in iamkeys_rotating_access_key.fleet :
      timecmp(timeadd(plantimestamp(), "24h"), key.compliant_until) < 0 if key.compliant_until != null
    ])
    error_message = join("\n", [
      for key in iamkeys_rotating_access_key.fleet : "${key.user}: ${key.compliant_until}"
      if key.compliant_until == null ? false : timecmp(timeadd(plantimestamp(), "24h"), key.compliant_until) >= 0
    ])
  }
}

# Users with a previous key that can't be retired yet, such as one that is still in use.
output "previous_keys_that_stay" {
  value = [for key in iamkeys_rotating_access_key.fleet : key.user if key.retirement_blocked != null]
}

# Users whose rotation is due and waits.
output "blocked_rotations" {
  value = { for key in iamkeys_rotating_access_key.fleet : key.user => key.rotation_blocked if key.rotation_blocked != null }
}
