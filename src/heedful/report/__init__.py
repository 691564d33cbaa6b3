"""The page: one self-contained HTML file for people, from the tables of a run.

`content.PageContent` says what goes in, `page.write_page` writes it. `theme` holds every colour once, for light and dark;
`drawing` turns Altair charts into themed SVG; `charts` has one chart family a file, `sections` one section of the page a file.
The page holds no script and asks for nothing over the network: its own content security policy forbids it.
"""
