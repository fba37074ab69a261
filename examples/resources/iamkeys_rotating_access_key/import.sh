# A user with one key.
terraform import iamkeys_rotating_access_key.ci ci

# A user with two keys: the named one becomes current, and the other one stays unmanaged.
terraform import iamkeys_rotating_access_key.ci ci/AKIAIOSFODNN7EXAMPLE

# Current and previous. The overlap of an Active previous key, or the grace of an Inactive one, starts at the import.
terraform import iamkeys_rotating_access_key.ci ci/AKIAIOSFODNN7EXAMPLE/AKIAI44QH8DHBEXAMPLE
