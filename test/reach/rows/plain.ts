/** The simplest rows. */
import { startSshd } from '../../support/sshd.ts';
import type { Row } from '../row.ts';

/** One server, and these lines before its Host block; it accepts variables named SSHP_. */
export const plain = (
  name: string,
  extra: string,
  { command = 'echo arrived', ...more }: Partial<Row> & { readonly command?: string } = {},
): Row => ({
  name,
  outcome: 'ok',
  ...more,
  prepare: async (sandbox) => {
    const sshd = await startSshd(sandbox, { options: { AcceptEnv: 'SSHP_*' } });
    return { args: ['-F', sshd.config(extra), 'box', command] };
  },
});
