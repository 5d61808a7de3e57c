import { randomBytes, timingSafeEqual } from 'node:crypto';
import { base32 } from 'oslo/encoding';
import { createTOTPKeyURI, generateHOTP } from 'oslo/otp';
import { sha256 } from '../../platform/crypto/ids.ts';
import { randomSymbols } from '../../platform/crypto/randomSymbols.ts';
import { databaseNow } from '../../platform/databaseClock.ts';

/** Authenticated with the sealed secret, so that it cannot be opened for another user. */
export const encryptionContext = (userId: string) => `second factor ${userId}`;

/** Seconds per code (RFC 6238, section 5.2), the default of authenticator apps. */
const stepSeconds = 30;
/** How many steps the clock of the device may be behind or ahead. */
const maxDriftSteps = 1;

/** 160 bits, as RFC 4226 recommends. */
export const newSecret = (): Buffer => randomBytes(20);

export const secretText = (secret: Buffer): string => base32.encode(secret, { includePadding: false });

export const keyUri = (login: string, secret: Buffer): string => createTOTPKeyURI('Arkloop', login, secret);

/** A code as typed. The server compares only the hash of a recovery code. */
export type TypedCode = { kind: 'totp'; digits: string } | { kind: 'recovery_code'; hash: string };

/** Ignores white space, hyphens and case. Returns undefined for text that can be no code. */
export function readCode(typed: string): TypedCode | undefined {
  const code = typed.replace(/[\s-]/g, '').toUpperCase();
  if (/^\d{6}$/.test(code)) return { kind: 'totp', digits: code };
  return /^[A-Z2-9]{16}$/.test(code) ? { kind: 'recovery_code', hash: sha256(code) } : undefined;
}

/** The time step of now (RFC 6238). */
const currentStep = () => Math.floor(databaseNow() / 1_000 / stepSeconds);

/** A setup ends after an hour. */
const setupSteps = 3_600 / stepSeconds;

/** The last step whose code a secret that is issued now does not accept. */
export const stepBeforeSetup = () => currentStep() - maxDriftSteps - 1;

/** Whether a setup that began after `step` has ended. */
export const isSetupOver = (step: number): boolean => stepBeforeSetup() - step > setupSteps;

/** The time step whose code was typed; undefined if it matches none, or none after `lastStep`. */
export async function matchingStep(secret: Buffer, digits: string, lastStep: number): Promise<number | undefined> {
  const current = currentStep();
  let match: number | undefined;
  for (let step = current - maxDriftSteps; step <= current + maxDriftSteps; step++)
    if (timingSafeEqual(Buffer.from(await generateHOTP(secret, step)), Buffer.from(digits)) && step > lastStep) match ??= step;
  return match;
}

/** Ten codes of 80 bits, so that their plain hashes cannot be reversed, and the hashes. */
export function newRecoveryCodes(): { codes: string[]; hashes: string[] } {
  const plain = Array.from({ length: 10 }, () => randomSymbols(16));
  return { codes: plain.map((code) => code.match(/.{4}/g)!.join('-')), hashes: plain.map(sha256) };
}
