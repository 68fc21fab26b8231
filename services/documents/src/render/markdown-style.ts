/** How Markdown is set: readable on paper, headings with what follows them, rows of tables whole, long code wrapped. */
export const MARKDOWN_STYLE = `
:root { color-scheme: light; }
body {
  margin: 0 auto; max-width: 44em;
  font: 10.5pt/1.5 "Liberation Sans", Arial, "Noto Sans", "DejaVu Sans", sans-serif;
  color: #1c1c1c; overflow-wrap: break-word; hyphens: auto;
}
h1, h2, h3, h4, h5, h6 { line-height: 1.25; margin: 1.6em 0 .5em; break-after: avoid; hyphens: none; }
h1 { font-size: 20pt; margin-top: 0; } h2 { font-size: 15pt; } h3 { font-size: 12pt; }
h4, h5, h6 { font-size: 10.5pt; }
h2 { border-bottom: 1px solid #d8d8d8; padding-bottom: .2em; }
p, ul, ol, blockquote, pre, table { margin: 0 0 .9em; }
p { orphans: 3; widows: 3; }
ul, ol { padding-left: 1.6em; } li { margin: .15em 0; } li > ul, li > ol { margin-bottom: 0; }
a { color: #0b57a4; text-decoration: none; }
blockquote { margin-left: 0; padding: .1em 1em; border-left: 3px solid #c9c9c9; color: #4a4a4a; }
blockquote > :last-child { margin-bottom: 0; }
code { font: .9em "Liberation Mono", "DejaVu Sans Mono", monospace; background: #f1f2f4; padding: .1em .3em; border-radius: 3px; hyphens: none; }
pre { background: #f6f7f8; border: 1px solid #e2e4e7; border-radius: 4px; padding: .7em .9em; white-space: pre-wrap; break-inside: avoid-page; }
pre code { background: none; padding: 0; }
table { border-collapse: collapse; width: 100%; font-size: 9.5pt; }
thead { display: table-header-group; } tr { break-inside: avoid; }
th, td { border: 1px solid #d3d6da; padding: .35em .6em; text-align: left; vertical-align: top; }
th { background: #f1f2f4; }
img { max-width: 100%; height: auto; }
hr { border: 0; border-top: 1px solid #d8d8d8; margin: 1.6em 0; }
`;
