import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { MAX_TEMPLATE_BYTES, type TemplateBundle } from '@tandem/contracts/template';
import { templateSha256 } from '@tandem/templates/template-sha256';

const pack = promisify(gzip);
const unpack = promisify(gunzip);

/** A template as the table keeps it. */
export interface PackedBundle {
  sha256: string;
  /** Bytes of the JSON. */
  size: number;
  bytes: Buffer;
  /** The schema as JSON. */
  schema: string;
}

export async function packBundle(bundle: TemplateBundle): Promise<PackedBundle> {
  const json = Buffer.from(JSON.stringify(bundle));
  return {
    sha256: templateSha256(bundle),
    size: json.length,
    bytes: await pack(json),
    schema: JSON.stringify(bundle.schema),
  };
}

/** The JSON of a template. */
export async function unpackBundle(bytes: Buffer): Promise<Buffer> {
  return unpack(bytes, { maxOutputLength: 2 * MAX_TEMPLATE_BYTES });
}
