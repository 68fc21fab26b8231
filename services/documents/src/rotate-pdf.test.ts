import { RotatePdf } from '@tandem/contracts/pdf-files';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { anglesOf, makePdf, PdfBench, readPages } from './pdf-files.fixture.js';
import { RotatePdfHandler } from './rotate-pdf.js';

let bench: PdfBench;
let file: Buffer;

beforeAll(async () => {
  bench = await PdfBench.open();
  file = await makePdf('scan', 3, { rotate: 90 });
});
afterAll(() => bench.close());

async function angles(options: object) {
  const data = { source: { object: '0' }, ...options };
  const { result, error } = await bench.run(RotatePdf, RotatePdfHandler, [file], data);
  if (!result) throw new Error(`it failed: ${error?.code}: ${error?.detail}`);
  const bytes = await bench.read(result.document);
  return { angles: await anglesOf(bytes), sizes: (await readPages(bytes)).map(({ size }) => size) };
}

describe('turning pages', () => {
  test('adds to the angle that they have', async () => {
    expect(await angles({ angle: 180 })).toEqual({ angles: [270, 270, 270], sizes: ['200x300', '200x300', '200x300'] });
  });

  test('sets the angle whatever they have, of the pages that are named', async () => {
    const turned = await angles({ angle: 0, absolute: true, pages: '1, 3-' });
    expect(turned).toEqual({ angles: [0, 90, 0], sizes: ['300x200', '200x300', '300x200'] });
  });

  test('names the pages that there are when one is not', async () => {
    await expect(angles({ angle: 90, pages: '0' })).rejects.toThrow(
      'invalid_input: pages: there is no page 0; the document has pages 1 to 3.',
    );
  });

  test('by nothing is refused', () => {
    const source = { url: 'https://a.example/a.pdf' };
    expect(RotatePdf.input.safeParse({ source, angle: 0 }).success).toBe(false);
    expect(RotatePdf.input.safeParse({ source, angle: 45 }).success).toBe(false);
  });
});
