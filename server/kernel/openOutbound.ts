import type { Config } from './config.ts';
import { createOutbound, type Outbound } from './outbound.ts';

type Switches = Pick<
  Config,
  'outboundAllowLoopbackHttp' | 'outboundExtraPorts' | 'outboundTrustFakeIp' | 'outboundProxyUrl' | 'outboundUserAgent'
>;

/** The guarded way out as the configuration wants it. */
export const openOutbound = (config: Switches): Outbound =>
  createOutbound({
    allowLoopbackHttp: config.outboundAllowLoopbackHttp,
    trustFakeIp: config.outboundTrustFakeIp,
    ...(config.outboundExtraPorts !== undefined && { extraPorts: config.outboundExtraPorts }),
    ...(config.outboundProxyUrl !== undefined && { proxyUrl: config.outboundProxyUrl }),
    ...(config.outboundUserAgent !== undefined && { userAgent: config.outboundUserAgent }),
  });
