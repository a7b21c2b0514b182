package outcome

// Version is the program's. Another version may compute other bits.
const Version = "0.1.0"
