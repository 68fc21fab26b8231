import MarkdownIt from 'markdown-it';
import { escapeHtml } from './escape-html.js';
import { MARKDOWN_STYLE } from './markdown-style.js';

/** Tags in the text are text: a page of Markdown has no scripts, and looks like what it says. */
const markdown = new MarkdownIt({ html: false, linkify: true, typographer: false });

/** CommonMark with tables and strikethrough as a page, in a plain style for paper. Its first heading is its title. */
export function markdownHtml({ text, lang = '' }: { text: string; lang?: string }): string {
  const tokens = markdown.parse(text, {});
  const heading = tokens[tokens.findIndex(({ type }) => type === 'heading_open') + 1];
  const title = heading?.type === 'inline' ? heading.content.replace(/[*_`]/g, '') : '';
  const body = markdown.renderer.render(tokens, markdown.options, {});
  const head = `<meta charset="utf-8"><title>${escapeHtml(title)}</title><style>${MARKDOWN_STYLE}</style>`;
  const language = lang && ` lang="${escapeHtml(lang)}"`;
  return `<!doctype html><html${language}><head>${head}</head><body>${body}</body></html>`;
}
