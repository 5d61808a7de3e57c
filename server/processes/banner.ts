/** The values shown in the banner. */
export type BannerInfo = {
  role: string;
  /** The public address, that of links and mails. */
  baseUrl?: string | undefined;
  api?: string;
  hasPlayground?: boolean;
  gateway?: string;
  metrics?: string;
  place?: string;
  setupToken?: string | undefined;
};

/** The lines printed once everything runs. */
export function banner({ role, baseUrl, api, hasPlayground = false, gateway, metrics, place, setupToken }: BannerInfo): string {
  const rows = [
    ['Open', hasPlayground && baseUrl],
    ['Docs', baseUrl && `${baseUrl}/docs`],
    ['API', api],
    ['Gateway', gateway],
    ['Metrics', metrics],
    ['Data', place],
    ...(baseUrl && setupToken ? setupRows(baseUrl, setupToken, hasPlayground) : []),
  ].filter((row): row is [string, string] => Boolean(row[1]));
  return ['', `  Arkloop is ready (${role})`, ...rows.map(([name, value]) => `  ${(name && `${name}:`).padEnd(9)}${value}`), '', ''].join(
    '\n',
  );
}

/** A link for people, with the token in the fragment, which browsers do not send, and a call for scripts. */
function setupRows(baseUrl: string, token: string, hasPlayground: boolean): [string, string][] {
  const about = '(makes the first administrator; lasts 30 minutes)';
  const call = setupCall(baseUrl, token);
  if (!hasPlayground) return [['Setup', `${call}  ${about}`]];
  return [
    ['Setup', `${baseUrl}/setup#${token}  ${about}`],
    ['', `or ${call}`],
  ];
}

function setupCall(baseUrl: string, token: string) {
  const body = JSON.stringify({ token, login: 'admin', password: '<password>' });
  return `curl -X POST ${baseUrl}/v1/bootstrap/setup -H 'content-type: application/json' -d '${body}'`;
}
