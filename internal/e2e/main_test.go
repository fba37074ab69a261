package e2e_test

import (
	"os"
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
)

func TestMain(m *testing.M) { os.Exit(acctest.Main(m)) }
