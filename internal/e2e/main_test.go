package e2e_test

import (
	"os"
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// IAM is eventually consistent in every test that does not set options of its own.
func TestMain(m *testing.M) { os.Exit(acctest.Main(m, iamsim.EventuallyConsistent())) }
