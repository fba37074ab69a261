# terraform test with a mocked provider needs no AWS account and no credentials. Computed values without a default here are
# random strings, so rotation_blocked and retirement_blocked must be set to null. previous is an object of random strings.
mock_provider "iamkeys" {
  mock_resource "iamkeys_rotating_access_key" {
    defaults = {
      access_key_id      = "AKIAIOSFODNN7EXAMPLE"
      secret_access_key  = "not a secret"
      version            = 1767225600
      rotation_blocked   = null
      retirement_blocked = null
    }
  }
}

run "publishes_the_key" {
  assert {
    condition     = output.access_key_id == "AKIAIOSFODNN7EXAMPLE"
    error_message = "The output is not the id of the key."
  }
}
