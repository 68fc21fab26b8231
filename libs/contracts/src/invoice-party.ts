import { z } from 'zod';
import { COUNTRIES, REGISTERS } from './invoice-codes.js';

/** One line of text; XML has no place for control characters, halves of surrogate pairs and noncharacters. */
export const Text = z
  .string()
  .trim()
  .min(1)
  .max(500)
  .regex(/^[^\p{Cc}\p{Cs}\uFFFE\uFFFF]*$/u, 'has a character that XML has no place for');

/** A country by its ISO 3166 code of two letters. */
export const Country = z
  .string()
  .refine((code) => COUNTRIES.has(code), 'must be a country of ISO 3166, such as FR or SN')
  .meta({ example: 'SN' });

/** A postal address. */
export const Address = z.strictObject({
  lines: z.array(Text).max(3).default([]).meta({ description: 'Street, building, box' }),
  postalCode: Text.optional(),
  city: Text.optional(),
  region: Text.optional(),
  country: Country,
});
export type Address = z.infer<typeof Address>;

/** Spaces may stand between its groups. */
const Iban = z
  .string()
  .max(50)
  .regex(/^[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]){8,30}$/, 'must be an IBAN')
  .refine(isIban, 'is no IBAN: its check digits do not fit')
  .meta({ example: 'FR76 3000 6000 0112 3456 7890 189' });

/** Seller or buyer of a business document. */
export const Party = z.strictObject({
  name: Text,
  address: Address,
  legalId: Text.optional().meta({ description: 'Of the register: SIREN, SIRET, RCCM', example: '732829320' }),
  legalIdScheme: z
    .string()
    .refine((code) => REGISTERS.has(code), 'must be a scheme of ISO 6523, such as 0002')
    .optional()
    .meta({ description: 'ISO 6523: 0002 is SIREN, 0009 SIRET. None where the register has none, such as the RCCM' }),
  vatId: z
    .string()
    .regex(/^[A-Z]{2}[A-Z0-9]{2,13}$/, 'must be a VAT number with its country, such as FR44732829320')
    .refine((id) => id.startsWith('EL') || COUNTRIES.has(id.slice(0, 2)), 'must begin with its country, such as FR')
    .optional(),
  taxId: Text.optional().meta({ description: 'Of the tax office, where that is no VAT number: NINEA, NIF' }),
  contact: Text.optional().meta({ description: 'Name of a person or a department' }),
  phone: Text.optional(),
  email: z.email().max(254).optional(),
  bank: z
    .strictObject({
      iban: Iban.optional(),
      bic: z
        .string()
        .regex(/^[A-Z0-9]{8}(?:[A-Z0-9]{3})?$/, 'must be a BIC')
        .optional(),
      account: Text.optional().meta({ description: 'Where it has no IBAN' }),
      holder: Text.optional().meta({ description: 'Of the account, where it is not the party' }),
    })
    .optional(),
  mobileMoney: z
    .array(z.strictObject({ operator: Text, number: Text }))
    .max(5)
    .optional(),
});
export type Party = z.infer<typeof Party>;

/** ISO 13616: letters count from 10, the first four characters come last, and the remainder by 97 is 1. */
function isIban(iban: string): boolean {
  const digits = iban
    .replaceAll(' ', '')
    .replace(/^(.{4})(.*)$/, '$2$1')
    .replace(/[A-Z]/g, (letter) => String(parseInt(letter, 36)));
  return /^[0-9]+$/.test(digits) && BigInt(digits) % 97n === 1n;
}
