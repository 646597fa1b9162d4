package server

import (
	"fmt"
	"strings"
	"unicode"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/mashgate/mashgate/internal/fault"
)

// unreadableText names every text of a message with a control character in it. Nobody types one; on a terminal, in a log or in another
// system's import it does things. Tabs and line ends are let be.
func unreadableText(path string, message protoreflect.Message) []fault.Field {
	var fields []fault.Field
	for all, i := message.Descriptor().Fields(), 0; i < all.Len(); i++ {
		fd := all.Get(i)
		name := strings.TrimPrefix(path+"."+string(fd.Name()), ".")
		switch value := message.Get(fd); {
		case !message.Has(fd) || fd.IsMap(): // no message of the contract has a map
		case fd.IsList():
			for i := range value.List().Len() {
				fields = append(fields, unreadableValue(fmt.Sprintf("%s[%d]", name, i), fd, value.List().Get(i))...)
			}
		default:
			fields = append(fields, unreadableValue(name, fd, value)...)
		}
	}
	return fields
}

func unreadableValue(name string, fd protoreflect.FieldDescriptor, value protoreflect.Value) []fault.Field {
	switch {
	case fd.Kind() == protoreflect.StringKind && strings.ContainsFunc(value.String(), controls):
		return []fault.Field{{Name: name, Description: "has a control character in it"}}
	case fd.Kind() == protoreflect.MessageKind:
		return unreadableText(name, value.Message())
	}
	return nil
}

func controls(r rune) bool { return unicode.IsControl(r) && !strings.ContainsRune("\t\n\r", r) }
