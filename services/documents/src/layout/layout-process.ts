/**
 * What runs in a layout process: Liquid and Typst, which take as long as a template wants.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { NodeCompiler, type NodeTypstDocument } from '@myriaddreamin/typst-ts-node-compiler';
import { Rejected } from '@tandem/messaging/outcome';
import { exportFault, untitled } from './export-faults.js';
import { fillLayout, type LayoutTask } from './fill-layout.js';

/** A layout to be filled and set, and the folder with what it may use: `files` and `fonts`. */
export interface Typesetting extends LayoutTask {
  folder: string;
  /** Whether it is to be PDF/UA-1. */
  accessible: boolean;
}

/** What came of it. */
export interface Typeset {
  pdf: Uint8Array;
  pages: number;
  warnings: string[];
}

/** Compilers of other folders are forgotten beyond so many; each holds its fonts. */
const MOST_COMPILERS = 16;
/**
 * Characters of source after which Typst forgets what none of the last documents used. A kilobyte of it takes some 200 kB: without
 * this a few long invoices would fill the process.
 */
const FORGET_AFTER = 100_000;
let characters = 0;
const compilers = new Map<string, NodeCompiler>();

/** Makes a PDF. The same layout and data give the same bytes. Throws `Rejected` with what Liquid or Typst says. */
export function typeset({ folder, accessible, ...task }: Typesetting): Typeset {
  const { source, warnings } = fillLayout(task);
  const compiler = compilerOf(folder);
  const compiled = compiler.compile({ mainFileContent: source });
  const document = compiled.result;
  if (!document)
    throw new Rejected('document_failed', `The layout of the template fails: ${faultOf(compiler, compiled)}`);
  try {
    return { pdf: pdfOf(compiler, document, accessible), pages: document.numOfPages, warnings };
  } finally {
    characters += source.length;
    if (characters > FORGET_AFTER) {
      characters = 0;
      compiler.evictCache(1);
    }
  }
}

/** Throws `Rejected` for what the layout lacks for PDF/UA. */
function pdfOf(compiler: NodeCompiler, document: NodeTypstDocument, accessible: boolean): Uint8Array {
  if (accessible && !document.title?.trim()) throw untitled();
  try {
    return compiler.pdf(document, { creationTimestamp: 0, ...(accessible && { pdfStandard: 'ua-1' }) });
  } catch (error) {
    throw exportFault(error, accessible);
  }
}

/** Whether Typst runs on this machine. */
export function probe(): boolean {
  return NodeCompiler.create().pdf({ mainFileContent: '' }).length > 0;
}

function compilerOf(folder: string): NodeCompiler {
  const known = compilers.get(folder);
  if (known) return known;
  const workspace = join(folder, 'files');
  const fonts = readdirSync(join(folder, 'fonts')).map((name) => readFileSync(join(folder, 'fonts', name)));
  const compiler = NodeCompiler.create({ workspace, fontArgs: [{ fontBlobs: fonts }] });
  compilers.set(folder, compiler);
  const [oldest] = compilers.keys();
  if (compilers.size > MOST_COMPILERS) compilers.delete(oldest!);
  return compiler;
}

function faultOf(compiler: NodeCompiler, compiled: ReturnType<NodeCompiler['compile']>): string {
  const diagnostics = compiled.takeDiagnostics();
  const found: { message: string }[] = diagnostics ? compiler.fetchDiagnostics(diagnostics) : [];
  // Where a file is looked for is nobody's business.
  return found[0]?.message.replace(/\s*\(searched at .*\)/, '') ?? 'Typst does not say why';
}
