import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { readConfig, type Role, roles } from '../../server/platform/config/config.ts';
import { configVariables, type Variable } from '../../server/platform/config/configVariables.ts';

const folder = new URL('../../docs/deployment/', import.meta.url);
const read = (file: string) => readFileSync(new URL(file, folder), 'utf8');
type Env = Record<string, string>;

/** What an operator fills in. */
const filledIn: Env = {
  ARKLOOP_DATABASE_URL: 'postgresql://arkloop:secret@db/arkloop',
  ARKLOOP_REDIS_URL: 'redis://redis:6379',
  POSTGRES_PASSWORD: 'b6d1c3f0a5e94d7f8a21',
  S3_SECRET_KEY: '4f0d2b6c8e1a',
  ARKLOOP_S3_ACCESS_KEY: 'arkloop',
  ARKLOOP_S3_SECRET_KEY: '4f0d2b6c8e1a',
  ARKLOOP_AUTH_JWT_SECRET: 'J3x+8sVn0qYzKf1rT6uWb2cE9aHdLmPgQoRi4v5B7kN=',
  ARKLOOP_ENCRYPTION_KEY: '9f2c4b7a1e8d6053b4c7a9e2f1d0865c3b2a4f6e8d0c1b3a5f7e9d2c4b6a8e0f',
  ARKLOOP_ADMIN_PASSWORD: 'correct horse 1',
};
const variablesOf = (file: string): Env =>
  Object.fromEntries([...read(file).matchAll(/^(\w+)=(.*)$/gm)].map(([, name, value]) => [name!, filledIn[name!] ?? value!]));
/** The file of a Kubernetes secret. */
const secretsOf = (name: string): Env => variablesOf(`kubernetes/${name}.example.env`);
const imageEnv: Env = Object.fromEntries(
  [...read('Dockerfile').matchAll(/\b(ARKLOOP_\w+)=(\S+)/g)].map(([, name, value]) => [name!, value!]),
);

function expectConfig(role: string | undefined, env: Env) {
  expect(roles).toContain(role);
  const config = readConfig({ ...imageEnv, ...env }, role as Role);
  expect(config).toMatchObject({
    env: 'production',
    dataDir: '/data',
    apiAddr: { port: 19_001 },
    gatewayAddr: { port: 19_000 },
    metricsAddr: { port: 9_090 },
  });
  return config;
}

test('every variable in a file for containers and services is one of the server', () => {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const named = files.flatMap(({ parentPath, name }) => readFileSync(`${parentPath}/${name}`, 'utf8').match(/\bARKLOOP_[A-Z0-9_]+/g) ?? []);
  expect(named.length).toBeGreaterThan(50);
  const variables = Object.values(configVariables).flatMap((chapter) => Object.entries<Variable>(chapter));
  const known = new Set(variables.flatMap(([name, { aliases = [] }]) => [name, ...aliases.map((alias) => alias.name)]));
  expect([...new Set(named)].filter((name) => !known.has(name))).toEqual([]);
});

/** The paths that a `.dockerignore` leaves in the build context. The last pattern that matches a path or a folder above it decides. */
function buildContext(patterns: string[], paths: string[]): string[] {
  const rules = patterns.map((line) => {
    const glob = line.replace(/^!/, '');
    const source = RegExp.escape(glob)
      .replaceAll(String.raw`\*\*\/`, '(?:.*/)?')
      .replaceAll(String.raw`\*`, '[^/]*');
    return { isKept: line.startsWith('!'), matches: new RegExp(`^${source}(?:/|$)`) };
  });
  return paths.filter((path) => rules.findLast(({ matches }) => matches.test(path))?.isKept ?? true);
}

test('no file with variables gets into a build context, and through it into an image', () => {
  const root = new URL('../../', import.meta.url);
  const patterns = readFileSync(new URL('.dockerignore', root), 'utf8').split('\n').filter(Boolean);
  const present = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((path) => `docs/deployment/${path}`);
  const filledInByOperators = [
    '.env',
    'docs/deployment/.env',
    'docs/deployment/kubernetes/secrets.env',
    'server/.env',
    'client/.env.local',
  ];
  const needed = ['package.json', 'server/main.ts', 'docs/deployment/compose.yaml', 'contract/index.ts'];
  const context = buildContext(patterns, [...present, ...filledInByOperators, ...needed]);
  expect(context.filter((path) => /\.env\b/.test(path))).toEqual([]);
  expect(context).toEqual(expect.arrayContaining(needed));
});

/** What a gateway needs of the secrets. */
const secretsOfGateway = ['ARKLOOP_DATABASE_URL', 'ARKLOOP_REDIS_URL', 'ARKLOOP_AUTH_JWT_SECRET', 'ARKLOOP_AUTH_JWT_SECRETS'];
const namesSecret = (name: string) => /SECRET|KEY|PASS|ADMIN|DATABASE|REDIS|_USER$/.test(name);

test('the services of the compose file start with what the example asks to fill in', () => {
  const file = parse(read('compose.yaml'), { merge: true }) as {
    services: Record<string, { image: string; command: string[]; environment: Env }>;
  };
  const values = variablesOf('example.env');
  const expand = (text: string) => text.replaceAll(/\$\{(\w+)(?::[?-])?\}/g, (_, name: string) => values[name] ?? '');
  const services = Object.values(file.services).filter(({ image }) => image === 'arkloop-api');
  expect(services.map(({ command }) => command[0])).toEqual(['migrate', 'api', 'worker', 'gateway']);
  for (const { command, environment } of services) {
    const env = Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, expand(value)]));
    expectConfig(command[0], env);
    if (command[0] === 'gateway') expect(Object.keys(env).filter(namesSecret).toSorted()).toEqual(secretsOfGateway.toSorted());
  }
});

test('the containers of the Kubernetes files start with what the examples ask to fill in', () => {
  type Pod = {
    containers: [
      {
        args: string[];
        envFrom: { secretRef?: { name: string } }[];
        env?: { name: string; value: string }[];
        ports?: { containerPort: number }[];
      },
    ];
  };
  const kinds: { kind: string; spec: { template: { spec: Pod } } }[] = readdirSync(new URL('kubernetes/', folder))
    .filter((file) => file.endsWith('.yaml'))
    .flatMap((file) => parseAllDocuments(read(`kubernetes/${file}`)).map((document) => document.toJS()));
  const containers = kinds
    .filter(({ kind }) => kind === 'Deployment' || kind === 'Job')
    .map(({ spec }) => spec.template.spec.containers[0]);
  expect(containers.map(({ args }) => args[0]).toSorted()).toEqual(['api', 'gateway', 'migrate', 'worker']);
  for (const { args, envFrom, env = [], ports = [] } of containers) {
    const own = Object.fromEntries(env.map(({ name, value }) => [name, value]));
    const secrets: Env = Object.assign({}, ...envFrom.flatMap(({ secretRef }) => (secretRef ? [secretsOf(secretRef.name)] : [])));
    if (args[0] === 'gateway') expect(Object.keys(secrets).toSorted()).toEqual(secretsOfGateway.toSorted());
    const { apiAddr, gatewayAddr, metricsAddr } = expectConfig(args[0], {
      ...variablesOf('kubernetes/settings.example.env'),
      ...secrets,
      ...own,
    });
    const open = [apiAddr, gatewayAddr, metricsAddr].map((address) => address?.port);
    expect(ports.filter(({ containerPort }) => !open.includes(containerPort))).toEqual([]);
  }
});

test('a unit of a gateway gets only the secrets that it needs, and runs as a user of its own', () => {
  const linesOf = (file: string) => read(`systemd/${file}`).split('\n');
  const unit = linesOf('arkloop@.service');
  expect(unit.filter((line) => line.startsWith('EnvironmentFile='))).toEqual([
    'EnvironmentFile=/etc/arkloop/environment',
    'EnvironmentFile=-/etc/arkloop/%i.environment',
  ]);
  const ofGateway = linesOf('arkloop@gateway.service.d/user.conf');
  const userOf = (lines: string[]) => lines.find((line) => line.startsWith('User='));
  expect([userOf(unit), userOf(ofGateway)]).toEqual(['User=arkloop', 'User=arkloop-gateway']);
  expect(ofGateway).toContain('StateDirectory=');
  const common = { ...variablesOf('kubernetes/settings.example.env'), ...secretsOf('gateway-secrets') };
  const [secrets, upstream] = [secretsOf('secrets'), { ARKLOOP_GATEWAY_UPSTREAM: 'http://127.0.0.1:19001' }];
  const ofWorker = Object.fromEntries(Object.entries(secrets).filter(([name]) => !name.startsWith('ARKLOOP_ADMIN_')));
  expectConfig('gateway', { ...common, ...upstream });
  expectConfig('api', { ...common, ...secrets });
  expectConfig('worker', { ...common, ...ofWorker });
  expect(Object.keys(common).filter(namesSecret).toSorted()).toEqual(
    [...secretsOfGateway, ...Object.keys(common).filter((name) => /SMTP_USER/.test(name))].toSorted(),
  );
});
