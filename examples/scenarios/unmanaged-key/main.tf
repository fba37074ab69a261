terraform {
  required_providers {
    iamkeys = {
      source = "iamkeys/iamkeys"
    }
  }
}

# The user has a key that somebody created by hand. It becomes the previous key of the first key that this resource creates, and is
# retired like every previous key: deactivated after the overlap once consumers have moved, deleted after the grace. Its overlap starts
# now, so it may become older than max_age.
resource "iamkeys_rotating_access_key" "ci" {
  user           = "ci"
  max_age        = "90d"
  overlap        = "30d"
  unmanaged_keys = "retire"
}
