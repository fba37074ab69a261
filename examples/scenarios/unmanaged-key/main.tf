terraform {
  required_providers {
    iamkeys = {
      source = "iamkeys/iamkeys"
    }
  }
}

# The user has a key that somebody made by hand. It becomes the previous key of the first one that is made here, and leaves
# as every previous key does: deactivated after the overlap once nobody uses it, deleted after the grace.
resource "iamkeys_rotating_access_key" "ci" {
  user           = "ci"
  rotate_after   = "90d"
  overlap        = "30d"
  unmanaged_keys = "retire"
}
