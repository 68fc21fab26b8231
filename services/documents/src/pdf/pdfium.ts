import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { PDFiumModule } from '@hyzyla/pdfium';
import { passwordRequired, unreadable } from './pdf-errors.js';
import { WebAssembly, type WebAssemblyModule } from './web-assembly.js';

/** Handles and pointers of PDFium are numbers; 0 is none. */
type Handle = number;

/** The functions of PDFium's C interface that are used here (fpdfview.h, fpdf_text.h). */
export interface Pdfium {
  HEAPU8: Uint8Array;
  wasmExports: { malloc(bytes: number): Handle; free(pointer: Handle): void };
  _FPDF_InitLibrary(): void;
  _FPDF_LoadMemDocument(data: Handle, bytes: number, password: Handle): Handle;
  _FPDF_GetLastError(): number;
  _FPDF_GetPageCount(document: Handle): number;
  _FPDF_LoadPage(document: Handle, index: number): Handle;
  _FPDF_ClosePage(page: Handle): void;
  _FPDF_GetPageWidthF(page: Handle): number;
  _FPDF_GetPageHeightF(page: Handle): number;
  _FPDFBitmap_CreateEx(width: number, height: number, format: number, data: Handle, stride: number): Handle;
  _FPDFBitmap_FillRect(bitmap: Handle, x: number, y: number, width: number, height: number, color: number): void;
  _FPDFBitmap_Destroy(bitmap: Handle): void;
  _FPDF_RenderPageBitmap(
    bitmap: Handle,
    page: Handle,
    x: number,
    y: number,
    width: number,
    height: number,
    rotate: number,
    flags: number,
  ): void;
  _FPDFText_LoadPage(page: Handle): Handle;
  _FPDFText_ClosePage(text: Handle): void;
  _FPDFText_CountChars(text: Handle): number;
  _FPDFText_GetUnicode(text: Handle, index: number): number;
  _FPDFText_GetFontSize(text: Handle, index: number): number;
  /** left, top, right, bottom, each a float */
  _FPDFText_GetLooseCharBox(text: Handle, index: number, rectangle: Handle): number;
  _FPDFText_GetCharOrigin(text: Handle, index: number, x: Handle, y: Handle): number;
}

/** `FPDF_ERR_PASSWORD` of fpdfview.h. */
const WRONG_PASSWORD = 4;

let compiled: Promise<WebAssemblyModule> | undefined;

/**
 * One PDF, open in an instance of PDFium that is its own: its memory is gone with it, and nothing of one file reaches the next
 * (an instance costs 10 ms once the code is compiled). It can still loop for long or take 2 GB: what strangers send is opened
 * in a process that may be killed, see `page-processes.ts`.
 */
export class PdfiumDocument {
  private constructor(
    readonly pdfium: Pdfium,
    private readonly document: Handle,
  ) {}

  /** Throws `Rejected`: document_unreadable, or password_required. */
  static async open(pdf: Uint8Array, password?: string): Promise<PdfiumDocument> {
    const pdfium = await instance();
    return guarded(() => {
      const data = copyIn(pdfium, pdf);
      const secret = password === undefined ? 0 : copyIn(pdfium, new TextEncoder().encode(`${password}\0`));
      const document = pdfium._FPDF_LoadMemDocument(data, pdf.length, secret);
      if (document) return new PdfiumDocument(pdfium, document);
      throw pdfium._FPDF_GetLastError() === WRONG_PASSWORD ? passwordRequired(password) : unreadable();
    });
  }

  get pageCount(): number {
    return guarded(() => this.pdfium._FPDF_GetPageCount(this.document));
  }

  /** Calls `use` with the handle of a page, from 1. Throws `Rejected` when the page is broken. */
  page<T>(number: number, use: (page: Handle) => T): T {
    return guarded(() => {
      const page = this.pdfium._FPDF_LoadPage(this.document, number - 1);
      if (!page) throw unreadable(`Page ${number} is broken.`);
      const result = use(page);
      this.pdfium._FPDF_ClosePage(page);
      return result;
    });
  }
}

/** Copies bytes into PDFium's memory. */
function copyIn(pdfium: Pdfium, bytes: Uint8Array): Handle {
  const pointer = allocate(pdfium, bytes.length);
  pdfium.HEAPU8.set(bytes, pointer);
  return pointer;
}

/** Takes `bytes` of PDFium's memory. */
export function allocate(pdfium: Pdfium, bytes: number): Handle {
  const pointer = pdfium.wasmExports.malloc(Math.max(bytes, 1));
  if (!pointer) throw unreadable('It needs too much memory.');
  return pointer;
}

/** PDFium ends with a trap of WebAssembly, or for want of stack, where a native build would crash. */
function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof WebAssembly.RuntimeError || error instanceof RangeError) throw unreadable(undefined, error);
    throw error;
  }
}

async function instance(): Promise<Pdfium> {
  compiled ??= readFile(fileURLToPath(import.meta.resolve('@hyzyla/pdfium/pdfium.wasm'))).then((code) =>
    WebAssembly.compile(code),
  );
  const module = await compiled;
  const start = PDFiumModule as unknown as (options: object) => Promise<Pdfium>;
  const pdfium = await start({
    instantiateWasm(imports: unknown, done: (instance: object, module: WebAssemblyModule) => void) {
      const made = new WebAssembly.Instance(module, imports);
      done(made, module);
      return made.exports;
    },
    // What it complains of has its reason in the outcome, and may hold text of the file.
    print() {},
    printErr() {},
  });
  pdfium._FPDF_InitLibrary();
  return pdfium;
}
