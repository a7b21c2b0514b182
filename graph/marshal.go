package graph

// Settings are written in words, as Keras names them.

// MarshalText writes "same" or "valid".
func (p Padding) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// MarshalText writes the initializer's name.
func (z Zeros) MarshalText() ([]byte, error) { return []byte(z.String()), nil }

// MarshalText writes the initializer's name.
func (o Ones) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// MarshalText writes the initializer's name and settings.
func (c Constant) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// MarshalText writes how many values there are.
func (v Values) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// MarshalText writes the initializer's name and settings.
func (n RandomNormal) MarshalText() ([]byte, error) { return []byte(n.String()), nil }

// MarshalText writes the initializer's name and settings.
func (u RandomUniform) MarshalText() ([]byte, error) { return []byte(u.String()), nil }

// MarshalText writes the initializer's name.
func (v VarianceScaling) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// MarshalText writes the initializer's name and settings.
func (n RandomTruncatedNormal) MarshalText() ([]byte, error) { return []byte(n.String()), nil }

// MarshalText writes "nearest", "bilinear" and so on.
func (i Interpolation) MarshalText() ([]byte, error) { return []byte(i.String()), nil }

// MarshalText writes "constant", "reflect" and so on.
func (m Border) MarshalText() ([]byte, error) { return []byte(m.String()), nil }
