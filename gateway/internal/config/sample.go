package config

import _ "embed" // for the sample

//go:embed sample.yaml
var sample string

// Sample is a configuration to start from, each line explained.
func Sample() string { return sample }
