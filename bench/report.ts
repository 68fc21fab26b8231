import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';

/** What a benchmark hands to run.mjs: a table for people, the same as data for machines. */
export interface Report {
  table: string;
  [more: string]: unknown;
}

/** The one in the middle, undefined when there is none. */
export function median(values: number[]): number | undefined {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

/** The value below which `share` of the values lie. */
export function quantile(values: number[], share: number): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

/** Of all processes together. */
export function sum(byProcess: Record<string, number>): number {
  return Object.values(byProcess).reduce((total, each) => total + each, 0);
}

/** Two significant digits below a hundred and three above, as more would promise too much. */
export function figure(value: number | undefined): string {
  if (value === undefined) return '–';
  if (!Number.isFinite(value)) return String(value);
  return Number(value.toPrecision(value < 100 ? 2 : 3)).toLocaleString('en-US', { maximumFractionDigits: 3 });
}

/** A Markdown table; all columns but the first are aligned to the right. */
export function markdown(head: string[], rows: string[][]): string {
  const rule = head.map((_, column) => (column === 0 ? '---' : '--:'));
  return [head, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** Where and with what a benchmark ran. */
export function conditions(packages: string[] = []): Record<string, string> {
  const versions = packages.map((name) => {
    const path = join(import.meta.dirname, 'node_modules', name, 'package.json');
    return [name, JSON.parse(readFileSync(path, 'utf8')).version] as const;
  });
  return {
    date: new Date().toISOString().slice(0, 10),
    cores: `${cpus().length}, shared by load, systems and servers`,
    node: process.versions.node,
    ...Object.fromEntries(versions),
  };
}

/** Conditions in one line. */
export function inOneLine(all: Record<string, string>): string {
  return Object.entries(all)
    .map(([name, value]) => `${name} ${value}`)
    .join('; ');
}
