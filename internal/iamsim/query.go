package iamsim

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

const (
	serviceIAM = "iam"
	serviceSTS = "sts"
)

// versions are the API versions. Clients send them, and XML namespaces end in them.
var versions = map[string]string{serviceIAM: "2010-05-08", serviceSTS: "2011-06-15"}

// queryProtocol is the AWS Query protocol of IAM and STS: a form in, XML out.
// https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
type queryProtocol struct{}

// queryOperations are the actions of IAM and STS. No action name is in both, so that one port serves both.
var queryOperations = func() map[string]operation {
	all := maps.Clone(userOperations)
	maps.Copy(all, accessKeyOperations)
	maps.Copy(all, serviceCredentialOperations)
	maps.Copy(all, reportOperations)
	maps.Copy(all, summaryOperations)
	maps.Copy(all, stsOperations)
	return all
}()

// Page sizes of IAM's lists.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListAccessKeys.html
const (
	defaultMaxItems = 100
	largestMaxItems = 1000
)

// members is a list in the Query protocol's form. Unlike a nested path in a field tag it writes an element for an empty
// list, which boto requires.
type members[T any] struct {
	Member []T `xml:"member"`
}

// page ends the result of a paginated action.
type page struct {
	IsTruncated bool   `xml:"IsTruncated"`
	Marker      string `xml:"Marker,omitempty"`
}

type metadata struct {
	RequestID string `xml:"RequestId"`
}

// isoDate formats a time as IAM and STS do, in whole seconds.
func isoDate(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

func namespace(service string) xml.Attr {
	version, ok := versions[service]
	if !ok {
		service, version = serviceIAM, versions[serviceIAM] // an unknown action, signed for another service
	}
	return xml.Attr{Name: xml.Name{Local: "xmlns"}, Value: "https://" + service + ".amazonaws.com/doc/" + version + "/"}
}

func (queryProtocol) read(_ *http.Request, body []byte) (action string, params url.Values, err error) {
	params, err = url.ParseQuery(string(body))
	if err != nil {
		return "", nil, errors.New("the request body is not a form")
	}
	return params.Get("Action"), params, nil
}

func (queryProtocol) operation(action string, params url.Values) (operation, error) {
	op, ok := queryOperations[action]
	if version := params.Get("Version"); !ok || version != versions[op.service] {
		return op, errInvalidAction(action, version)
	}
	return op, nil
}

// failure returns the error itself: codes and statuses are those of this protocol already.
func (queryProtocol) failure(failed *apiError) *apiError { return failed }

func (queryProtocol) contentType() string { return "text/xml" }

func (queryProtocol) resultDocument(service, action string, result any, requestID string) []byte {
	root := xml.StartElement{Name: xml.Name{Local: action + "Response"}, Attr: []xml.Attr{namespace(service)}}
	return document(root, func(e *xml.Encoder) error {
		if result != nil {
			if err := e.EncodeElement(result, element(action+"Result")); err != nil {
				return err
			}
		}
		return e.EncodeElement(metadata{requestID}, element("ResponseMetadata"))
	})
}

func (queryProtocol) errorDocument(service string, failed *apiError, requestID string) []byte {
	type detail struct {
		Type    string
		Code    string
		Message string
	}
	root := xml.StartElement{Name: xml.Name{Local: "ErrorResponse"}, Attr: []xml.Attr{namespace(service)}}
	return document(root, func(e *xml.Encoder) error {
		if err := e.EncodeElement(detail{failed.faultType(), failed.code, failed.message}, element("Error")); err != nil {
			return err
		}
		return e.EncodeElement(requestID, element("RequestId"))
	})
}

func element(name string) xml.StartElement { return xml.StartElement{Name: xml.Name{Local: name}} }

// document encodes one element. It panics on a value that XML can't hold; the types of this package always fit.
func document(root xml.StartElement, content func(*xml.Encoder) error) []byte {
	var out bytes.Buffer
	e := xml.NewEncoder(&out)
	must(e.EncodeToken(root))
	must(content(e))
	must(e.EncodeToken(root.End()))
	must(e.Close())
	return out.Bytes()
}

// pageRequest is the page of a list that a call asks for.
type pageRequest struct {
	limit int
	// after is the position of the last item of the page before. A deletion between two pages hides no other item.
	after string
}

func (in *invocation) pageRequest() (pageRequest, error) {
	limit := defaultMaxItems
	if text := in.params.Get("MaxItems"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > largestMaxItems {
			return pageRequest{}, errConstraint(text, "maxItems", "Member must have value between 1 and "+strconv.Itoa(largestMaxItems))
		}
		limit = n
	}
	if in.opts.PageSize > 0 {
		limit = min(limit, in.opts.PageSize)
	}
	after, err := base64.RawURLEncoding.DecodeString(in.params.Get("Marker"))
	if err != nil {
		return pageRequest{}, errValidation("Invalid Marker.")
	}
	return pageRequest{limit: limit, after: string(after)}, nil
}

// cut returns the requested page of items, which are in the order of their positions.
func cut[T any](request pageRequest, items []T, position func(T) string) ([]T, page) {
	if request.after != "" {
		for len(items) > 0 && position(items[0]) <= request.after {
			items = items[1:]
		}
	}
	if len(items) <= request.limit {
		return items, page{}
	}
	items = items[:request.limit]
	last := position(items[request.limit-1])
	return items, page{IsTruncated: true, Marker: base64.RawURLEncoding.EncodeToString([]byte(last))}
}

// required returns a parameter that must be set.
func (in *invocation) required(name string) (string, error) {
	value := in.params.Get(name)
	if value == "" {
		return "", errValidation(fmt.Sprintf("1 validation error detected: Value at '%s' failed to satisfy constraint: "+
			"Member must not be null", lowerFirst(name)))
	}
	return value, nil
}

// indexed returns the values of a list parameter: prefix.1suffix, prefix.2suffix, and so on.
func (in *invocation) indexed(prefix, suffix string) []string {
	var values []string
	for i := 1; ; i++ {
		name := fmt.Sprintf("%s.%d%s", prefix, i, suffix)
		if !in.params.Has(name) {
			return values
		}
		values = append(values, in.params.Get(name))
	}
}

// lowerFirst returns a parameter's name as AWS's validation messages write it.
func lowerFirst(name string) string { return string(name[0]|0x20) + name[1:] }
