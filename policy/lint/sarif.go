package lint

import "io"

// The parts of SARIF 2.1.0 (OASIS, Static Analysis Results Interchange Format) that the report needs: what code hosts and CI systems
// show beside the lines of a change.
type sarifLog struct {
	Schema  string     `json:"$schema"`
	Version string     `json:"version"`
	Runs    []sarifRun `json:"runs"`
}

type sarifRun struct {
	Tool        sarifTool         `json:"tool"`
	BaseIDs     map[string]any    `json:"originalUriBaseIds"`
	Invocations []sarifInvocation `json:"invocations"`
	Results     []sarifResult     `json:"results"`
}

type sarifTool struct {
	Driver sarifDriver `json:"driver"`
}

type sarifDriver struct {
	Name  string      `json:"name"`
	Rules []sarifRule `json:"rules"`
}

type sarifRule struct {
	ID                   string       `json:"id"`
	ShortDescription     sarifMessage `json:"shortDescription"`
	FullDescription      sarifMessage `json:"fullDescription"`
	Help                 sarifMessage `json:"help"`
	DefaultConfiguration sarifLevel   `json:"defaultConfiguration"`
}

type sarifLevel struct {
	Level string `json:"level"`
}

type sarifMessage struct {
	Text string `json:"text"`
}

type sarifInvocation struct {
	ExecutionSuccessful bool                `json:"executionSuccessful"`
	Notifications       []sarifNotification `json:"toolExecutionNotifications,omitempty"`
}

type sarifNotification struct {
	Level   string       `json:"level"`
	Message sarifMessage `json:"message"`
}

type sarifResult struct {
	RuleID    string          `json:"ruleId"`
	RuleIndex int             `json:"ruleIndex"`
	Level     string          `json:"level"`
	Message   sarifMessage    `json:"message"`
	Locations []sarifLocation `json:"locations,omitempty"`
}

type sarifLocation struct {
	Physical sarifPhysical `json:"physicalLocation"`
}

type sarifPhysical struct {
	Artifact sarifArtifact `json:"artifactLocation"`
	Region   *sarifRegion  `json:"region,omitempty"`
}

type sarifArtifact struct {
	URI    string `json:"uri"`
	BaseID string `json:"uriBaseId"`
}

type sarifRegion struct {
	StartLine int `json:"startLine"`
}

// The folders that files of a report are relative to.
const (
	sarifPack = "PACK"
	sarifBase = "DEFAULT_PACK"
)

// WriteSARIF writes the report as SARIF 2.1.0. File names are relative to the pack's folder, or to the default pack's.
func (r Report) WriteSARIF(w io.Writer) error {
	run := sarifRun{
		Tool: sarifTool{Driver: sarifDriver{Name: "mashctl policy check", Rules: []sarifRule{}}},
		BaseIDs: map[string]any{
			sarifPack: map[string]any{"description": sarifMessage{"The folder that was checked"}},
			sarifBase: map[string]any{"description": sarifMessage{"The built-in default pack"}},
		},
		Invocations: []sarifInvocation{{ExecutionSuccessful: len(r.NotChecked) == 0}},
		Results:     []sarifResult{},
	}
	index := map[string]int{}
	for i, lint := range r.lints {
		index[lint.ID] = i
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, lint.sarif())
	}
	for _, gap := range r.NotChecked {
		notice := sarifNotification{Level: "error", Message: sarifMessage{gap}}
		run.Invocations[0].Notifications = append(run.Invocations[0].Notifications, notice)
	}
	for _, finding := range r.Findings {
		run.Results = append(run.Results, finding.sarif(index[finding.Rule]))
	}
	return writeJSON(w, sarifLog{Schema: "https://json.schemastore.org/sarif-2.1.0.json", Version: "2.1.0", Runs: []sarifRun{run}})
}

func (l Lint) sarif() sarifRule {
	return sarifRule{
		ID: l.ID, ShortDescription: sarifMessage{l.Title}, FullDescription: sarifMessage{l.Why}, Help: sarifMessage{l.WayOut},
		DefaultConfiguration: sarifLevel{string(l.Severity)},
	}
}

func (f Finding) sarif(index int) sarifResult {
	result := sarifResult{
		RuleID: f.Rule, RuleIndex: index, Level: string(f.Severity), Message: sarifMessage{f.Message + ". Way out: " + f.WayOut},
	}
	if f.File == "" {
		return result
	}
	physical := sarifPhysical{Artifact: sarifArtifact{URI: f.File, BaseID: sarifPack}}
	if f.Base {
		physical.Artifact.BaseID = sarifBase
	}
	if f.Line > 0 {
		physical.Region = &sarifRegion{StartLine: f.Line}
	}
	result.Locations = []sarifLocation{{physical}}
	return result
}
