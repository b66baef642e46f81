// The official Go SDK against Stepgate. Prints a line for each claim that it checks.
package main

import (
	"fmt"
	"os"
)

type claim struct {
	name  string
	check func()
}

func main() {
	failed := false
	for _, claims := range [][]claim{native, browser, admin, mail} {
		for _, claim := range claims {
			if why := caught(claim.check); why != nil {
				failed = true
				fmt.Printf("FAILED %s: %v\n", claim.name, why)
			} else {
				fmt.Printf("ok %s\n", claim.name)
			}
		}
	}
	if failed {
		os.Exit(1)
	}
}

func caught(check func()) (why any) {
	defer func() { why = recover() }()
	check()
	return nil
}
