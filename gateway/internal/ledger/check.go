package ledger

import (
	"errors"
	"fmt"
	"regexp"
)

// An entry is read by more people than any record, and for longer: what goes in is held to the shape of ids and codes, so that a name
// or a sentence cannot slip in by a careless caller.
var (
	ids   = regexp.MustCompile(`^[A-Za-z0-9._:/@=+-]{0,300}$`)
	refs  = regexp.MustCompile(`^[A-Za-z0-9._:/=+-]{0,64}$`)
	codes = regexp.MustCompile(`^[a-z0-9_.]{1,80}$`)
)

func (e Entry) check() error {
	if e.Hub == "" || !e.Kind.known() {
		return errors.New("ledger: an entry needs a hub and a known kind")
	}
	for what, value := range map[string]string{
		"hub": e.Hub, "actor": e.Actor, "actor_role": e.ActorRole, "episode": e.Episode, "request": e.Request,
		"organisation": e.Organisation, "revision": e.Revision, "method": e.Method, "digest": e.Digest,
	} {
		if !ids.MatchString(value) {
			return fmt.Errorf("ledger: %s of %s is not an id", what, e.Kind)
		}
	}
	for _, s := range e.Subjects {
		if !ids.MatchString(s) || s == "" {
			return fmt.Errorf("ledger: a subject of %s is not an id", e.Kind)
		}
	}
	for i, it := range e.Items {
		if err := it.check(); err != nil {
			return fmt.Errorf("ledger: item %d of %s: %w", i, e.Kind, err)
		}
	}
	return allCodes("a reason", e.Reasons)
}

func (it Item) check() error {
	if !refs.MatchString(it.Ref) {
		return errors.New("its reference is not one")
	}
	if !ids.MatchString(it.Subject) {
		return errors.New("its subject is not an id")
	}
	for what, value := range map[string]string{"category": it.Category, "effect": it.Effect} {
		if value != "" && !codes.MatchString(value) {
			return fmt.Errorf("its %s is not a code", what)
		}
	}
	if err := allCodes("a mask", it.Masks); err != nil {
		return err
	}
	return allCodes("a reason", it.Reasons)
}

func allCodes(what string, values []string) error {
	for _, v := range values {
		if !codes.MatchString(v) {
			return fmt.Errorf("ledger: %s is not a code", what)
		}
	}
	return nil
}
