import { expect, test } from 'vitest';
import { makeMarkdownPage } from './make-markdown-page.js';

const options = { assets: new Map(), lang: 'fr', signal: new AbortController().signal };

test('Markdown becomes a page with its first heading as title, whether it is short or long', async () => {
  for (const paragraphs of [1, 5_000]) {
    const { html, pdf } = await makeMarkdownPage(`# A *b*\n\n${'c <d>\n\n'.repeat(paragraphs)}`, options);
    expect(html).toMatch(/^<!doctype html><html lang="fr"><head>.*<title>A b<\/title>/s);
    expect(html.match(/<p>c &lt;d&gt;<\/p>/g)).toHaveLength(paragraphs);
    expect(pdf).toEqual({ margins: '20mm', outline: true });
  }
});

test('Markdown that takes too long to read is refused', async () => {
  await expect(makeMarkdownPage('!['.repeat(1_000_000), { ...options, seconds: 1 })).rejects.toMatchObject({
    code: 'document_failed',
    detail: expect.stringContaining('takes more than 1 s or 512 MB to be read'),
  });
});
