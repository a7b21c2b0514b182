package tensorboard

import (
	"math"
	"strconv"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// Field numbers of the messages in tensorflow/core/util/event.proto and tensorflow/core/framework/{summary,tensor,tensor_shape}.proto.
const (
	eventWallTime    protowire.Number = 1 // double, seconds since 1970
	eventStep        protowire.Number = 2
	eventFileVersion protowire.Number = 3
	eventSummary     protowire.Number = 5
	eventSessionLog  protowire.Number = 7

	sessionStatus protowire.Number = 1
	sessionStart  uint64           = 1

	summaryValue protowire.Number = 1

	valueTag      protowire.Number = 1
	valueTensor   protowire.Number = 8
	valueMetadata protowire.Number = 9

	metadataPlugin      protowire.Number = 1
	metadataDescription protowire.Number = 3
	pluginName          protowire.Number = 1

	tensorType    protowire.Number = 1
	tensorShape   protowire.Number = 2
	tensorContent protowire.Number = 4 // little endian
	tensorString  protowire.Number = 8
	shapeDim      protowire.Number = 2
	dimSize       protowire.Number = 1

	typeFloat, typeDouble, typeString uint64 = 1, 2, 7 // enum DataType
)

// fileVersion is what a file's first event must say.
const fileVersion = "brain.Event:2"

// The plugins of TensorBoard that show values; each takes tensors of one kind.
const (
	scalars    = "scalars"    // a float32
	histograms = "histograms" // float64 [buckets, 3]: left edge, right edge, count
	images     = "images"     // strings [2 + images]: width, height, each image as PNG
)

// summary collects the values of one event.
type summary struct {
	bytes []byte          // Summary
	known map[string]bool // tags that the file holds the plugin of; TensorBoard takes it from a tag's first value
	tag   []byte          // of the value being added
	value []byte          // Summary.Value
	inner []byte          // messages in it
}

// reset begins an event.
func (s *summary) reset() { s.bytes = s.bytes[:0] }

// scalar adds a number, which may be infinite or NaN, under the tag GROUP/NAME.
func (s *summary) scalar(group, name string, v float64) {
	s.begin(group, name, scalars, "")
	var content [4]byte
	s.inner = appendTensor(s.inner[:0], typeFloat, nil, protowire.AppendFixed32(content[:0], math.Float32bits(float32(v))))
	s.end()
}

// histogram adds buckets under the tag GROUP/NAME.
func (s *summary) histogram(group, name string, buckets []bucket) {
	s.begin(group, name, histograms, "")
	var content []byte
	for _, b := range buckets {
		for _, v := range [3]float64{b.left, b.right, float64(b.count)} {
			content = protowire.AppendFixed64(content, math.Float64bits(v))
		}
	}
	s.inner = appendTensor(s.inner[:0], typeDouble, []int{len(buckets), 3}, content)
	s.end()
}

// image adds a PNG of the given size under the tag GROUP/NAME.
func (s *summary) image(group, name, description string, width, height int, png []byte) {
	s.begin(group, name, images, description)
	s.inner = appendTensor(s.inner[:0], typeString, []int{3}, nil)
	for _, content := range [3][]byte{strconv.AppendInt(nil, int64(width), 10), strconv.AppendInt(nil, int64(height), 10), png} {
		s.inner = appendBytes(s.inner, tensorString, content)
	}
	s.end()
}

// begin starts a value: its tag, and its metadata if the file does not have them.
func (s *summary) begin(group, name, plugin, description string) {
	s.tag = append(append(append(s.tag[:0], group...), '/'), name...)
	s.value = appendBytes(s.value[:0], valueTag, s.tag)
	if s.known[string(s.tag)] {
		return
	}
	s.known[string(s.tag)] = true
	metadata := appendBytes(nil, metadataPlugin, appendBytes(nil, pluginName, []byte(plugin)))
	if description != "" {
		metadata = appendBytes(metadata, metadataDescription, []byte(description))
	}
	s.value = appendBytes(s.value, valueMetadata, metadata)
}

// end completes the value with the tensor in inner.
func (s *summary) end() {
	s.value = appendBytes(s.value, valueTensor, s.inner)
	s.bytes = appendBytes(s.bytes, summaryValue, s.value)
}

// appendTensor appends a TensorProto; a scalar has no dimensions.
func appendTensor(dst []byte, dtype uint64, dims []int, content []byte) []byte {
	dst = appendVarint(dst, tensorType, dtype)
	var shape []byte
	for _, n := range dims {
		shape = appendBytes(shape, shapeDim, appendVarint(nil, dimSize, uint64(n)))
	}
	dst = appendBytes(dst, tensorShape, shape)
	if content != nil {
		dst = appendBytes(dst, tensorContent, content)
	}
	return dst
}

// appendEvent appends an Event whose one content field holds a message or a text.
func appendEvent(dst []byte, at time.Time, step int, field protowire.Number, content []byte) []byte {
	dst = protowire.AppendTag(dst, eventWallTime, protowire.Fixed64Type)
	dst = protowire.AppendFixed64(dst, math.Float64bits(float64(at.UnixMicro())/1e6))
	dst = appendVarint(dst, eventStep, uint64(step))
	return appendBytes(dst, field, content)
}

func appendVarint(dst []byte, field protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(dst, field, protowire.VarintType), v)
}

func appendBytes(dst []byte, field protowire.Number, v []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(dst, field, protowire.BytesType), v)
}
