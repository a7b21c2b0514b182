// Package plots draws recorded training runs as PNG pictures with gonum.org/v1/plot.
//
// It takes plain data and knows nothing of training. A [Study] has arms, an [Arm] has runs (one per random seed), a [Run]
// holds what was recorded. [Loss], [Gradients], [GradientMap], [Profile] and [Reconstructions] each draw one picture of a
// study, [Report] composes them; [Lines], [OutcomeMap], [Dots] and [Intervals] draw any labelled series, any table of categories or
// values, and many arms in rows. [Page] puts pictures, tables and an answer into one HTML file.
//
// NaN and infinite values are results of a failing run, not errors: a curve stops at a cross. Exact zeros, which a
// logarithmic axis has no place for, get a band of their own below it. Equal data give equal bytes.
package plots
