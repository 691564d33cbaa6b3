"""One chart family a file: rows in, SVG out. Colours come from `heedful.report.theme`, so that one SVG serves light and dark."""
