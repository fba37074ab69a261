terraform {
  required_providers {
    iamkeys = {
      source = "iamkeys/iamkeys"
    }
  }
}

# The user has a key that somebody created by hand. It becomes the previous key of the first key that this resource creates,
# and is retired like every previous key: deactivated after the overlap once it is unused, deleted after the grace.
resource "iamkeys_rotating_access_key" "ci" {
  user           = "ci"
  rotate_after   = "90d"
  overlap        = "30d"
  unmanaged_keys = "retire"
}
