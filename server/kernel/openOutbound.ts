import type { Config } from './config.ts';
import { createOutbound, type Outbound } from './outbound.ts';

type Switches = Pick<Config, 'outboundAllowLoopbackHttp' | 'outboundTrustFakeIp' | 'outboundProxyUrl' | 'outboundUserAgent'>;

/** The guarded way out as the configuration wants it. */
export const openOutbound = (config: Switches): Outbound =>
  createOutbound({
    allowLoopbackHttp: config.outboundAllowLoopbackHttp,
    trustFakeIp: config.outboundTrustFakeIp,
    ...(config.outboundProxyUrl !== undefined && { proxyUrl: config.outboundProxyUrl }),
    ...(config.outboundUserAgent !== undefined && { userAgent: config.outboundUserAgent }),
  });
