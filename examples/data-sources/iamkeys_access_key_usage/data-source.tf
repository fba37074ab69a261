# Who has used the key in the last week, in two Regions.
data "iamkeys_access_key_usage" "legacy" {
  access_key_id = "AKIAIOSFODNN7EXAMPLE"
  regions       = ["eu-west-1", "us-east-1"]
  since         = "7d"
}

# One line for each caller, the last one first.
output "legacy_key_callers" {
  value = [
    for c in data.iamkeys_access_key_usage.legacy.callers :
    format("%s  %s  %s:%s  %d times, last at %s", c.source_ip, c.user_agent, c.service, c.action, c.count, c.last_seen)
    if !c.this_provider
  ]
}

# Warns in every plan and apply while somebody still uses the key.
check "legacy_key_has_no_callers" {
  assert {
    condition = data.iamkeys_access_key_usage.legacy.event_count == 0
    error_message = format("The key was still used by %s.",
    join(", ", distinct(compact(data.iamkeys_access_key_usage.legacy.callers[*].source_ip))))
  }
}
