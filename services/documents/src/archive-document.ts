import { Controller, Inject } from '@nestjs/common';
import { ARCHIVE, ArchiveDocument } from '@tandem/contracts/archive-document';
import type { OutputOf } from '@tandem/contracts/command';
import { keepObject } from '@tandem/job-files/keep-object';
import { SourceFiles } from '@tandem/job-files/source-files';
import { storeResult } from '@tandem/job-files/store-result';
import { HandleCommand } from '@tandem/messaging/handle-command';
import type { CommandContext, CommandHandler } from '@tandem/messaging/handler';
import type { ObjectStore } from '@tandem/storage/object-store';
import { ArchiveProcesses } from './pdf/archive-processes.js';
import { OBJECT_STORE } from './tokens.js';

type Context = CommandContext<typeof ArchiveDocument>;
type Output = OutputOf<typeof ArchiveDocument>;

/** Makes a PDF/A-2b of a PDF. Running it again for the same job gives the same id. */
@Controller()
export class ArchiveDocumentHandler implements CommandHandler<typeof ArchiveDocument> {
  constructor(
    @Inject(OBJECT_STORE) private readonly store: ObjectStore,
    @Inject(SourceFiles) private readonly files: SourceFiles,
    @Inject(ArchiveProcesses) private readonly processes: ArchiveProcesses,
  ) {}

  @HandleCommand(ArchiveDocument)
  async handle({ data: input, job, signal }: Context): Promise<Output> {
    await using source = await this.files.open(input.source, job, signal);
    const task = { path: source.path, metadata: input.metadata ?? {}, now: new Date() };
    const { data, pages, changes } = await this.processes.archive(task, signal);
    const file = { data, type: 'application/pdf' };
    const document = await keepObject(this.store, job, ARCHIVE, file);
    if (input.store) await storeResult(input.store, job, ARCHIVE, { ...file, signal });
    return { document, pages, changes: changes.slice(0, 100) };
  }
}
