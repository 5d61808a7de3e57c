import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Server } from 'node:https';
import { createSecureContext, type SecureContextOptions, type TlsOptions } from 'node:tls';
import { errorCodeOf, OperatorError } from '../platform/operatorError.ts';
import type { Log } from '../platform/telemetry/log.ts';
import { metricsEvents } from '../platform/telemetry/metricsEvents.ts';
import { openFiles } from '../platform/watchFiles.ts';

type Files = { certFile: string; keyFile: string };

/** The certificate and key as loaded. `watch` gives a server those that replace them, for new connections. */
export type Certificates = { options: TlsOptions; watch(server: Server): { close(): void } };

const [certName, keyName] = ['ARKLOOP_GATEWAY_TLS_CERT_FILE', 'ARKLOOP_GATEWAY_TLS_KEY_FILE'];

/** TLS 1.2 and later. Only HTTP/1.1 is spoken, so a client that requires HTTP/2 fails in the handshake. */
const protocol = { minVersion: 'TLSv1.2', ALPNProtocols: ['http/1.1'], handshakeTimeout: 5_000 } as const satisfies TlsOptions;

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
  const { initial, watch } = await openFiles([certFile, keyFile], () => load({ certFile, keyFile }));
  let { expiresAt } = initial;
  metricsEvents.certificateLoaded.emit(expiresAt / 1_000);
  const warnOfExpiry = () => {
    if (expiresAt - Date.now() <= soonMs)
      log.warn({ expires: dateOf(expiresAt), file: certFile }, 'the certificate of the gateway expires soon');
  };
  warnOfExpiry();
  return {
    options: { ...protocol, ...initial.context },
    watch(server) {
      const files = watch(
        (loaded) => {
          server.setSecureContext({ ...loaded.context, minVersion: protocol.minVersion });
          ({ expiresAt } = loaded);
          metricsEvents.certificateLoaded.emit(expiresAt / 1_000);
          log.info({ expires: dateOf(expiresAt) }, 'the gateway serves a new certificate');
          warnOfExpiry();
        },
        ({ message }) => log.warn(`the gateway keeps its certificate: ${message}`),
      );
      const timer = setInterval(warnOfExpiry, dayMs).unref();
      return {
        close() {
          files.close();
          clearInterval(timer);
        },
      };
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
