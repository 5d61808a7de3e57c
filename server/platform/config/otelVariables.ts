import type { Variable } from './configVariables.ts';
import * as kind from './kinds.ts';

/** A type of data: the part of its variables' names, and what it is called. */
export const signals = ['TRACES', 'METRICS', 'LOGS'] as const;
export type Signal = (typeof signals)[number];

const { boolean, integer, number, path, secret, text, url, word } = kind;

function row<T>(of: kind.Kind<T>, description: string, defaultText?: string, shownDefault?: string): Variable<T> {
  return { kind: of, defaultText, description, ...(shownDefault !== undefined && { shownDefault }) };
}

/** A variable of each signal. */
function eachSignal<Name extends string>(
  name: (signal: Signal) => Name,
  variable: (signal: Signal) => Variable,
): { [Each in Name]: Variable } {
  return Object.fromEntries(signals.map((signal) => [name(signal), variable(signal)])) as { [Each in Name]: Variable };
}

const milliseconds = integer(1);
type BatchVariable = 'SCHEDULE_DELAY' | 'EXPORT_TIMEOUT' | 'MAX_QUEUE_SIZE' | 'MAX_EXPORT_BATCH_SIZE';

function batches<Prefix extends string>(
  prefix: Prefix,
  what: string,
  delay: string,
): { [Name in `${Prefix}_${BatchVariable}`]: Variable<number> } {
  const variables: { [Name in BatchVariable]: Variable<number> } = {
    SCHEDULE_DELAY: row(milliseconds, `Milliseconds between two exports of ${what}.`, delay),
    EXPORT_TIMEOUT: row(milliseconds, 'Milliseconds that an export may take.', '30000'),
    MAX_QUEUE_SIZE: row(integer(1, 1_000_000), `Most waiting ${what}; more are dropped.`, '2048'),
    MAX_EXPORT_BATCH_SIZE: row(integer(1, 1_000_000), `Most ${what} in a request.`, '512'),
  };
  return Object.fromEntries(Object.entries(variables).map(([name, variable]) => [`${prefix}_${name}`, variable])) as {
    [Name in `${Prefix}_${BatchVariable}`]: Variable<number>;
  };
}

const certificate = (what: string) => row(path, `File of ${what}, in PEM.`);

/**
 * The standard variables of OpenTelemetry that this server reads. The exporters themselves read those of the connection, also in the
 * form for one signal, such as `OTEL_EXPORTER_OTLP_TRACES_HEADERS`.
 */
export const otelVariables = {
  OTEL_SDK_DISABLED: row(boolean, 'Turns everything off.', 'false'),
  OTEL_EXPORTER_OTLP_ENDPOINT: row(
    url,
    'The collector. Setting it turns traces, metrics and logs on; `/v1/traces` and so on are appended.',
  ),
  ...eachSignal(
    (signal) => `OTEL_EXPORTER_OTLP_${signal}_ENDPOINT` as const,
    (signal) => row(url, `The address for ${signal.toLowerCase()}, used as it is. Setting it turns them on.`),
  ),
  OTEL_EXPORTER_OTLP_PROTOCOL: row(text, 'Only `http/protobuf`. Another protocol turns telemetry off, with a warning.', 'http/protobuf'),
  OTEL_EXPORTER_OTLP_HEADERS: row(secret(1), 'Headers of the requests, `name=value`, separated by commas.'),
  OTEL_EXPORTER_OTLP_TIMEOUT: row(milliseconds, 'Milliseconds that a request may take with its retries.', '10000'),
  OTEL_EXPORTER_OTLP_COMPRESSION: row(word('none', 'gzip'), 'Compression of the requests.', 'none'),
  OTEL_EXPORTER_OTLP_CERTIFICATE: certificate('the certificate authority'),
  OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: certificate('the client certificate'),
  OTEL_EXPORTER_OTLP_CLIENT_KEY: certificate('its key'),
  ...eachSignal(
    (signal) => `OTEL_${signal}_EXPORTER` as const,
    (signal) =>
      row(text, `\`otlp\` exports ${signal.toLowerCase()}, \`none\` does not.`, undefined, '`otlp` with an endpoint, else `none`'),
  ),
  OTEL_SERVICE_NAME: row(text, 'Name of the service.', undefined, '`arkloop-<role>`; `arkloop` in role `all`'),
  OTEL_RESOURCE_ATTRIBUTES: row(text, 'Further attributes of the process, `name=value`, separated by commas.'),
  OTEL_TRACES_SAMPLER: row(
    word('always_on', 'always_off', 'traceidratio', 'parentbased_always_on', 'parentbased_always_off', 'parentbased_traceidratio'),
    'Which traces are recorded.',
    'parentbased_always_on',
  ),
  OTEL_TRACES_SAMPLER_ARG: row(number(0), 'The share for `traceidratio`, from 0 to 1.', '1'),
  OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: row(integer(1), 'Longest text of an attribute, in characters; the rest is cut off.', '4096'),
  OTEL_ATTRIBUTE_COUNT_LIMIT: row(integer(1), 'Most attributes of a span or log record.', '128'),
  ...batches('OTEL_BSP', 'spans', '5000'),
  ...batches('OTEL_BLRP', 'log records', '1000'),
  OTEL_METRIC_EXPORT_INTERVAL: row(milliseconds, 'Milliseconds between two exports of metrics.', '60000'),
  OTEL_METRIC_EXPORT_TIMEOUT: row(milliseconds, 'Milliseconds that an export may take; at most the interval.', '30000'),
};
