// Package show prints what the hub answers for a person to read: plain text, wrapped, in the same order everywhere. It decides
// nothing and hides nothing: what it is handed has been released.
package show

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

const width = 110

// page writes lines and keeps the first error.
type page struct {
	w   io.Writer
	err error
}

func (p *page) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format+"\n", args...)
	}
}

func (p *page) heading(title string) {
	p.line("")
	p.line("%s", strings.ToUpper(title))
	p.line("%s", strings.Repeat("─", utf8.RuneCountInString(title)))
}

// wrapped prints text under an indent, broken between words.
func (p *page) wrapped(indent int, text string) {
	pad := strings.Repeat(" ", indent)
	line := pad
	for word := range strings.FieldsSeq(Printable(text)) {
		if utf8.RuneCountInString(line)+utf8.RuneCountInString(word)+1 > width && strings.TrimSpace(line) != "" {
			p.line("%s", strings.TrimRight(line, " "))
			line = pad
		}
		line += word + " "
	}
	if strings.TrimSpace(line) != "" {
		p.line("%s", strings.TrimRight(line, " "))
	}
}

// Printable replaces what could drive a terminal (escape sequences in an agency's text) by a visible mark.
func Printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return ' '
		}
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return '\uFFFD'
		}
		return r
	}, s)
}
