package main

// ignoreSignals does nothing: there are none such.
func ignoreSignals() {}
