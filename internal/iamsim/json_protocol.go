package iamsim

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
)

// targetHeader names service and action in the JSON protocol: "TrentService.Encrypt" for KMS.
const targetHeader = "X-Amz-Target"

// jsonProtocol is the AWS JSON protocol, version 1.1, of one service: JSON in and out.
// https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
type jsonProtocol struct {
	// target is what precedes the action in targetHeader. Some clients write the name of a Java package before it.
	target     string
	operations map[string]operation
	// params returns the parameters of a body that the log may hold. The operation decodes the body itself, and reports what is
	// wrong with it.
	params func(body []byte) url.Values
	// internalCode is the service's code for a failure of its own.
	internalCode string
}

func (p jsonProtocol) read(r *http.Request, body []byte) (action string, params url.Values, err error) {
	target := r.Header.Get(targetHeader)
	if _, action, ok := strings.Cut(target, p.target); ok {
		return action, p.params(body), nil
	}
	return target, p.params(body), nil
}

func (p jsonProtocol) operation(action string, _ url.Values) (operation, error) {
	op, ok := p.operations[action]
	if !ok {
		return operation{}, &apiError{status: http.StatusBadRequest, code: "UnknownOperationException"}
	}
	return op, nil
}

// jsonCodes are this protocol's names of the errors that all services share. Their status is 400.
// https://docs.aws.amazon.com/kms/latest/APIReference/CommonErrors.html
var jsonCodes = map[string]string{
	"AccessDenied":               "AccessDeniedException",
	"ExpiredToken":               "ExpiredTokenException",
	"IncompleteSignature":        "IncompleteSignatureException",
	"InvalidClientTokenId":       "UnrecognizedClientException",
	"MissingAuthenticationToken": "MissingAuthenticationTokenException",
	"SignatureDoesNotMatch":      "InvalidSignatureException",
	"Throttling":                 "ThrottlingException",
}

func (p jsonProtocol) failure(failed *apiError) *apiError {
	if code, ok := jsonCodes[failed.code]; ok {
		return &apiError{http.StatusBadRequest, code, failed.message}
	}
	if failed.status >= http.StatusInternalServerError {
		return &apiError{failed.status, p.internalCode, failed.message}
	}
	return failed
}

func (jsonProtocol) contentType() string { return "application/x-amz-json-1.1" }

func (jsonProtocol) resultDocument(_, _ string, result any, _ string) []byte {
	body, err := json.Marshal(result)
	must(err)
	return body
}

// errorDocument writes the field Message with a capital if access was denied, and omits an empty one, as AWS does.
func (jsonProtocol) errorDocument(_ string, failed *apiError, _ string) []byte {
	document := map[string]string{"__type": failed.code}
	switch {
	case failed.message == "":
	case failed.code == "AccessDeniedException":
		document["Message"] = failed.message
	default:
		document["message"] = failed.message
	}
	body, err := json.Marshal(document)
	must(err)
	return body
}
