package iamsim

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
)

// targetHeader names the action in the JSON protocol.
const targetHeader = "X-Amz-Target"

// kmsTarget is the prefix of the action in that header, for KMS.
const kmsTarget = "TrentService."

// contextParam is the prefix of the parameters that hold the encryption context.
const contextParam = "EncryptionContext."

// jsonProtocol is the AWS JSON protocol, version 1.1, of KMS: JSON in and out.
// https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
type jsonProtocol struct{}

// read returns only the parameters that the log may hold; the operation decodes the body itself.
func (jsonProtocol) read(r *http.Request, body []byte) (action string, params url.Values, err error) {
	action = strings.TrimPrefix(r.Header.Get(targetHeader), kmsTarget)
	params = url.Values{}
	var input kmsInput
	_ = json.Unmarshal(body, &input) // the operation reports the error
	if input.KeyID != "" {
		params.Set("KeyId", input.KeyID)
	}
	for name, value := range input.EncryptionContext {
		params.Set(contextParam+name, value)
	}
	return action, params, nil
}

func (jsonProtocol) operation(action string, _ url.Values) (operation, error) {
	op, ok := kmsOperations[action]
	if !ok {
		return operation{}, errKMS("UnknownOperationException", "")
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

func (jsonProtocol) failure(failed *apiError) *apiError {
	if code, ok := jsonCodes[failed.code]; ok {
		return &apiError{http.StatusBadRequest, code, failed.message}
	}
	if failed.status >= http.StatusInternalServerError {
		return &apiError{failed.status, "KMSInternalException", failed.message}
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
