/** What a person who started the process wants to know. */
export type Facts = { role: string; api?: string; gateway?: string; place?: string; setupToken?: string | undefined };

/** The few lines printed when everything runs. */
export function banner({ role, api, gateway, place, setupToken }: Facts): string {
  const rows = [
    ['API', api],
    ['Docs', api && `${api}/docs`],
    ['Gateway', gateway],
    ['Data', place],
    ['Setup', setupToken && api && `${setupCall(api, setupToken)}  (makes the first administrator; lasts 30 minutes)`],
  ].filter((row): row is [string, string] => Boolean(row[1]));
  return ['', `  Arkloop is ready (${role})`, ...rows.map(([name, value]) => `  ${`${name}:`.padEnd(9)}${value}`), '', ''].join('\n');
}

function setupCall(api: string, token: string) {
  const body = JSON.stringify({ token, login: 'admin', password: '<password>' });
  return `curl -X POST ${api}/v1/bootstrap/setup -H 'content-type: application/json' -d '${body}'`;
}
