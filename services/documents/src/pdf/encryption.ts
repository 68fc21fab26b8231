import { randomBytes } from 'node:crypto';
import type { InputOf } from '@tandem/contracts/command';
import { PdfPermissions, type ProtectPdf } from '@tandem/contracts/pdf-files';
import type { QpdfJob } from './run-qpdf.js';

type Protection = Pick<InputOf<typeof ProtectPdf>, 'userPassword' | 'ownerPassword' | 'permissions'>;

/** How qpdf encrypts by AES-256. Without an owner password, a random one that nobody has keeps the permissions in force. */
export function encryptionOf({ userPassword = '', ownerPassword, permissions }: Protection): QpdfJob {
  const { print, modify, extract, annotate, forms, assemble, accessibility } = permissions ?? PdfPermissions.parse({});
  return {
    userPassword,
    ownerPassword: ownerPassword ?? randomBytes(32).toString('base64url'),
    '256bit': {
      print: { high: 'full', low: 'low', none: 'none' }[print],
      modifyOther: yesOrNo(modify),
      extract: yesOrNo(extract),
      annotate: yesOrNo(annotate),
      form: yesOrNo(forms),
      assemble: yesOrNo(assemble),
      accessibility: yesOrNo(accessibility),
    },
  };
}

function yesOrNo(allowed: boolean): 'y' | 'n' {
  return allowed ? 'y' : 'n';
}
