import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Keyboard } from '../../../../src/client/terminal/keyboard.ts';

function make(): { keyboard: Keyboard; log: string[] } {
  const log: string[] = [];
  const keyboard = new Keyboard({
    send: (data) => void log.push(`send ${data.toString()}`),
    show: (text) => void log.push(`show ${text.toString()}`),
    suspend: () => void log.push('suspend'),
    disconnect: () => void log.push('disconnect'),
    silent: () => void log.push('silent'),
  });
  return { keyboard, log };
}

const TILDE = Buffer.from('~');

describe('a keyboard', () => {
  it('sends all input unchanged if there are no escapes', () => {
    const { keyboard, log } = make();
    keyboard.useEscapes(Buffer.alloc(0));
    expect(keyboard.read(Buffer.from('~.'))).toBe(0);
    expect(log).toEqual(['send ~.']);
  });

  it('acknowledges the bytes of an escape, and a held byte only when its meaning is known', () => {
    const { keyboard, log } = make();
    keyboard.useEscapes(TILDE);
    expect(['a\r~', '?', '~', 'x'].map((text) => keyboard.read(Buffer.from(text)))).toEqual([
      0, 2, 0, 0,
    ]);
    expect(log.filter((line) => line.startsWith('send'))).toEqual(['send a\r', 'send ~x']);
  });

  it('runs the escape commands in their order', () => {
    const { keyboard, log } = make();
    keyboard.useEscapes(TILDE);
    keyboard.read(Buffer.from('~\u001ab'));
    expect(log).toEqual(['show ~^Z [suspend ssh]\r\n', 'suspend', 'send b']);
  });

  it('sends nothing after ~., and does not wait for ever', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const { keyboard, log } = make();
    keyboard.useEscapes(TILDE);
    keyboard.read(Buffer.from('a\r~.b'));
    keyboard.read(Buffer.from('c'));
    expect(log).toEqual(['send a\r', 'disconnect']);
    expect(keyboard.isOver).toBe(true);
    await vi.advanceTimersByTimeAsync(2000);
    vi.advanceTimersByTime(1);
    expect(log.at(-1)).toBe('silent');
  });
});
