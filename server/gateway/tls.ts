import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import type { Server } from 'node:https';
import { createSecureContext, type SecureContextOptions, type TlsOptions } from 'node:tls';
import { errorCodeOf, OperatorError } from '../platform/operatorError.ts';
import type { Log } from '../platform/telemetry/log.ts';
import { metricsEvents } from '../platform/telemetry/metricsEvents.ts';

type Files = { certFile: string; keyFile: string };

/** The certificate and key as loaded. `watch` gives a server those that replace them, for new connections. */
export type Certificates = { options: TlsOptions; watch(server: Server): { close(): void } };

const [certName, keyName] = ['ARKLOOP_GATEWAY_TLS_CERT_FILE', 'ARKLOOP_GATEWAY_TLS_KEY_FILE'];

/** TLS 1.2 and later. Only HTTP/1.1 is spoken, so a client that requires HTTP/2 fails in the handshake. */
const protocol = { minVersion: 'TLSv1.2', ALPNProtocols: ['http/1.1'], handshakeTimeout: 5_000 } as const satisfies TlsOptions;

const pollMs = 2_000;
/** A certificate that expires within this time is reported once a day. */
const soonMs = 14 * 86_400_000;
const dayMs = 86_400_000;

/** Undefined if no certificate is configured. Throws an `OperatorError` if it cannot be used. */
export async function openCertificates(
  certFile: string | undefined,
  keyFile: string | undefined,
  log: Log,
): Promise<Certificates | undefined> {
  if (certFile === undefined || keyFile === undefined) return undefined;
  const files = { certFile, keyFile };
  let seen = await stampOf(files);
  let loaded = await load(files);
  let told = '';
  let warnedAt = Number.NEGATIVE_INFINITY;
  metricsEvents.certificateLoaded.emit(loaded.expiresAt / 1_000);
  const warnOfExpiry = () => {
    if (loaded.expiresAt - Date.now() > soonMs || performance.now() - warnedAt < dayMs) return;
    warnedAt = performance.now();
    log.warn({ expires: new Date(loaded.expiresAt).toISOString(), file: certFile }, 'the certificate of the gateway expires soon');
  };
  warnOfExpiry();
  async function look(server: Server) {
    warnOfExpiry();
    const stamp = await stampOf(files);
    if (stamp === seen) return;
    // Repeated until it succeeds: a file can become readable, and a certificate valid, without another change of its stamp.
    loaded = await load(files);
    seen = stamp;
    told = '';
    server.setSecureContext({ ...loaded.context, minVersion: protocol.minVersion });
    metricsEvents.certificateLoaded.emit(loaded.expiresAt / 1_000);
    log.info({ expires: new Date(loaded.expiresAt).toISOString() }, 'the gateway serves a new certificate');
  }
  return {
    options: { ...protocol, ...loaded.context },
    watch(server) {
      const lookSafely = () =>
        void look(server).catch(({ message }: Error) => {
          if (message !== told) log.warn(`the gateway keeps its certificate: ${message}`);
          told = message;
        });
      const timer = setInterval(lookSafely, pollMs).unref();
      return { close: () => clearInterval(timer) };
    },
  };
}

async function load({ certFile, keyFile }: Files): Promise<{ context: SecureContextOptions; expiresAt: number }> {
  const [cert, key] = [await read(certName, certFile), await read(keyName, keyFile)];
  const leaf = certificateOf(cert, certFile);
  const privateKey = privateKeyOf(key, keyFile);
  if (!leaf.checkPrivateKey(privateKey))
    throw new OperatorError(`${keyName}: the key in ${keyFile} does not match the certificate in ${certFile}`);
  const [from, to] = [Date.parse(leaf.validFrom), Date.parse(leaf.validTo)];
  if (to <= Date.now()) throw new OperatorError(`${certName}: the certificate in ${certFile} expired on ${dateOf(to)}`);
  if (from > Date.now()) throw new OperatorError(`${certName}: the certificate in ${certFile} is not valid before ${dateOf(from)}`);
  try {
    createSecureContext({ cert, key, minVersion: protocol.minVersion });
  } catch (error) {
    throw new OperatorError(`${certName}: the certificate in ${certFile} cannot be used (${errorCodeOf(error) ?? 'invalid'})`);
  }
  return { context: { cert, key }, expiresAt: to };
}

const dateOf = (time: number) => new Date(time).toISOString();

async function read(name: string, file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new OperatorError(`${name}: cannot read ${file} (${errorCodeOf(error)})`);
  }
}

/** The first certificate of the file, which is that of the server. */
function certificateOf(pem: Buffer, file: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch {
    throw new OperatorError(`${certName}: expected a certificate in PEM format in ${file}`);
  }
}

function privateKeyOf(pem: Buffer, file: string) {
  try {
    return createPrivateKey(pem);
  } catch {
    const expected = pem.includes('ENCRYPTED') ? 'a private key without a passphrase' : 'a private key in PEM format';
    throw new OperatorError(`${keyName}: expected ${expected} in ${file}`);
  }
}

/** Follows links, as secrets of Kubernetes are replaced through one. Taken before the files are read, so that no later change is missed. */
async function stampOf({ certFile, keyFile }: Files): Promise<string> {
  const stamps = [certFile, keyFile].map((file) =>
    stat(file).then(
      ({ ino, mtimeMs, size }) => `${ino} ${mtimeMs} ${size}`,
      () => 'missing',
    ),
  );
  return (await Promise.all(stamps)).join();
}
