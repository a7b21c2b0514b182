package main

// vector builds the element-wise functions.
func vector() {}
