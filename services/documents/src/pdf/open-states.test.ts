import { expect, test } from 'vitest';
import { openStates } from './open-states.js';

test.each([
  ['q Q', 0, false],
  ['q q 1 0 0 1 0 0 cm Q', 1, false],
  ['Q Q Q q', 1, false],
  ['q BT (Q Q) Tj', 1, true],
  ['BT (a \\) Q \\\\) Tj ET q', 1, false],
  ['q % Q\nq', 2, false],
  ['q /Q gs <</Q 1>> BDC <51> Tj', 1, false],
  ['q BI /W 1 ID Q Q \u00ff EI Q', 0, false],
  ['q[(Q)]TJ', 1, false],
  ['(never closed q', 0, false],
])('%j leaves %i states open, and text: %j', (content, graphics, text) => {
  expect(openStates(Buffer.from(content, 'latin1'))).toEqual({ graphics, text });
});
