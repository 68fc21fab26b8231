/** A line of a plot. */
export interface Curve {
  name: string;
  color: string;
  dashed?: boolean;
  points: { x: number; y: number }[];
}

const [WIDTH, HEIGHT] = [900, 470];
const FRAME = { left: 64, right: 20, top: 44, bottom: 110 };
const INK = '#24292f';

/** A plot as an SVG file: readable by itself, with the conditions below it. */
export function plot({
  title,
  xName,
  yName,
  curves,
  notes,
}: {
  title: string;
  xName: string;
  yName: string;
  curves: Curve[];
  notes: string[];
}): string {
  const points = curves.flatMap((curve) => curve.points);
  const xTop = Math.max(...points.map(({ x }) => x));
  const yStep = niceStep(Math.max(...points.map(({ y }) => y)) / 6);
  const yTop = Math.ceil(Math.max(...points.map(({ y }) => y)) / yStep) * yStep;
  const inner = { width: WIDTH - FRAME.left - FRAME.right, height: HEIGHT - FRAME.top - FRAME.bottom };
  const x = (value: number) => round(FRAME.left + (value / xTop) * inner.width);
  const y = (value: number) => round(FRAME.top + inner.height - (value / yTop) * inner.height);
  const bottom = y(0);
  const rules = steps(yTop, yStep).map(
    (value) =>
      `<path d="M${FRAME.left} ${y(value)}h${inner.width}" stroke="#d0d7de"/>${text(FRAME.left - 8, y(value) + 4, String(value), 'end')}`,
  );
  const marks = steps(xTop, niceStep(xTop / 8)).map((value) =>
    text(x(value), bottom + 18, value.toLocaleString('en-US'), 'middle'),
  );
  const lines = curves.map(({ points: at, color, dashed }) => {
    const path = at.map((point, index) => `${index ? 'L' : 'M'}${x(point.x)} ${y(point.y)}`).join('');
    return `<path d="${path}" fill="none" stroke="${color}" stroke-width="1.6"${dashed ? ' stroke-dasharray="4 3"' : ''}/>`;
  });
  const legend = curves.map(({ name, color, dashed }, index) => {
    const left = FRAME.left + (index % 2) * 420;
    const top = bottom + 42 + Math.floor(index / 2) * 16;
    return `<path d="M${left} ${top - 4}h24" stroke="${color}" stroke-width="2"${dashed ? ' stroke-dasharray="4 3"' : ''}/>${text(left + 30, top, name)}`;
  });
  const last = bottom + 42 + Math.ceil(curves.length / 2) * 16;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="system-ui, sans-serif" font-size="12">
<title>${escaped(title)}</title>
<rect width="100%" height="100%" fill="#fff"/>
${text(FRAME.left, 22, title, 'start', 15)}
${text(FRAME.left, 38, yName)}
${text(WIDTH - FRAME.right, bottom + 34, xName, 'end')}
${[...rules, ...marks, ...lines, ...legend].join('\n')}
${notes.map((note, index) => text(FRAME.left, last + 4 + index * 14, note, 'start', 10)).join('\n')}
</svg>
`;
}

function text(x: number, y: number, content: string, anchor = 'start', size = 12): string {
  const safe = escaped(content);
  return `<text x="${x}" y="${y}" text-anchor="${anchor}" font-size="${size}" fill="${INK}">${safe}</text>`;
}

function escaped(content: string): string {
  return content.replace(/[&<>]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

/** 1, 2 or 5 times a power of ten. */
function niceStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10);
}

function steps(top: number, step: number): number[] {
  return Array.from({ length: Math.floor(top / step) + 1 }, (_, n) => n * step);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
