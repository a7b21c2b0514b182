// Package deploy holds what runs a study on a cluster: a batch script for Slurm, a manifest for Kubernetes, and the file of an image.
package deploy
