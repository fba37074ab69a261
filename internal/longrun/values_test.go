package longrun_test

import (
	"math/big"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// must returns v. It panics on an error, which only a mistake in this package can cause.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func null(typ tftypes.Type) tftypes.Value { return tftypes.NewValue(typ, nil) }

// objectValue returns an object of that type. Attributes without a value are null.
func objectValue(typ tftypes.Type, values map[string]tftypes.Value) tftypes.Value {
	all := map[string]tftypes.Value{}
	for name, t := range attributeTypes(typ) {
		if v, ok := values[name]; ok {
			all[name] = v
		} else {
			all[name] = null(t)
		}
	}
	return tftypes.NewValue(typ, all)
}

// fields returns the attributes of an object; none of a null one.
func fields(v tftypes.Value) map[string]tftypes.Value {
	var all map[string]tftypes.Value
	if v.IsNull() || !v.IsKnown() {
		return all
	}
	if err := v.As(&all); err != nil {
		panic(err)
	}
	return all
}

// elements returns the elements of a map.
func elements(v tftypes.Value) map[string]tftypes.Value { return fields(v) }

// stringAt returns a string attribute; empty if it is null or unknown.
func stringAt(v tftypes.Value, path ...string) string {
	for _, name := range path {
		v = fields(v)[name]
	}
	var s *string
	if v.Type() == nil || !v.IsKnown() {
		return ""
	}
	if err := v.As(&s); err != nil {
		panic(err)
	}
	if s == nil {
		return ""
	}
	return *s
}

func toDynamic(typ tftypes.Type, v tftypes.Value) *tfprotov6.DynamicValue {
	d := must(tfprotov6.NewDynamicValue(typ, v))
	return &d
}

func fromDynamic(typ tftypes.Type, d *tfprotov6.DynamicValue) tftypes.Value {
	if d == nil {
		return null(typ)
	}
	return must(d.Unmarshal(typ))
}

// attributeType returns the type of an attribute of an object type.
func attributeType(typ tftypes.Type, name string) tftypes.Type {
	return attributeTypes(typ)[name]
}

// attributeTypes returns the types of the attributes of an object type; none of another type.
func attributeTypes(typ tftypes.Type) map[string]tftypes.Type {
	object, ok := typ.(tftypes.Object)
	if !ok {
		return nil
	}
	return object.AttributeTypes
}

// boolAt returns a bool attribute; false if it is null or unknown.
func boolAt(v tftypes.Value, path ...string) bool {
	for _, name := range path {
		v = fields(v)[name]
	}
	var b *bool
	if v.Type() == nil || !v.IsKnown() {
		return false
	}
	if err := v.As(&b); err != nil {
		panic(err)
	}
	return b != nil && *b
}

// timeAt returns a date attribute; zero if it is null or unknown.
func timeAt(v tftypes.Value, path ...string) time.Time {
	s := stringAt(v, path...)
	if s == "" {
		return time.Time{}
	}
	return must(time.Parse(time.RFC3339, s)).UTC()
}

func stringValue(s string) tftypes.Value { return tftypes.NewValue(tftypes.String, s) }

// intAt returns a number attribute; zero if it is null or unknown.
func intAt(state tftypes.Value, name string) int64 {
	v := fields(state)[name]
	var n big.Float
	if v.IsNull() || !v.IsKnown() {
		return 0
	}
	if err := v.As(&n); err != nil {
		panic(err)
	}
	whole, _ := n.Int64()
	return whole
}
