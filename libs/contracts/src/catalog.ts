import { ArchiveDocument } from './archive-document.js';
import type { CommandDefinition, CommandType } from './command.js';
import * as documents from './documents.js';
import { MakeInvoice } from './make-invoice.js';
import * as media from './media.js';
import { ChangePdfBookmarks } from './pdf-bookmarks.js';
import * as pdfFiles from './pdf-files.js';
import * as pdfPages from './pdf-pages.js';

/** Every command of a running system, by type. */
export class Catalog {
  readonly #byType = new Map<string, CommandDefinition>();

  /** Throws a `TypeError` when two commands share a type. */
  constructor(commands: readonly CommandDefinition[]) {
    for (const command of commands) {
      if (this.#byType.has(command.type)) throw new TypeError(`The command ${command.type} is declared twice.`);
      this.#byType.set(command.type, command);
    }
  }

  get(type: string): CommandDefinition | undefined {
    return this.#byType.get(type);
  }

  all(): CommandDefinition[] {
    return [...this.#byType.values()];
  }

  ownedBy(service: string): CommandDefinition[] {
    return this.all().filter((command) => command.service === service);
  }
}

/** The commands of Tandem. A service lists its declarations here, and nowhere else. */
export const COMMANDS = [
  media.TransformImage,
  media.InspectImage,
  media.OptimizeImage,
  documents.RenderDocument,
  MakeInvoice,
  ArchiveDocument,
  ChangePdfBookmarks,
  pdfPages.AttachToPdf,
  pdfPages.ChangePdfMetadata,
  pdfPages.ExtractPdfText,
  pdfPages.StampPdf,
  pdfPages.ThumbnailPdf,
  pdfPages.WatermarkPdf,
  pdfFiles.CompressPdf,
  pdfFiles.FlattenPdf,
  pdfFiles.MergePdfs,
  pdfFiles.ProtectPdf,
  pdfFiles.RotatePdf,
  pdfFiles.SplitPdf,
  pdfFiles.UnlockPdf,
] as const satisfies CommandDefinition[];

type Declared = (typeof COMMANDS)[number];

/** The types of the commands that service `S` owns. */
export type CommandsOf<S extends string> = Extract<Declared['type'], `${S}.${string}`> & CommandType;

/** Tandem's own catalog. */
export const catalog = new Catalog(COMMANDS);
