"""One section of the page a file: each takes the whole content and returns its HTML, or says why there is nothing to show."""
