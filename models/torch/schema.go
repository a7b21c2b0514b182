package torch

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"

	"github.com/pkg/errors"

	"dcae/training/plainjson"
)

// What models/NAME.json holds, as far as it is needed: torch/_export/serde/schema.py describes it. A union there is an object with one key,
// which names the kind of its value.

// Version of the schema that is read. A greater minor version adds to it; what it adds is named where it is met.
const schemaMajor = 8

type exportedProgram struct {
	GraphModule struct {
		Graph     schemaGraph `json:"graph"`
		Signature struct {
			Inputs  []map[string]inputSpec  `json:"input_specs"`
			Outputs []map[string]outputSpec `json:"output_specs"`
		} `json:"signature"`
		ModuleCallGraph []struct {
			Name      string `json:"fqn"`
			Signature *struct {
				InSpec       string   `json:"in_spec"`
				OutSpec      string   `json:"out_spec"`
				ForwardNames []string `json:"forward_arg_names"`
			} `json:"signature"`
		} `json:"module_call_graph"`
	} `json:"graph_module"`
	RangeConstraints map[string]struct {
		Min *int64 `json:"min_val"`
		Max *int64 `json:"max_val"`
	} `json:"range_constraints"`
	SchemaVersion struct {
		Major int `json:"major"`
		Minor int `json:"minor"`
	} `json:"schema_version"`
	Dialects     []string `json:"verifiers"`
	TorchVersion string   `json:"torch_version"`
}

func (p *exportedProgram) checkVersion() error {
	if v := p.SchemaVersion; v.Major != schemaMajor {
		return errors.Errorf("the program's format is version %d.%d, %d is read: %s", v.Major, v.Minor, schemaMajor, exportAdvice)
	}
	return nil
}

// inputSpec says what an input of the graph is: a parameter, a buffer, a constant or an input of the user.
type inputSpec struct {
	Arg        json.RawMessage `json:"arg"`
	Parameter  string          `json:"parameter_name"`
	Buffer     string          `json:"buffer_name"`
	Persistent bool            `json:"persistent"`
	Constant   string          `json:"tensor_constant_name"`
}

// outputSpec says what an output of the graph is.
type outputSpec struct {
	Arg json.RawMessage `json:"arg"`
}

type schemaGraph struct {
	Inputs    []argument            `json:"inputs"`
	Outputs   []argument            `json:"outputs"`
	Nodes     []schemaNode          `json:"nodes"`
	Tensors   map[string]tensorMeta `json:"tensor_values"`
	SymInts   map[string]symInt     `json:"sym_int_values"`
	SymFloats map[string]symFloat   `json:"sym_float_values"`
}

type schemaNode struct {
	Name     string          `json:"name"`
	Target   string          `json:"target"`
	Inputs   []namedArgument `json:"inputs"`
	Outputs  []argument      `json:"outputs"`
	Metadata struct {
		Modules string `json:"nn_module_stack"`
		Stack   string `json:"stack_trace"`
	} `json:"metadata"`
}

type namedArgument struct {
	Name string   `json:"name"`
	Arg  argument `json:"arg"`
}

// argument is a value that a node is given or gives: nil, a tensor (by name), a list of tensors, a Go number, string or list of them, a
// symbol, a list of sizes, a dtype, a graph, or unknownArgument.
type argument struct{ value any }

type (
	tensorName      string
	symbolName      string        // of an integer that depends on the batch
	floatSymbolName string        // of a number that does
	unknownArgument string        // the kind of an argument that is not known
	optionalTensors []*tensorName // nil: None
	sizes           []size        // some of them depend on the batch
	ignored         struct{}      // devices and memory layouts mean nothing here
)

// size is a number, or the symbol of one.
type size struct {
	symbol symbolName
	number int64
}

// UnmarshalJSON decodes the union by its only key.
func (a *argument) UnmarshalJSON(b []byte) error {
	var union map[string]json.RawMessage
	if err := plainjson.Decode(b, &union); err != nil {
		return err
	}
	for kind, body := range union {
		if len(union) > 1 {
			return errors.Errorf("an argument has %d kinds at once: the file is damaged", len(union))
		}
		v, err := argumentOf(kind, body)
		a.value = v
		return errors.WithMessage(err, kind)
	}
	return errors.New("an argument without a kind: the file is damaged")
}

// decoded decodes JSON into a T.
func decoded[T any](b json.RawMessage) (v T, err error) {
	err = plainjson.Decode(b, &v)
	return v, err
}

func argumentOf(kind string, body json.RawMessage) (any, error) {
	type named struct {
		Name  string      `json:"name"`
		Graph schemaGraph `json:"graph"`
	}
	switch kind {
	case "as_none":
		return nil, nil
	case "as_tensor":
		v, err := decoded[named](body)
		return tensorName(v.Name), err
	case "as_tensors":
		v, err := decoded[[]named](body)
		out := make([]tensorName, len(v))
		for i := range v {
			out[i] = tensorName(v[i].Name)
		}
		return out, err
	case "as_optional_tensor":
		v, err := optionalTensor(body)
		if v == nil {
			return nil, err
		}
		return *v, err
	case "as_optional_tensors":
		return optionalTensorsOf(body)
	case "as_int":
		return decoded[int64](body)
	case "as_ints":
		return decoded[[]int64](body)
	case "as_float":
		v, err := decoded[float](body)
		return float64(v), err
	case "as_floats":
		v, err := decoded[[]float](body)
		out := make([]float64, len(v))
		for i := range v {
			out[i] = float64(v[i])
		}
		return out, err
	case "as_string":
		return decoded[string](body)
	case "as_bool":
		return decoded[bool](body)
	case "as_bools":
		return decoded[[]bool](body)
	case "as_sym_int":
		v, err := decoded[size](body)
		if v.symbol == "" {
			return v.number, err
		}
		return v.symbol, err
	case "as_sym_ints":
		v, err := decoded[[]size](body)
		return sizes(v), err
	case "as_sym_float":
		v, err := decoded[struct {
			Name  *floatSymbolName `json:"as_name"`
			Float *float           `json:"as_float"`
		}](body)
		if err = onlyOne(err, v.Name != nil, v.Float != nil); err != nil {
			return nil, err
		}
		if v.Name == nil {
			return float64(*v.Float), nil
		}
		return *v.Name, nil
	case "as_scalar_type":
		return decoded[DType](body)
	case "as_memory_format", "as_layout", "as_device":
		return ignored{}, nil
	case "as_graph":
		v, err := decoded[named](body)
		return &v.Graph, err
	}
	return unknownArgument(kind), nil
}

func optionalTensorsOf(body json.RawMessage) (any, error) {
	v, err := decoded[[]json.RawMessage](body)
	out := make(optionalTensors, len(v))
	for i := range v {
		if out[i], err = optionalTensor(v[i]); err != nil {
			return nil, err
		}
	}
	return out, err
}

// optionalTensor reads {"as_tensor": {"name": name}} or {"as_none": true}.
func optionalTensor(b json.RawMessage) (*tensorName, error) {
	v, err := decoded[struct {
		Tensor *struct {
			Name tensorName `json:"name"`
		} `json:"as_tensor"`
		None *json.RawMessage `json:"as_none"`
	}](b)
	if err = onlyOne(err, v.Tensor != nil, v.None != nil); err != nil || v.Tensor == nil {
		return nil, err
	}
	return &v.Tensor.Name, nil
}

// onlyOne is an error if a union of the schema is of no kind, or of several.
func onlyOne(err error, given ...bool) error {
	given = slices.DeleteFunc(given, func(g bool) bool { return !g })
	if err == nil && len(given) != 1 {
		return errors.Errorf("a value is given in %d ways instead of one: the file is damaged", len(given))
	}
	return err
}

// UnmarshalJSON decodes {"as_name": symbol} or {"as_int": number}.
func (s *size) UnmarshalJSON(b []byte) error {
	v, err := decoded[struct {
		Name *symbolName `json:"as_name"`
		Int  *int64      `json:"as_int"`
	}](b)
	switch err = onlyOne(err, v.Name != nil && *v.Name != "", v.Int != nil); {
	case err != nil:
	case v.Int == nil:
		s.symbol = *v.Name
	default:
		s.number = *v.Int
	}
	return err
}

// float is a number that JSON does not have where it is a string.
type float float64

// UnmarshalJSON decodes a number, "Infinity", "-Infinity" or "NaN".
func (f *float) UnmarshalJSON(b []byte) error {
	switch string(bytes.Trim(b, `"`)) {
	case "Infinity":
		*f = float(math.Inf(1))
	case "-Infinity":
		*f = float(math.Inf(-1))
	case "NaN":
		*f = float(math.NaN())
	default:
		v, err := decoded[float64](b)
		*f = float(v)
		return err
	}
	return nil
}

// tensorMeta describes a tensor.
type tensorMeta struct {
	DType         DType    `json:"dtype"`
	Sizes         []symInt `json:"sizes"`
	Strides       []symInt `json:"strides"`
	StorageOffset symInt   `json:"storage_offset"`
	RequiresGrad  bool     `json:"requires_grad"`
	Layout        int      `json:"layout"`
}

const stridedLayout = 7

// symbolic is a number, or an expression of symbols.
type symbolic[N int64 | float] struct {
	number     N
	expression string
}

type (
	symInt   = symbolic[int64]
	symFloat = symbolic[float]
)

// UnmarshalJSON decodes {"as_int": number}, {"as_float": number} or {"as_expr": {"expr_str": expression}}.
func (s *symbolic[N]) UnmarshalJSON(b []byte) error {
	v, err := decoded[struct {
		Int   *N `json:"as_int"`
		Float *N `json:"as_float"`
		Expr  *struct {
			Text string `json:"expr_str"`
		} `json:"as_expr"`
	}](b)
	err = onlyOne(err, v.Int != nil, v.Float != nil, v.Expr != nil && v.Expr.Text != "")
	switch {
	case err != nil:
	case v.Int != nil:
		s.number = *v.Int
	case v.Float != nil:
		s.number = *v.Float
	default:
		s.expression = v.Expr.Text
	}
	return err
}
