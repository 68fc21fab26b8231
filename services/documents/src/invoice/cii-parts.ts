import type { Adjustment, TaxCategory } from '@tandem/contracts/invoice';
import type { Address, Party } from '@tandem/contracts/invoice-party';
import type { FacturXProfile } from '@tandem/contracts/make-invoice';
import Big from 'big.js';

/** An XML element as the builder takes it: names in order; what is undefined is left out. */
export type Element = { [name: string]: string | Element | Element[] | undefined };

/** How amounts are written, and whether the profile has room for what only EN 16931 asks for. */
export interface CiiStyle {
  profile: FacturXProfile;
  /** Decimals of amounts. */
  digits: number;
}

/** An amount, with the decimals of its currency. */
export const amount = (value: number, { digits }: CiiStyle): string => new Big(value).toFixed(digits);

/** A number as it is, without an exponent. */
export const plain = (value: number): string => new Big(value).toFixed();

/** Text with attributes. */
export const attributed = (text: string, attributes: Record<string, string>): Element => ({
  ...Object.fromEntries(Object.entries(attributes).map(([name, value]) => [`@_${name}`, value])),
  '#text': text,
});

/** A date as YYYYMMDD, format 102 of UNTDID 2379. */
export const day = (date: string, prefix = 'udt'): Element => ({
  [`${prefix}:DateTimeString`]: attributed(date.replaceAll('-', ''), { format: '102' }),
});

/** A date in an element of its own, or nothing. */
export const dated = (date: string | undefined): Element | undefined => (date ? day(date) : undefined);

/** Text in a child element, or nothing. */
export const wrapped = (name: string, text: string | undefined): Element | undefined =>
  text === undefined ? undefined : { [name]: text };

/** A postal address (BG-5, BG-8, BG-15). */
export const postalAddress = ({ lines, postalCode, city, region, country }: Address): Element => ({
  'ram:PostcodeCode': postalCode,
  'ram:LineOne': lines[0],
  'ram:LineTwo': lines[1],
  'ram:LineThree': lines[2],
  'ram:CityName': city,
  'ram:CountryID': country,
  'ram:CountrySubDivisionName': region,
});

/** Seller or buyer (BG-4, BG-7). */
export function tradeParty(party: Party, { profile }: CiiStyle): Element {
  const { legalId, legalIdScheme, vatId, taxId, contact, phone, email } = party;
  const hasContact = profile === 'en16931' && (contact || phone);
  return {
    'ram:Name': party.name,
    'ram:SpecifiedLegalOrganization': legalId
      ? { 'ram:ID': legalIdScheme ? attributed(legalId, { schemeID: legalIdScheme }) : legalId }
      : undefined,
    'ram:DefinedTradeContact': hasContact
      ? {
          'ram:PersonName': contact,
          'ram:TelephoneUniversalCommunication': wrapped('ram:CompleteNumber', phone),
          'ram:EmailURIUniversalCommunication': wrapped('ram:URIID', email),
        }
      : undefined,
    'ram:PostalTradeAddress': postalAddress(party.address),
    'ram:URIUniversalCommunication': email ? { 'ram:URIID': attributed(email, { schemeID: 'EM' }) } : undefined,
    'ram:SpecifiedTaxRegistration': [
      ...(taxId ? [{ 'ram:ID': attributed(taxId, { schemeID: 'FC' }) }] : []),
      ...(vatId ? [{ 'ram:ID': attributed(vatId, { schemeID: 'VA' }) }] : []),
    ],
  };
}

/** Category and rate of VAT; what is outside of VAT has no rate (BR-O-05). */
export const tradeTax = (category: TaxCategory, percent: number): Element => ({
  'ram:TypeCode': 'VAT',
  'ram:CategoryCode': category,
  'ram:RateApplicablePercent': category === 'O' ? undefined : plain(percent),
});

/** An allowance or a charge: of the document where it has a `tax`, else of a line. */
export function allowanceCharge(
  { reason, percent, actual, base }: Pick<Adjustment, 'reason' | 'percent'> & { actual: number; base: number },
  isCharge: boolean,
  style: CiiStyle,
  tax?: Element,
): Element {
  const computed = percent !== undefined && (tax !== undefined || style.profile === 'en16931');
  return {
    'ram:ChargeIndicator': { 'udt:Indicator': String(isCharge) },
    'ram:CalculationPercent': computed ? plain(percent) : undefined,
    'ram:BasisAmount': computed ? amount(base, style) : undefined,
    'ram:ActualAmount': amount(actual, style),
    'ram:Reason': reason,
    'ram:CategoryTradeTax': tax,
  };
}
