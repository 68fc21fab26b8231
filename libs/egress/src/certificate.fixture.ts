import { createSign, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { isIP } from 'node:net';

/** A certificate authority that exists only in this process: X.509 written by hand (RFC 5280), keys on P-256. */
export class TestAuthority {
  readonly #key = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  readonly ca = pem(certificate('Test CA', this.#key.publicKey, this.#key.privateKey, [basicConstraints()]));

  /** A key and certificate for names and addresses, for `https.createServer`. */
  issue(...hosts: string[]): { key: string; cert: string } {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const cert = pem(certificate(hosts[0]!, publicKey, this.#key.privateKey, [subjectAltName(hosts)]));
    return { key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), cert };
  }
}

let serial = 1;

function certificate(subject: string, publicKey: KeyObject, signer: KeyObject, extensions: Buffer[]): Buffer {
  const ecdsaWithSha256 = der(0x30, oid('2a8648ce3d040302'));
  const validity = der(0x30, der(0x17, Buffer.from('200101000000Z')), der(0x17, Buffer.from('490101000000Z')));
  const tbs = der(
    0x30,
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([serial++])),
    ecdsaWithSha256,
    name('Test CA'),
    validity,
    name(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, der(0x30, ...extensions)),
  );
  const signature = createSign('sha256').update(tbs).sign(signer);
  return der(0x30, tbs, ecdsaWithSha256, der(0x03, Buffer.from([0]), signature));
}

function name(commonName: string): Buffer {
  return der(0x30, der(0x31, der(0x30, oid('550403'), der(0x0c, Buffer.from(commonName)))));
}

function basicConstraints(): Buffer {
  const yes = der(0x01, Buffer.from([0xff]));
  return der(0x30, oid('551d13'), yes, der(0x04, der(0x30, yes)));
}

function subjectAltName(hosts: string[]): Buffer {
  const names = hosts.map((host) =>
    isIP(host) === 4 ? der(0x87, Buffer.from(host.split('.').map(Number))) : der(0x82, Buffer.from(host)),
  );
  return der(0x30, oid('551d11'), der(0x04, der(0x30, ...names)));
}

function oid(hex: string): Buffer {
  return der(0x06, Buffer.from(hex, 'hex'));
}

function der(tag: number, ...contents: Buffer[]): Buffer {
  const body = Buffer.concat(contents);
  const length =
    body.length < 128
      ? [body.length]
      : body.length < 256
        ? [0x81, body.length]
        : [0x82, body.length >> 8, body.length & 255];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
}

function pem(bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
