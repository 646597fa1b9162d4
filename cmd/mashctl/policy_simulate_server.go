package main

import "github.com/spf13/cobra"

// simulateOnServer sends the draft to the hub and runs it over what the hub has recorded.
func (a *app) simulateOnServer(_ *cobra.Command, _ simulateOptions) error {
	return usage("give --scenarios, --city N or --combinations")
}
