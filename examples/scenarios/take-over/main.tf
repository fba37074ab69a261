terraform {
  required_providers {
    iamkeys = {
      source = "iamkeys/iamkeys"
    }
  }
}

# Takes over a key that exists. Its secret stays unknown, since IAM tells it only once; the next rotation publishes one.
import {
  to = iamkeys_rotating_access_key.ci
  id = "ci" # with two keys: "ci/<current key>" or "ci/<current key>/<previous key>"
}

resource "iamkeys_rotating_access_key" "ci" {
  user         = "ci"
  rotate_after = "90d"
}
