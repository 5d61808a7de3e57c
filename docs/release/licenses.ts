import satisfies from 'spdx-satisfies';
import { idOf, type LockedPackage } from './packages.ts';

/**
 * Which licenses packages may have, as SPDX ids. Packages that only development and tests use may have those of `allowedInDevelopment` as well. An
 * exception names the license of one version of a package, and says why it is acceptable or how it was found.
 */
export type LicensePolicy = {
  allowed: string[];
  allowedInDevelopment: string[];
  exceptions: Record<string, { license: string; reason: string }>;
};

/** One line for each package whose license is unknown or not allowed, and for each exception that is not needed any more. */
export function licenseProblems(
  packages: readonly LockedPackage[],
  { allowed, allowedInDevelopment, exceptions }: LicensePolicy,
): string[] {
  const isAllowed = ({ license, isShipped }: LockedPackage) =>
    license !== undefined && complies(license, isShipped ? allowed : [...allowed, ...allowedInDevelopment]);
  const problems = packages
    .filter((each) => !isAllowed(each) && !Object.hasOwn(exceptions, idOf(each)))
    .map((each) => `${idOf(each)}: ${each.license === undefined ? 'declares no license' : `${each.license} is not allowed`}`);
  const needed = new Set(packages.filter((each) => !isAllowed(each)).map(idOf));
  const unneeded = Object.keys(exceptions).filter((id) => !needed.has(id));
  const unexplained = Object.keys(exceptions).filter((id) => exceptions[id]!.reason.trim() === '');
  return [
    ...problems,
    ...unneeded.map((id) => `${id}: this exception is not needed: remove it from docs/release/licenses.json`),
    ...unexplained.map((id) => `${id}: this exception has no reason`),
  ];
}

/** False for what is no SPDX expression, such as `SEE LICENSE IN LICENSE`. */
function complies(license: string, allowed: string[]): boolean {
  try {
    return satisfies(license, allowed);
  } catch {
    return false;
  }
}

/** The packages that are shipped with their licenses, in Markdown. */
export function licenseReport(packages: readonly LockedPackage[], { exceptions }: LicensePolicy): string {
  const shipped = packages.filter(({ isShipped }) => isShipped);
  const rows = shipped.map((each) => {
    const exception = exceptions[idOf(each)];
    return `| ${each.name} | ${each.version} | ${exception?.license ?? each.license} | ${exception?.reason ?? ''} |`;
  });
  return `# Licenses of the runtime dependencies\n\n| Package | Version | License | Remark |\n| --- | --- | --- | --- |\n${rows.join('\n')}\n`;
}
