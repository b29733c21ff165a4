/** What the environment asks for (contract section 2). */

import { env } from 'node:process';

/** WT_LIMITS and WT_PROTOCOLS are not read: no library has them to set. */
export function readSettings() {
  const dialects = (env.WT_DIALECTS ?? '').split(/\s+/).filter(Boolean);
  return {
    role: env.WT_ROLE,
    host: env.WT_HOST,
    port: Number(env.WT_PORT),
    certificateFile: env.WT_CERT,
    keyFile: env.WT_KEY,
    /** Whether one of the dialects asked for, if any are, is among these. */
    asksFor: (spoken) => dialects.length === 0 || dialects.some((one) => spoken.includes(one)),
  };
}
