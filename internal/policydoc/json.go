package policydoc

import (
	"bytes"
	"encoding/json"
)

// statementJSON is a Statement as AWS's own examples write it: a single resource is no list.
type statementJSON struct {
	Sid       string
	Effect    string
	Action    []string
	Resource  any
	Condition map[string]map[string]string `json:",omitempty"`
}

// JSON returns the document as JSON, indented by two spaces, without a line end.
func (d Document) JSON() string {
	statements := make([]statementJSON, len(d.Statement))
	for i, s := range d.Statement {
		statements[i] = statementJSON{Sid: s.Sid, Effect: s.Effect, Action: s.Action, Resource: s.Resource, Condition: s.Condition}
		if len(s.Resource) == 1 {
			statements[i].Resource = s.Resource[0]
		}
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	// Encoding strings, lists and maps of them can't fail.
	_ = encoder.Encode(struct { //nolint:errchkjson // see above
		Version   string
		Statement []statementJSON
	}{d.Version, statements})
	return string(bytes.TrimSpace(out.Bytes()))
}
