import { z } from 'zod';
import { defineCommand } from './command.js';
import { DocumentAssets, documentObjects } from './document-source.js';
import { checkEn16931 } from './en16931.js';
import { ResultStore, storedFile } from './file-source.js';
import { Invoice } from './invoice.js';
import { Locale } from './locale.js';
import { StoredObject } from './object.js';
import { TemplateName } from './template.js';

/** Profiles of Factur-X that are made. */
export const FacturXProfile = z.enum(['basic', 'en16931']);
export type FacturXProfile = z.infer<typeof FacturXProfile>;

/** Names of the files that an invoice is: the PDF, and the XML that also lies inside of it. */
export const INVOICE = 'invoice';
export const INVOICE_XML = 'factur-x';

const Amount = z.number();

export const MakeInvoice = defineCommand('documents.invoice', {
  summary: 'Make a Factur-X (ZUGFeRD) invoice: a PDF/A-3 with its data as XML, by EN 16931',
  input: z
    .strictObject({
      invoice: Invoice,
      profile: FacturXProfile.default('en16931').meta({ description: 'en16931 (COMFORT), or basic' }),
      template: TemplateName.default('shared/invoice').meta({ description: 'Sees the invoice as `data`' }),
      extra: z
        .record(z.string(), z.json())
        .optional()
        .meta({ description: 'More that the template shows; the fields of the invoice go before' }),
      assets: DocumentAssets.optional().meta({
        description: 'Objects by the path that the template uses: {"logo.png": "<object id>"}',
      }),
      locale: Locale.optional().meta({
        description: "Of texts, numbers and dates; the template's first by default",
        example: 'fr-SN',
      }),
      accessible: z.boolean().optional().meta({
        description: 'PDF/UA-1 as well, for screen readers; as the template says by default',
      }),
      store: ResultStore.optional(),
    })
    .superRefine(({ invoice }, ctx) =>
      checkEn16931(invoice, (path, message) => ctx.addIssue({ code: 'custom', path: ['invoice', ...path], message })),
    ),
  output: z.object({
    document: StoredObject,
    xml: StoredObject,
    profile: FacturXProfile,
    pages: z.int(),
    totals: z.object({
      net: Amount.meta({ description: 'Without tax' }),
      taxes: z.array(z.object({ category: z.string(), percent: Amount, base: Amount, amount: Amount })),
      tax: Amount,
      gross: Amount.meta({ description: 'With tax' }),
      prepaid: Amount,
      due: Amount,
    }),
    warnings: z.array(z.string()).max(50),
  }),
  timeout: '120s',
  attempts: 5,
  scope: 'documents:write',
  reads: ({ assets }) => documentObjects({}, assets),
  supabaseWrites: ({ store }) =>
    store ? [storedFile(store, INVOICE, 'pdf'), storedFile(store, INVOICE_XML, 'xml')] : [],
  produces: ({ document, xml }) => [document, xml],
  templates: {
    named: ({ template, invoice, extra }) => ({ template, data: { ...extra, ...invoice } }),
    at: { template: '/template', data: '/invoice' },
    fill: (input, template) => ({ ...input, template }),
  },
});
