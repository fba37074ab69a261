terraform {
  required_providers {
    iamkeys = {
      source = "iamkeys/iamkeys"
    }
  }
}

# A key for an outsider: only the owner of the OpenPGP key can open the secret in the state.
resource "iamkeys_rotating_access_key" "vendor" {
  user         = "vendor"
  rotate_after = "180d"
  overlap      = "30d"

  encrypted_output = {
    openpgp_public_keys = [file("${path.module}/vendor.asc")]
    format              = "credentials_file"
  }
}

# terraform output -raw message_to_vendor >key.asc. The vendor reads it with gpg --decrypt key.asc.
output "message_to_vendor" {
  value = iamkeys_rotating_access_key.vendor.encrypted_secret
}
