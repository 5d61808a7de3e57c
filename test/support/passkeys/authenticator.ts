import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';

const sha256 = (data: string | Buffer) => createHash('sha256').update(data).digest();
const base64url = (data: string | Buffer) => Buffer.from(data).toString('base64url');

/** What an attacker, or a broken client, can get wrong. */
export type Wrongs = {
  origin?: string;
  rpId?: string;
  challenge?: string;
  type?: string;
  userVerified?: boolean;
  userPresent?: boolean;
  counter?: number;
  userHandle?: string | null;
  signWith?: KeyObject;
};

type Options = { challenge: string; rp?: { id: string }; rpId?: string; user?: { id: string } };

/** A CBOR byte string or text of at most 65,535 bytes (RFC 8949). */
function cborHead(major: number, size: number) {
  if (size < 24) return Buffer.from([(major << 5) | size]);
  return Buffer.from(size < 256 ? [(major << 5) | 24, size] : [(major << 5) | 25, size >> 8, size & 255]);
}
const cborBytes = (data: Buffer) => Buffer.concat([cborHead(2, data.length), data]);
const cborText = (text: string) => Buffer.concat([cborHead(3, Buffer.byteLength(text)), Buffer.from(text)]);

/** An authenticator in software, with one passkey of ES256. Its counter grows with each use; `counts: false` always sends 0. */
export function createAuthenticator({ origin = 'http://localhost:19000', counts = true, synced = false, id = randomBytes(32) } = {}) {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { x, y } = publicKey.export({ format: 'jwk' });
  const coordinate = (text: string) => cborBytes(Buffer.from(text, 'base64url'));
  // {1: 2 (EC2), 3: -7 (ES256), -1: 1 (P-256), -2: x, -3: y} (RFC 9053)
  const head = Buffer.from([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01]);
  const coseKey = Buffer.concat([head, Buffer.from([0x21]), coordinate(x!), Buffer.from([0x22]), coordinate(y!)]);
  const credentialId = base64url(id);
  let counter = 0;
  let handle: string | undefined;

  const clientData = (type: string, options: Options, wrongs: Wrongs) =>
    Buffer.from(
      JSON.stringify({
        type: wrongs.type ?? type,
        challenge: wrongs.challenge ?? options.challenge,
        origin: wrongs.origin ?? origin,
        crossOrigin: false,
      }),
    );

  function authenticatorData(rpId: string, wrongs: Wrongs, attested = Buffer.alloc(0)) {
    if (counts) counter += 1;
    const flags =
      (wrongs.userPresent === false ? 0 : 0x01) |
      (wrongs.userVerified === false ? 0 : 0x04) |
      (synced ? 0x18 : 0) |
      (attested.length > 0 ? 0x40 : 0);
    const count = Buffer.alloc(4);
    count.writeUInt32BE(wrongs.counter ?? counter);
    return Buffer.concat([sha256(wrongs.rpId ?? rpId), Buffer.from([flags]), count, attested]);
  }

  return {
    credentialId,
    privateKey,
    /** As `navigator.credentials.create()`. */
    create(options: Options, wrongs: Wrongs = {}) {
      handle = options.user!.id;
      const size = Buffer.from([id.length >> 8, id.length & 255]);
      const authData = authenticatorData(options.rp!.id, wrongs, Buffer.concat([Buffer.alloc(16), size, id, coseKey]));
      const attestation = [
        cborHead(5, 3),
        cborText('fmt'),
        cborText('none'),
        cborText('attStmt'),
        cborHead(5, 0),
        cborText('authData'),
        cborBytes(authData),
      ];
      return {
        id: credentialId,
        rawId: credentialId,
        type: 'public-key' as const,
        response: {
          clientDataJSON: base64url(clientData('webauthn.create', options, wrongs)),
          attestationObject: base64url(Buffer.concat(attestation)),
          transports: ['internal'],
        },
        clientExtensionResults: {},
      };
    },
    /** As `navigator.credentials.get()`. */
    get(options: Options, wrongs: Wrongs = {}) {
      const data = clientData('webauthn.get', options, wrongs);
      const authData = authenticatorData(options.rpId!, wrongs);
      const signature = sign('sha256', Buffer.concat([authData, sha256(data)]), wrongs.signWith ?? privateKey);
      const userHandle = wrongs.userHandle === undefined ? handle : wrongs.userHandle;
      return {
        id: credentialId,
        rawId: credentialId,
        type: 'public-key' as const,
        response: {
          clientDataJSON: base64url(data),
          authenticatorData: base64url(authData),
          signature: base64url(signature),
          ...(userHandle != null && { userHandle }),
        },
        clientExtensionResults: {},
      };
    },
  };
}
export type Authenticator = ReturnType<typeof createAuthenticator>;
