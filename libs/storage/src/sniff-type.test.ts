import { expect, test } from 'vitest';
import { sniffType } from './sniff-type.js';

const svg = '<svg xmlns="http://www.w3.org/2000/svg"/>';

test.each<[string, Buffer, string]>([
  ['a PNG', Buffer.from('89504e470d0a1a0a0000000d49484452000000010000000108060000', 'hex'), 'image/png'],
  ['a JPEG', Buffer.from('ffd8ffe000104a464946000101', 'hex'), 'image/jpeg'],
  ['a little-endian TIFF whose directory lies beyond the sample', Buffer.from('49492a00ffffff7f', 'hex'), 'image/tiff'],
  ['a big-endian one', Buffer.from('4d4d002a7fffffff', 'hex'), 'image/tiff'],
  ['an SVG', Buffer.from(svg), 'image/svg+xml'],
  ['an SVG below a prologue', Buffer.from(`\ufeff<?xml version="1.0"?><!-- drawn -->${svg}`), 'image/svg+xml'],
  ['an SVG in a namespace', Buffer.from('<s:svg xmlns:s="http://www.w3.org/2000/svg"/>'), 'image/svg+xml'],
  ['an SVG in UTF-16', Buffer.from(`\ufeff${svg}`, 'utf16le'), 'image/svg+xml'],
  ['a page with a drawing in it', Buffer.from(`<!doctype html><body>${svg}`), 'text/plain; charset=utf-8'],
  ['a letter', Buffer.from('Dear photo,'), 'text/plain; charset=utf-8'],
  ['a letter cut in the middle of a character', Buffer.from('caf\u00e9').subarray(0, -1), 'text/plain; charset=utf-8'],
  ['noise', Buffer.from([1, 2, 3, 0, 0, 0, 9]), 'application/octet-stream'],
])('knows %s by its bytes', async (_what, head, type) => {
  expect(await sniffType(head)).toBe(type);
});
