/** Signals to a call without a terminal: the call ends, the remote command goes on. */
import { alive, signal } from '../../support/process.ts';
import type { Row } from '../row.ts';

const SLEEP = 'echo $$ >{dir}/remote; echo begun; exec sleep 600';

const ends = (name: NodeJS.Signals): Row => ({
  name: `${name} ends the call with 255, and the command goes on`,
  act: async (caller) => {
    const running = caller.start(['box', SLEEP], { shell: 'exec "$@"' });
    await running.shows('begun');
    running.child.kill(name);
    const facts = await running.end();
    const remote = await caller.number('remote');
    // Something through the server afterwards: whatever would end the command came before.
    await caller.run(['box', 'true']);
    const left = alive(remote);
    signal(remote, 'SIGKILL');
    return { ...facts, left };
  },
});

const ignored = (name: NodeJS.Signals): Row => ({
  name: `${name} does nothing where the caller ignores it`,
  act: async (caller) => {
    const running = caller.start(['box', 'echo begun; read -r x; echo "got $x"'], {
      shell: `trap '' ${name.slice(3)}; exec "$@"`,
    });
    await running.shows('begun');
    running.child.kill(name);
    running.child.stdin.end('input\n');
    return running.end();
  },
});

export const signalRows: readonly Row[] = [
  ...(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const).map(ends),
  ...(['SIGHUP', 'SIGINT'] as const).map(ignored),
  {
    name: 'SIGKILL of the call leaves the command alone',
    act: async (caller) => {
      const running = caller.start(['box', SLEEP], { shell: 'exec "$@"' });
      await running.shows('begun');
      running.child.kill('SIGKILL');
      const facts = await running.end();
      const remote = await caller.number('remote');
      await caller.run(['box', 'true']);
      const left = alive(remote);
      signal(remote, 'SIGKILL');
      return { ...facts, left };
    },
  },
  {
    name: 'SIGSTOP and SIGCONT of the call lose nothing',
    act: async (caller) => {
      const running = caller.start(['box', 'echo begun; cat'], { shell: 'exec "$@"' });
      await running.shows('begun');
      running.child.kill('SIGSTOP');
      running.child.stdin.end('input\n');
      running.child.kill('SIGCONT');
      return running.end();
    },
  },
];
