package lint

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// place is where something stands in the pack.
type place struct {
	file string
	line int
	// base is true where it stands in the pack that an overlay lies over.
	base bool
}

// positions finds the line of a path in a pack's data ("tiers", "cells", "B", "s17"). Of a value that an overlay gives, it is the
// overlay's line; of what the overlay leaves as it was, the base's.
type positions struct{ lines map[string]place }

func newPositions() positions { return positions{lines: map[string]place{}} }

// read adds files of a folder, over those read before.
func (p positions) read(fsys fs.FS, pattern string, base bool) error {
	names, err := fs.Glob(fsys, pattern)
	if err != nil {
		return fmt.Errorf("lint: reading the data's lines: %w", err)
	}
	for _, name := range names {
		source, err := fs.ReadFile(fsys, name)
		if err != nil {
			return fmt.Errorf("lint: reading the data's lines: %w", err)
		}
		var document yaml.Node
		if yaml.Unmarshal(source, &document) != nil || len(document.Content) == 0 {
			continue // what is not YAML has no lines; reading the pack has said so
		}
		root := strings.TrimSuffix(path.Base(name), path.Ext(name))
		p.walk([]string{root}, document.Content[0], place{file: name, line: 1, base: base})
	}
	return nil
}

// walk adds what stands below a node. An alias is where it stands; what it stands for has lines of its own.
func (p positions) walk(at []string, node *yaml.Node, where place) {
	p.lines[key(at)] = where
	below := func(name string) []string { return append(slices.Clip(at), name) }
	switch node.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(node.Content); i += 2 {
			where.line = node.Content[i].Line
			p.walk(below(node.Content[i].Value), node.Content[i+1], where)
		}
	case yaml.SequenceNode:
		for i, item := range node.Content {
			where.line = item.Line
			p.walk(below(strconv.Itoa(i)), item, where)
		}
	}
}

// find is the place of a path, or of the nearest thing around it.
func (p positions) find(at []string) place {
	for ; len(at) > 0; at = at[:len(at)-1] {
		if found, ok := p.lines[key(at)]; ok {
			return found
		}
	}
	return place{}
}

func key(at []string) string { return strings.Join(at, "\x00") }
