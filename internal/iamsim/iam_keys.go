package iamsim

import "fmt"

// accessKeyOperations are IAM's actions on access keys.
var accessKeyOperations = map[string]operation{
	"CreateAccessKey":      {service: serviceIAM, resource: namedUser, run: (*invocation).createAccessKey},
	"ListAccessKeys":       {service: serviceIAM, resource: namedUser, run: (*invocation).listAccessKeys},
	"UpdateAccessKey":      {service: serviceIAM, resource: namedUser, run: (*invocation).updateAccessKey},
	"DeleteAccessKey":      {service: serviceIAM, resource: namedUser, run: (*invocation).deleteAccessKey},
	"GetAccessKeyLastUsed": {service: serviceIAM, resource: namedKey, run: (*invocation).getAccessKeyLastUsed},
}

// keyElement is a key in an answer. Field names are those of the API.
type keyElement struct {
	UserName        string
	AccessKeyID     string `xml:"AccessKeyId"`
	Status          string
	SecretAccessKey string `xml:",omitempty"` // only CreateAccessKey returns it
	CreateDate      string
}

type createAccessKeyResult struct {
	AccessKey keyElement
}

type listAccessKeysResult struct {
	UserName          string
	AccessKeyMetadata members[keyElement]
	page
}

type getAccessKeyLastUsedResult struct {
	UserName          string
	AccessKeyLastUsed lastUsedElement
}

type lastUsedElement struct {
	LastUsedDate string `xml:",omitempty"`
	ServiceName  string
	Region       string
}

func namedKey(in *invocation) string { return "access key " + in.params.Get("AccessKeyId") }

func (k *accessKey) element() keyElement {
	return keyElement{UserName: k.owner.Name, AccessKeyID: k.ID, Status: k.Status, CreateDate: isoDate(k.CreatedAt)}
}

func (in *invocation) createAccessKey() (any, error) {
	u, err := in.targetUser()
	if err != nil {
		return nil, err
	}
	var k *accessKey
	err = in.changeKeys(u, func() error {
		k, err = in.account.createKey(u, in.time.now())
		return err
	})
	if err != nil {
		return nil, err
	}
	in.call.KeyID = k.ID
	e := k.element()
	e.SecretAccessKey = k.secret.Reveal()
	return createAccessKeyResult{e}, nil
}

func (in *invocation) listAccessKeys() (any, error) {
	request, err := in.pageRequest()
	if err != nil {
		return nil, err
	}
	u, view, err := in.targetUserForRead()
	if err != nil {
		return nil, err
	}
	position := func(k *accessKey) string { return fmt.Sprintf("%012d", k.serial) }
	keys, end := cut(request, view.keysOf(in.account, u), position)
	shuffle(in, keys)
	result := listAccessKeysResult{UserName: u.Name, page: end}
	for _, k := range keys {
		result.AccessKeyMetadata.Member = append(result.AccessKeyMetadata.Member, k.element())
	}
	return result, nil
}

func (in *invocation) updateAccessKey() (any, error) {
	status, err := in.required("Status")
	if err != nil {
		return nil, err
	}
	if err := validStatus(status); err != nil {
		return nil, err
	}
	id, err := in.required("AccessKeyId")
	if err != nil {
		return nil, err
	}
	u, err := in.targetUser()
	if err != nil {
		return nil, err
	}
	return nil, in.changeKeys(u, func() error { return in.account.setStatus(u, id, status, in.time.now()) })
}

func (in *invocation) deleteAccessKey() (any, error) {
	id, err := in.required("AccessKeyId")
	if err != nil {
		return nil, err
	}
	u, err := in.targetUser()
	if err != nil {
		return nil, err
	}
	return nil, in.changeKeys(u, func() error { return in.account.deleteKey(u, id, in.time.now()) })
}

func (in *invocation) getAccessKeyLastUsed() (any, error) {
	id, err := in.required("AccessKeyId")
	if err != nil {
		return nil, err
	}
	k, err := in.account.key(nil, id)
	if err != nil {
		// AWS's own answer and wording: from a key id alone it does not know that the account is the caller's.
		return nil, errUnknownKeyDenied(in.who, id)
	}
	last := lastUsedElement{ServiceName: "N/A", Region: "N/A"}
	if !k.LastUsedAt.IsZero() {
		last = lastUsedElement{isoDate(k.LastUsedAt), k.LastUsedService, k.LastUsedRegion}
	}
	return getAccessKeyLastUsedResult{UserName: k.owner.Name, AccessKeyLastUsed: last}, nil
}
