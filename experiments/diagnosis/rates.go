package diagnosis

// rates are seconds for a unit of each task, on one of two processors of a Zen 4 server that are both at work. They are constants, so that
// the same call gives the same answer everywhere. `make fit-cost` measures and writes them.
var rates = Work{
	Filters:       3.5e-12,
	Windows:       8.25e-12,
	Pixels:        9.86e-12,
	Strides:       4.48e-12,
	Transposes:    5.97e-12,
	Matrices:      8.56e-12,
	Groups:        4.87e-10,
	FewRead:       0,
	FewGiven:      3.3e-11,
	NarrowFilters: 2.69e-11,
	NarrowWindows: 3.07e-11,
	Kernels:       0,
	Images:        0,
	Crossed:       1.32e-08,
	Outputs:       0,
	Rectified:     2.33e-09,
	Squashed:      3.95e-09,
	Curved:        6.75e-09,
	Normalized:    9.75e-10,
	Pooled:        9.09e-11,
	Repeated:      1.83e-09,
	Other:         6.13e-10,
	Far:           1.8e-10,
	Updated:       7.21e-11,
	Looped:        4.64e-09,
	Nodes:         0,
	Steps:         2.75e-05,
	Looked:        0,
}
