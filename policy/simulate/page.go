package simulate

import (
	_ "embed" // the page
	"fmt"
	"html/template"
	"io"
	"strings"
)

//go:embed page.html
var page string

// WriteHTML writes the report as one page that needs nothing else: no script, no font, no other file.
func (r Report) WriteHTML(w io.Writer) error {
	digest, err := r.Digest()
	if err != nil {
		return err
	}
	parsed, err := template.New("report").Funcs(template.FuncMap{
		"number": number,
		"title":  r.Title,
		"digest": func() string { return digest },
		"summed": func() []string { return []string{"organisation", "category", "basis"} },
		"upper":  func(s string) string { return strings.ToUpper(s[:1]) + s[1:] },
	}).Parse(page)
	if err != nil {
		return fmt.Errorf("simulate: reading the page: %w", err)
	}
	if err := parsed.Execute(w, r); err != nil {
		return fmt.Errorf("simulate: writing the page: %w", err)
	}
	return nil
}
