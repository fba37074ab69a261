terraform {
  required_providers {
    iamkeys = {
      source = "iamkeys/iamkeys"
    }
  }
}

# Rotates when the value of quarter changes, and never by age.
resource "iamkeys_rotating_access_key" "ci" {
  user                = "ci"
  rotate_when_changed = { quarter = "2026-Q4" }
}
