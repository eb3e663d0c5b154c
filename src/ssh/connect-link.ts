/** Makes a connection over the link that suits it. */
import { SshpoolError } from '../base/errors.ts';
import type { LinkSetting } from '../config/settings.ts';
import { chooseLink } from './choose-link.ts';
import type { Link } from './link.ts';
import type { LinkRequest } from './link-request.ts';
import { connectSsh2 } from './ssh2-connect.ts';

/** @throws SshpoolError for each way in which this fails; CANCELLED where `signal` ended it */
export async function connectLink(setting: LinkSetting, request: LinkRequest): Promise<Link> {
  const facts = { certAuthority: false, strangeKeys: [], learned: undefined };
  const { kind, reason } = chooseLink(setting, request.options, facts);
  if (kind === 'openssh') throw SshpoolError.of('NOT_OVER_SSH2', { what: reason });
  return connectSsh2(request);
}
