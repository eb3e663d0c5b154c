import { describe, expect, it } from 'vitest';
import { isBeyondSession, onlyBySsh } from '../../../../src/config/ssh-config/beyond-session.ts';

const printed = (...lines: readonly string[]): Map<string, string[]> =>
  new Map(
    lines.map((line) => {
      const [name = '', ...value] = line.split(' ');
      return [name, [value.join(' ')]] as const;
    }),
  );

describe('a call that needs more than one session', () => {
  it.each([
    'localforward 1 [h]:2',
    'remoteforward 1 [h]:2',
    'dynamicforward 1080',
    'tunnel point-to-point',
    'forkafterauthentication yes',
    'sessiontype none',
  ])('is one with %s', (line) => {
    expect(isBeyondSession(printed(line), {}, false)).toBe(true);
  });

  it('is left to ssh if its ProxyCommand is -', () => {
    expect(onlyBySsh(printed('proxycommand -'))).toBe('ProxyCommand -');
    expect(onlyBySsh(printed('proxycommand nc - 22'))).toBeUndefined();
  });

  it('is one with ForwardX11 if there is a display', () => {
    expect(isBeyondSession(printed('forwardx11 yes'), { DISPLAY: ':0' }, false)).toBe(true);
    expect(isBeyondSession(printed('forwardx11 yes'), {}, false)).toBe(false);
  });

  it('is none with ClearAllForwardings', () => {
    const options = printed('localforward 1 [h]:2', 'clearallforwardings yes');
    expect(isBeyondSession(options, {}, false)).toBe(false);
  });

  it.each([
    'tunnel false',
    'sessiontype default',
    'sessiontype subsystem',
    'forkafterauthentication no',
  ])('is none with %s', (line) => {
    expect(isBeyondSession(printed(line), {}, false)).toBe(false);
  });
});
