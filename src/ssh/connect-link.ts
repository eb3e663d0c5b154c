/** Connects over the chosen link; where ssh2 turns out to lack something, once more over OpenSSH. */
import { SshpoolError } from '../base/errors.ts';
import { TtlCache } from '../base/ttl-cache.ts';
import type { Clock } from '../base/time.ts';
import type { LinkSetting } from '../config/settings/settings.ts';
import type { SshOptions } from '../config/ssh-config/options.ts';
import { isVerifiable } from './ssh2/algorithms.ts';
import { chooseLink, type LinkCriteria } from './choose-link.ts';
import { mayHaveTicket } from './login/kerberos.ts';
import { InstalledKeyTypes } from './trust/installed-key-types.ts';
import { loadKnownHosts } from './trust/known-hosts-file.ts';
import {
  hasCertAuthority,
  knownKeyTypes,
  lookupName,
  type KnownHost,
} from './trust/known-hosts-lines.ts';
import type { Link } from './link/link.ts';
import type { LinkRequest } from './login/link-request.ts';
import { serverOf, type Penalties } from './login/penalties.ts';
import { beyondSsh2 } from './link/beyond-ssh2.ts';
import { notTwice } from './login/server-words.ts';
import { connectSsh2 } from './ssh2/connect.ts';

/** How long a target is remembered to need OpenSSH; its server may be reconfigured. */
const LEARNED = { lifeMs: 60 * 60_000, max: 256 };

export class Links {
  readonly #setting: LinkSetting;
  /** By connection key: why ssh2 could not make the connection. */
  readonly #learned: TtlCache<string>;
  readonly #keyTypes = new InstalledKeyTypes();
  readonly #penalties: Penalties;
  readonly #onOther: (host: string, why: string) => void;

  /** `onOther` gets the host and the reason where OpenSSH takes over. */
  constructor(
    clock: Clock,
    setting: LinkSetting,
    penalties: Penalties,
    onOther: (host: string, why: string) => void = () => undefined,
  ) {
    this.#setting = setting;
    this.#onOther = onOther;
    this.#penalties = penalties;
    this.#learned = new TtlCache(clock, LEARNED);
  }

  /** @throws SshpoolError for each way in which this fails; CANCELLED where the signal ended it */
  async connect(key: string, request: Request): Promise<Link> {
    const server = serverOf(request.options);
    const keptOutMs = (): number | undefined => this.#penalties.leftMs(server);
    const through = request.jump;
    // A failure at a jump host was counted for the jump host; this server did not see it.
    let wayFailure: unknown;
    const jump =
      through &&
      ((until: AbortSignal) =>
        through(until).catch((thrown: unknown) => {
          wayFailure = thrown;
          throw thrown;
        }));
    const counted = (link: Promise<Link>): Promise<Link> =>
      link.catch((thrown: unknown) => {
        if (thrown !== wayFailure) this.#penalties.add(server, SshpoolError.from(thrown));
        throw thrown;
      });
    const loadKnown = (): Promise<readonly KnownHost[]> => this.#loadKnown(request);
    const { options } = request;
    const hasTicket = options.gssapiAuthentication && (await mayHaveTicket(request, ownUid()));
    const known = { learned: this.#learned.get(key), hasTicket };
    const facts = factsOf(await loadKnown(), options, known);
    const { kind, reason } = chooseLink(this.#setting, options, facts);
    const hasAlternative = this.#setting === 'auto' && kind === 'ssh2';
    const { first: note, second } = notTwice(request.note);
    const attempt = { ...request, note, jump, loadKnown, hasAlternative, keptOutMs, reason };
    if (kind === 'openssh') return counted(connectOpenssh(attempt));
    try {
      return await counted(connectSsh2(attempt));
    } catch (thrown) {
      const beyond = hasAlternative ? beyondSsh2(thrown) : undefined;
      if (beyond === undefined || request.signal.aborted) throw thrown;
      this.#onOther(options.host, beyond);
      const other = { ...attempt, note: second, hasAlternative: false, reason: beyond };
      const link = await counted(connectOpenssh(other));
      this.#learned.set(key, beyond);
      return link;
    }
  }

  async #loadKnown({ options, env, cwd }: Request): Promise<readonly KnownHost[]> {
    const { userKnownHostsFiles, globalKnownHostsFiles } = options;
    const lines = await loadKnownHosts([...userKnownHostsFiles, ...globalKnownHostsFiles]);
    return this.#keyTypes.filter(lines, { env, cwd });
  }
}

type Request = Omit<LinkRequest, 'reason' | 'hasAlternative' | 'loadKnown' | 'keptOutMs'>;

/** Imported only when needed: hardly any host needs it. */
async function connectOpenssh(request: LinkRequest): Promise<Link> {
  const { host, usesCommand } = request.options;
  // A master runs without a command, so ssh would evaluate its Match blocks without one.
  if (usesCommand) throw SshpoolError.of('ONLY_SSH', { host, what: `Match and ${request.reason}` });
  const openssh = await import('./openssh/connect.ts');
  return openssh.connectOpenssh(request);
}

/** Kerberos credential caches are per user. */
function ownUid(): number {
  return process.getuid?.() ?? 0;
}

function factsOf(
  known: readonly KnownHost[],
  options: SshOptions,
  more: Pick<LinkCriteria, 'learned' | 'hasTicket'>,
): LinkCriteria {
  const name = lookupName(options);
  const types = knownKeyTypes(known, name);
  const [beyond] = types.some(isVerifiable) ? [] : types;
  return { certAuthority: hasCertAuthority(known, name), knownType: beyond, ...more };
}
