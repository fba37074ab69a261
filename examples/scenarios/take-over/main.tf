terraform {
  required_providers {
    iamkeys = {
      source = "iamkeys/iamkeys"
    }
  }
}

# Imports an existing key. Its secret stays unknown, since IAM returns it only once. The next rotation publishes a new one: with the
# plan after the import, if the key is overdue.
import {
  to = iamkeys_rotating_access_key.ci
  id = "ci" # with two keys: "ci/<current key>" or "ci/<current key>/<previous key>"
}

resource "iamkeys_rotating_access_key" "ci" {
  user    = "ci"
  max_age = "90d"
}
