// Package browser uses the pages of dcae serve in headless Chromium, as a person would, and takes pictures of them. Its tests need the tag
// browser, and a module file of their own: make browser.
package browser
