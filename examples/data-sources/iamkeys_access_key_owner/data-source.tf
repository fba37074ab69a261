# A key id from a log.
data "iamkeys_access_key_owner" "found" {
  access_key_id = "AKIAIOSFODNN7EXAMPLE"
}

output "owner" {
  value = join(", ", [
    "account ${data.iamkeys_access_key_owner.found.account_id}",
    data.iamkeys_access_key_owner.found.same_account ? "this one" : "not this one",
    data.iamkeys_access_key_owner.found.user == null ? "no user" : "user ${data.iamkeys_access_key_owner.found.user}",
  ])
}

# Keys that must be of this account: warns in every plan about one that is not.
check "key_is_ours" {
  assert {
    condition     = data.iamkeys_access_key_owner.found.same_account
    error_message = "The key is of account ${data.iamkeys_access_key_owner.found.account_id}."
  }
}
