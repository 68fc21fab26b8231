import { PDFDict, PDFDocument, PDFName, PDFRef, PDFString } from '@cantoo/pdf-lib';
import { describe, expect, test } from 'vitest';
import { treeEntries } from './tree-entries.js';

const { context } = await PDFDocument.create();
const leaf = (...keys: string[]) => context.obj({ Names: keys.flatMap((key) => [PDFString.of(key), key.length]) });
const keysOf = (root: PDFDict) => [...treeEntries(root, 'Names')].map(([key]) => (key as PDFString).asString());

describe('the entries of a tree of names', () => {
  test('come in its order, whatever its depth', () => {
    const inner = context.obj({ Kids: [leaf('b', 'c'), context.register(leaf('d'))] });
    expect(keysOf(context.obj({ Kids: [leaf('a'), inner, leaf('e')] }))).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  test('are those that can be read, where kids are missing, lead back or are no nodes', () => {
    const root = context.obj({});
    const ref = context.register(root);
    root.set(PDFName.of('Kids'), context.obj([leaf('a'), PDFRef.of(9_999), ref, 7, leaf('b')]));
    expect(keysOf(root)).toEqual(['a', 'b']);
  });

  test('are all there of a tree with very many kids', () => {
    const kids = Array.from({ length: 200_000 }, () => leaf('a'));
    expect(keysOf(context.obj({ Kids: kids }))).toHaveLength(200_000);
  });
});
