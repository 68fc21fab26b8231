import { Controller, Inject } from '@nestjs/common';
import type { OutputOf } from '@tandem/contracts/command';
import type { Invoice } from '@tandem/contracts/invoice';
import { type FacturXProfile, INVOICE, INVOICE_XML, MakeInvoice } from '@tandem/contracts/make-invoice';
import { LoadOptions } from '@tandem/contracts/page-options';
import { keepObject } from '@tandem/job-files/keep-object';
import { storeResult } from '@tandem/job-files/store-result';
import { HandleCommand } from '@tandem/messaging/handle-command';
import type { CommandContext, CommandHandler } from '@tandem/messaging/handler';
import { Rejected } from '@tandem/messaging/outcome';
import type { ObjectStore } from '@tandem/storage/object-store';
import { ciiXml } from './invoice/cii-xml.js';
import { computeTotals, type Totals } from './invoice/compute-totals.js';
import { ContentSource } from './open-content.js';
import { timeOf } from './pdf/day-of-job.js';
import { PageWorkshop } from './pdf/page-workshop.js';
import { DocumentRenderer } from './render/document-renderer.js';
import { OBJECT_STORE } from './tokens.js';

type Context = CommandContext<typeof MakeInvoice>;
type Output = OutputOf<typeof MakeInvoice>;

/** As the XMP of Factur-X names them. */
const LEVELS = { basic: 'BASIC', en16931: 'EN 16931' } as const satisfies Record<FacturXProfile, string>;

/** Makes a Factur-X invoice. Running it again for the same job gives the same ids. */
@Controller()
export class MakeInvoiceHandler implements CommandHandler<typeof MakeInvoice> {
  constructor(
    @Inject(OBJECT_STORE) private readonly store: ObjectStore,
    @Inject(ContentSource) private readonly contents: ContentSource,
    @Inject(DocumentRenderer) private readonly renderer: DocumentRenderer,
    @Inject(PageWorkshop) private readonly workshop: PageWorkshop,
  ) {}

  @HandleCommand(MakeInvoice)
  async handle({ data: input, job, signal }: Context): Promise<Output> {
    const { invoice, profile } = input;
    const totals = sumsOf(invoice);
    const xml = ciiXml(invoice, totals, profile);
    const { data: page, report, accessible } = await this.#print(input, job, signal);
    const task = {
      data: page,
      metadata: { title: invoice.number, author: invoice.seller.name, subject: invoice.number },
      now: timeOf(job.id),
      facturX: { xml, level: LEVELS[profile] },
      accessible,
    };
    const { data, pages, changes } = await this.workshop.run('invoice', task, { signal });

    // What PDF/A leaves out is ours and no matter here.
    const ofAccess = accessible ? changes : [];
    const file = { data, type: 'application/pdf' };
    const xmlFile = { data: Buffer.from(xml), type: 'application/xml' };
    const document = await keepObject(this.store, job, INVOICE, file);
    const kept = await keepObject(this.store, job, INVOICE_XML, xmlFile);
    if (input.store) {
      await storeResult(input.store, job, INVOICE, { ...file, signal });
      await storeResult(input.store, job, INVOICE_XML, { ...xmlFile, signal });
    }
    return {
      document,
      xml: kept,
      profile,
      pages,
      totals: reported(totals),
      warnings: [...report.warnings, ...ofAccess].slice(0, 50),
    };
  }

  async #print(
    { invoice, extra, template, assets, locale, accessible: asked }: Context['data'],
    job: Context['job'],
    signal: AbortSignal,
  ) {
    const load = LoadOptions.parse({ locale });
    const data = { ...extra, ...invoice };
    const content = await this.contents.open({ source: { template }, data, assets, load }, job, signal);
    const ofTemplate = 'html' in content ? content.pdf?.accessible : undefined;
    const accessible = asked ?? ofTemplate ?? false;
    const request = { content, format: 'pdf', pdf: { accessible }, load, signal } as const;
    return { ...(await this.renderer.render({ tenant: job.tenant, ...request })), accessible };
  }
}

/** Throws `Rejected` for what only the sums tell. */
function sumsOf(invoice: Invoice): Totals {
  const totals = computed(invoice);
  if (totals.due > 0 && !invoice.dueDate && !invoice.terms) {
    const detail = `${totals.due} ${invoice.currency} remain to be paid, so invoice.dueDate or invoice.terms is needed (BR-CO-25).`;
    throw new Rejected('document_failed', detail);
  }
  return totals;
}

function computed(invoice: Invoice): Totals {
  try {
    return computeTotals(invoice);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new Rejected('document_failed', `${cause.message} Check quantities and prices of invoice.lines.`, { cause });
  }
}

function reported({ net, taxes, tax, gross, prepaid, due }: Totals): Output['totals'] {
  return { net, taxes, tax, gross, prepaid, due };
}
